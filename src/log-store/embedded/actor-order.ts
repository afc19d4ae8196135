/**
 * The order in which a batch of the index takes its changes: those of one actor together. They are neighbours in LevelDB
 * and in memory, and a log's head is looked up and
 * written once, with no map of all logs. Changes of different actors, and of items, do
 * not bear on one another: an actor that is added again has a higher number.
 */
import { actorNumberOfLog, type Change } from '../change.ts'

/** Positions in `changes`: by actor, and for each as they were. */
export function actorOrder(changes: readonly Change[]): Uint32Array {
  const count = changes.length
  const order = new Uint32Array(count)
  const keys = new Float64Array(count)
  let at = 0
  for (const change of changes) keys[at] = actorOf(change) * count + at++
  const sorted = keys.toSorted()
  if ((sorted[count - 1] ?? 0) <= Number.MAX_SAFE_INTEGER) {
    for (at = 0; at < count; at += 1) order[at] = (sorted[at] ?? 0) % count
    return order
  }
  // Actor and position do not fit into one number.
  const actors = Float64Array.from(changes, actorOf)
  return Uint32Array.from(changes.keys()).toSorted(
    (one, other) => (actors[one] ?? 0) - (actors[other] ?? 0) || one - other,
  )
}

/** 0: none. Numbers begin at 1. */
export function actorOf(change: Change): number {
  switch (change.kind) {
    case 'append':
    case 'key':
    case 'redact':
    case 'bounds':
      return actorNumberOfLog(change.log)
    case 'actorAdded':
    case 'actorRemoved':
      return change.number
    case 'item':
      return 0
  }
}
