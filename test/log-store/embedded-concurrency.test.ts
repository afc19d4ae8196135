/**
 * Thousands of calls at once, hardly anything in memory. The order of the calls is the order of everything that is
 * written, so the memory driver, given the same calls one after the other, must answer the same.
 */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flushOf, key, readAll, textOf, type Draft } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { Box, LogName, LogStore } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { runs } from '../engine/runs.ts'
import { randomFrom, type Random } from '../engine/random.ts'
import { openDriver, withDirectory } from './embedded-store.ts'

const CALLS = 4000
const ACTORS = 40
const KEYS = 30
const boxes = ['inbox', 'outbox'] satisfies Box[]

const kept = new Map(allLogs().map(({ actor: id, box }) => [`${id} ${box}`, { actor: id, box, known: null }]))

/** A call to make on any driver. */
type Call = (store: LogStore) => Promise<unknown>

const actor = (random: Random): string => `actor ${random(ACTORS)}`
/** Half of them kept from call to call and from store to store, as a host keeps its handles. */
const logOf = (random: Random): LogName => {
  const name = { actor: actor(random), box: boxes[random(2)]! }
  return random(2) === 0 ? name : (kept.get(`${name.actor} ${name.box}`) ?? name)
}

/** The n-th call: mostly appends, half of them keyed, some over several logs. */
function callOf(n: number, random: Random): Call {
  const kind = random(100)
  if (n < ACTORS) return store => store.addActor(`actor ${n}`)
  if (kind < 3) return callTo('addActor', actor(random))
  if (kind < 5) return callTo('removeActor', actor(random))
  if (kind < 12) {
    const [log, before] = [logOf(random), 1 + random(40)]
    return store => store.trim(log, before).then(bounds => (bounds === null ? null : [bounds.first, bounds.tip]))
  }
  if (kind < 15) {
    const [name, isDelete] = [`item ${random(5)}`, random(4) === 0]
    const items = [{ key: name, value: isDelete ? null : Buffer.from(`${n}`) }]
    return store => store.append({ payloads: [], appends: [], items })
  }
  const drafts = Array.from({ length: kind < 25 ? 1 + random(6) : 1 }, (): Draft => {
    const name = random(2) === 0 ? undefined : `key ${random(KEYS)}`
    // Keyed records have one of two bodies, so that a key meets the same bytes and others.
    const draft = {
      log: logOf(random),
      text: name === undefined ? `call ${n}` : `${name} ${random(8) === 0 ? 'b' : 'a'}`,
    }
    return name === undefined ? draft : { ...draft, key: key(name) }
  })
  const flush = flushOf(drafts, random(2) === 0 ? { onConflict: 'skip' } : {})
  return store => store.append(flush)
}

function callTo(method: 'addActor' | 'removeActor', id: string): Call {
  return store => store[method](id)
}

/** An answer, or the code of a refusal, with what tells sequences apart and nothing that a driver may choose. */
async function answerOf(call: Promise<unknown>): Promise<unknown> {
  try {
    const answer = await call
    if (!Array.isArray(answer)) return answer
    return answer.map((each: unknown) => {
      const outcome = each as { status?: string; seq?: number; error?: { code: string } }
      return outcome.status === undefined ? each : [outcome.status, outcome.seq, outcome.error?.code]
    })
  } catch (error) {
    if (isTwinlogError(error)) return error.code
    throw error
  }
}

/** Reads and finds beside the writing: whatever they see is a stretch without gaps, and a record is always the same. */
class Bystander {
  readonly #seen = new Map<string, string>()
  readonly #store: EmbeddedLogStore

  constructor(store: EmbeddedLogStore) {
    this.#store = store
  }

  async look(random: Random): Promise<void> {
    const log = logOf(random)
    const reverse = random(2) === 0
    const from = 1 + random(60)
    const slice = await this.#store.read(log, { from, to: from + 20, limit: 1 + random(8), reverse })
    await this.#store.find(log, key(`key ${random(KEYS)}`))
    await this.#store.item(`item ${random(5)}`)
    if (random(20) === 0) await this.#store.listActors({ after: random(100), limit: 10 })
    if (slice === null) return
    const { bounds, records } = slice
    const sequences = records.map(record => record.seq)
    const first = reverse ? Math.min(from + 20, bounds.tip) : Math.max(from, bounds.first)
    expect(sequences).toEqual(sequences.map((_, i) => (reverse ? first - i : first + i)))
    for (const record of records) this.see(log, bounds.epoch, record.seq, textOf(record.payload))
  }

  see(log: LogName, epoch: number, seq: number, text: string): void {
    const name = `${epoch} ${log.box} ${seq}`
    expect(this.#seen.get(name) ?? text, name).toBe(text)
    this.#seen.set(name, text)
  }
}

/** Makes all calls without waiting for any, with readers and the indexer's pauses in between. */
async function storm(store: EmbeddedLogStore, calls: readonly Call[], random: Random): Promise<unknown[]> {
  const bystander = new Bystander(store)
  const answers: Promise<unknown>[] = []
  const looks: Promise<void>[] = []
  for (const [n, call] of calls.entries()) {
    answers.push(answerOf(call(store)))
    if (random(3) === 0) looks.push(bystander.look(random))
    if (random(50) === 0) await turn()
    if (random(200) === 0) store.indexer.pause()
    if (random(100) === 0) store.indexer.resume()
    if (random(400) === 0) await answers[n - random(n + 1)]
    if (random(400) === 0) looks.push(store.rebuildIndex(logOf(random)).then(() => undefined))
  }
  store.indexer.resume()
  const all = await Promise.all(answers)
  await Promise.all(looks)
  for (const log of allLogs()) {
    const bounds = await store.bounds(log)
    if (bounds === null) continue
    for (const { seq, payload } of await readAll(store, log)) bystander.see(log, bounds.epoch, seq, textOf(payload))
  }
  return all
}

function allLogs(): LogName[] {
  return Array.from({ length: ACTORS }, (_, i) => boxes.map(box => ({ actor: `actor ${i}`, box }))).flat()
}

/** What a log holds, without its epoch: drivers count those as they like. */
async function contentsOf(store: LogStore, log: LogName): Promise<unknown> {
  const bounds = await store.bounds(log)
  if (bounds === null) return null
  const records = (await readAll(store, log)).map(({ seq, payload }) => `${seq} ${textOf(payload)}`)
  const keys = await Promise.all(Array.from({ length: KEYS }, (_, i) => store.find(log, key(`key ${i}`))))
  return { first: bounds.first, tip: bounds.tip, records, keys }
}

describe('thousands of calls at once', () => {
  for (const durability of ['disk', 'os'] as const) {
    it(`are answered as if they had been made one by one, and leave the same store (durability ${durability})`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), seed =>
          withDirectory(async path => {
            const random = randomFrom(seed)
            const calls = Array.from({ length: CALLS }, (_, n) => callOf(n, random))
            const oracle = createMemoryLogStore()
            const expected: unknown[] = []
            for (const call of calls) expected.push(await answerOf(call(oracle)))

            let store = await openDriver(path, { durability, hot: 16, unindexedMax: 2000, segmentBytes: 64 * 1024 })
            const answers = await storm(store, calls, random)
            for (const [n, answer] of answers.entries()) expect([n, answer]).toEqual([n, expected[n]])
            for (const log of allLogs()) expect(await contentsOf(store, log)).toEqual(await contentsOf(oracle, log))
            await store.close()
            store = await openDriver(path, { hot: 16 })
            for (const log of allLogs()) expect(await contentsOf(store, log)).toEqual(await contentsOf(oracle, log))
            await store.close()
          }),
        ),
        { ...runs(2), endOnFailure: true },
      )
    })
  }
})
