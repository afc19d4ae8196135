/**
 * Crash-state replay: one run of the writer is traced; of every prefix of what it did, everything is laid out that a crash
 * at that point may leave under each model of image.mjs, opened, and compared with what had been acknowledged by then.
 * Half of the traces begin where a crash left an uncertain tail, so that recovery is cut short as well.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { randomFrom } from '../../bench/workload.mjs'
import { Image, layOut, MODELS } from '../image.mjs'
import { here } from '../needs.mjs'
import { lossesAt } from '../oracle.mjs'
import { traced } from '../trace.mjs'

/** Stores opened at once: opening waits for threads more than for this one. */
const OPEN_AT_ONCE = 4
const WAVES = 14
const WAVES_OF_RECOVERY = 4

/**
 * @typedef {import('../trace.mjs').Operation} Operation
 * @typedef {import('../oracle.mjs').Event} Event
 */

/** @type {import('../suite.mjs').Suite} */
export const crashStates = {
  name: 'crash states',
  tried: 'states',
  count: { short: 10_000, long: 250_000, planted: 4_000 },
  async run(context) {
    for (let round = 0; !context.isDone(); round += 1) {
      const base = join(context.folder, `traced ${round}`)
      const store = join(base, 'store')
      const random = randomFrom(context.seed + round)
      mkdirSync(base, { recursive: true })
      const first = 1
      const command = [join(here, 'writer.mjs'), context.dist, store, String(first), String(WAVES)]
      const operations = await traced(base, `${base}.trace`, command)
      // The first trace is replayed in full, since it makes the store; of later ones a sample.
      await replay(context, { before: [], operations, stride: round === 0 ? 1 : 1 + random(3), random })
      if (context.isDone()) return

      const cut = uncertainPoint(operations, random)
      rmSync(base, { recursive: true })
      const before = [...operations.slice(0, cut), unsynced(operations[cut])]
      const image = new Image()
      for (const operation of before) image.apply(operation)
      const [everything] = MODELS
      if (everything === undefined) throw new Error('no models')
      layOut(base, image.crash(everything, undefined, random).files)
      const next = [join(here, 'writer.mjs'), context.dist, store, String(1 + WAVES * 10), String(WAVES_OF_RECOVERY)]
      const recovery = await traced(base, `${base}.trace`, next)
      await replay(context, { before, operations: recovery, stride: 1, random })
      rmSync(base, { recursive: true })
    }
  },
}

/**
 * Some write of a segment in the middle: it is done, nobody knows whether it is on disk.
 * @param {readonly Operation[]} operations
 * @param {(bound: number) => number} random
 */
function uncertainPoint(operations, random) {
  const writes = operations.flatMap((operation, i) =>
    operation.t === 'write' && operation.isSynced && operation.path.endsWith('.seg') ? [i] : [],
  )
  const some = writes.slice(writes.length >> 2)
  return some[random(some.length)] ?? 0
}

/**
 * @param {Operation | undefined} operation
 * @returns {Operation}
 */
function unsynced(operation) {
  if (operation?.t !== 'write') throw new Error('no write of a segment was traced')
  return { ...operation, isSynced: false }
}

/**
 * @param {import('../suite.mjs').Context} context
 * @param {{ before: readonly Operation[], operations: readonly Operation[], stride: number, random: (bound: number) => number }} trace
 */
async function replay(context, { before, operations, stride, random }) {
  const image = new Image()
  /** @type {Event[]} */
  const events = []
  for (const operation of before) {
    image.apply(operation)
    if (operation.t === 'said') events.push(...operation.events)
  }
  /** @type {Map<string, string>} */
  const seen = new Map()
  /** @type {Set<Promise<void>>} */
  const opening = new Set()
  let disk = 0
  for (let i = 0; i <= operations.length; i += 1) {
    const underway = operations[i]
    // What is said changes no disk: the state counts with all that was said of it.
    if (underway?.t !== 'said' && disk % stride === 0) {
      for (const model of MODELS) {
        const { files, mark } = image.crash(model, underway, random)
        const known = `${events.length}\n${mark}`
        if (seen.get(model.name) === known) continue
        seen.set(model.name, known)
        const at = `${model.name}, before call ${i} (${underway?.t ?? 'end'} ${underway?.path ?? ''})`
        const check = checkState(context, files, [...events], at)
        opening.add(check)
        void check.finally(() => opening.delete(check))
        if (opening.size >= OPEN_AT_ONCE) await Promise.race(opening)
        if (context.isDone()) break
      }
    }
    if (context.isDone() || underway === undefined) break
    image.apply(underway)
    if (underway.t === 'said') events.push(...underway.events)
    else disk += 1
  }
  await Promise.all(opening)
}

let states = 0

/**
 * @param {import('../suite.mjs').Context} context
 * @param {ReadonlyMap<string, Buffer | null>} files
 * @param {readonly Event[]} events
 * @param {string} at
 */
async function checkState(context, files, events, at) {
  states += 1
  const folder = join(context.folder, `state ${states}`)
  layOut(folder, files)
  try {
    context.tried()
    for (const loss of await lossesAt(context.engine, join(folder, 'store'), events)) context.lose(`${at}: ${loss}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
