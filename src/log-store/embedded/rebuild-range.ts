/**
 * Makes part of the index anew from the commit log: one log's range, or what belongs to no log. Right values are put
 * over damaged ones and nothing is cleared first, so that whoever reads meanwhile never takes a record, a key or
 * an actor for absent.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import type { Location } from '../../commit-log/frame-builder.ts'
import { LOG_START } from '../../commit-log/recovery.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { ActorValue, Head, ItemValue } from '../../key-index/values.ts'
import { type Change, changesOf, isRecordChange } from '../change.ts'
import { logsOf } from './index-fold.ts'

const BATCH_CHANGES = 5000

/**
 * @param end how far the log is surely on disk; at least as far as the index holds it
 * @param number the log's; 0: actors and items, whose last values are held in memory meanwhile
 */
export async function rebuildRange(log: CommitLog, end: LogPoint, index: KeyIndex, number: number): Promise<void> {
  if (number === 0) await rebuildStoreRange(log, end, index)
  else await rebuildLogRange(log, end, index, number)
  // Last: until the right values are there, a damaged one must be met as damage, and not be missed as absent.
  await index.dropDamaged(number)
}

async function rebuildLogRange(log: CommitLog, end: LogPoint, index: KeyIndex, number: number): Promise<void> {
  // Found first: between two batches, or after a crash there, nobody may see a record where it stood before.
  const redactions = await redactionsOf(log, end, number)
  let head: Head | null = null
  let batch = index.batch()
  let changes = 0
  for await (const change of allChanges(log, end)) {
    if (change.kind === 'actorAdded' && logsOf(change.number).includes(number)) head = { first: 1, tip: 0 }
    if (change.kind === 'actorRemoved' && logsOf(change.number).includes(number)) head = null
    if (change.kind === 'bounds' && change.log === number) head = { first: change.first, tip: change.tip }
    if (!isRecordChange(change) || change.log !== number) continue
    const { seq } = change
    head = { first: head?.first ?? 1, tip: Math.max(head?.tip ?? 0, seq) }
    if (change.kind !== 'key') batch.putEntry(number, seq, redactions.get(seq) ?? change.location)
    if (change.kind !== 'redact' && change.key !== null)
      batch.putDedupe(number, change.key, { seq, codec: change.codec, payloadSum: change.payloadSum })
    changes += 1
    if (changes % BATCH_CHANGES !== 0) continue
    await batch.write()
    batch = index.batch()
  }
  if (head !== null) batch.putHead(number, head)
  batch.putSweep(number, head === null ? 'all' : 'trimmed')
  await batch.write()
}

/** Where what is left of a log's redacted records stands. */
async function redactionsOf(log: CommitLog, end: LogPoint, number: number): Promise<ReadonlyMap<number, Location>> {
  const found = new Map<number, Location>()
  for await (const change of allChanges(log, end))
    if (change.kind === 'redact' && change.log === number) found.set(change.seq, change.location)
  return found
}

async function rebuildStoreRange(log: CommitLog, end: LogPoint, index: KeyIndex): Promise<void> {
  const actors = new Map<string, ActorValue>()
  const items = new Map<string, ItemValue | null>()
  for await (const change of allChanges(log, end)) {
    if (change.kind === 'actorAdded') actors.set(change.id, { number: change.number, isActive: true })
    if (change.kind === 'actorRemoved') actors.set(change.id, { number: change.number, isActive: false })
    if (change.kind === 'item')
      items.set(change.key, change.value === null ? null : { version: change.version, value: change.value })
  }
  const batch = index.batch()
  for (const [id, actor] of actors) {
    if (actor.isActive) batch.putActor(id, actor.number)
    else batch.retireActor(id, actor.number)
  }
  for (const [key, item] of items) {
    if (item === null) batch.deleteItem(key)
    else batch.putItem(key, item)
  }
  await batch.write()
}

async function* allChanges(log: CommitLog, end: LogPoint): AsyncGenerator<Change> {
  for await (const frame of log.frames(LOG_START, end)) yield* changesOf(frame)
}
