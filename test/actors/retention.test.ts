/** Retention: what is kept, against a plain model, and what a clock that jumps can not do. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetentionClock } from '../../src/actors/retention-clock.ts'
import type { Log, RetentionPolicy, Store } from '../../src/actors/types.ts'
import { createStore } from '../../src/consumers/create-store.ts'
import { TwinlogError } from '../../src/errors.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { runs } from '../engine/runs.ts'
import { alice, bob, collectSeqs, override, range } from './fixtures.ts'

const DAY = 24 * 60 * 60 * 1000
const START = Date.UTC(2026, 0, 1)

/** A store whose clock says what it is told. */
async function timed(): Promise<{ store: Store; log: Log; restarted: () => Log; at: (time: number) => void }> {
  let now = START
  const inner = createMemoryLogStore()
  const open = (): Store => createStore(inner, { clock: () => now })
  const store = open()
  for (const actor of [alice, bob]) await store.actors.add(actor)
  return {
    store,
    log: store.inbox(alice),
    restarted: () => open().inbox(alice),
    at: time => {
      now = time
    },
  }
}

interface Given {
  readonly time: number
  readonly bytes: number
}

/** The sequences that stay: those below the first that every limit lets stay are dropped. */
function expectedOf(
  records: readonly Given[],
  { maxAge, maxRecords, maxBytes }: RetentionPolicy,
  now: number,
): number[] {
  let first = 1
  if (maxRecords !== undefined) first = Math.max(first, records.length + 1 - maxRecords)
  if (maxAge !== undefined) {
    for (let seq = first; seq <= records.length; seq += 1) {
      const { time } = records[seq - 1]!
      if (time > now) continue
      if (time >= now - maxAge) break
      first = seq + 1
    }
  }
  if (maxBytes !== undefined) {
    const bytesFrom = (seq: number): number => records.slice(seq - 1).reduce((sum, { bytes }) => sum + bytes, 0)
    while (first <= records.length && bytesFrom(first) > maxBytes) first += 1
  }
  return range(first, records.length)
}

describe('what is kept', () => {
  const record = fc.record({ time: fc.integer({ min: START, max: START + 10 * DAY }), bytes: fc.nat({ max: 20 }) })
  const limit = (max: number): fc.Arbitrary<number | undefined> => fc.option(fc.nat({ max }), { nil: undefined })
  const policies = fc.record({ maxAge: limit(8 * DAY), maxRecords: limit(12), maxBytes: limit(150) })

  it('is the newest records that each limit lets stay, and never has a hole', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 30 }),
        policies,
        fc.nat({ max: 12 * DAY }),
        async (given, kept, late) => {
          const { log, at, restarted } = await timed()
          await log.retain({ maxAge: 0 })
          const now = START + Math.min(DAY, late)
          for (const { time, bytes } of given) {
            at(time)
            await log.appendBytes(new Uint8Array(bytes))
          }
          at(now)
          // As if the process had just begun: it may go a day on.
          const bounds = await restarted().retain(kept)
          const expected = expectedOf(given, kept, now)
          expect(await collectSeqs(log.read())).toEqual(expected)
          expect(bounds).toEqual({ first: given.length - expected.length + 1, tip: given.length })
        },
      ),
    ))

  it('is everything without a limit, and nothing with 0', async () => {
    const { log } = await timed()
    for (let n = 0; n < 5; n += 1) await log.append(n)
    expect(await log.retain({})).toEqual({ first: 1, tip: 5 })
    expect(await log.retain({ maxRecords: 0 })).toEqual({ first: 6, tip: 5 })
    await log.append(5)
    expect(await log.retain({ maxBytes: 0 })).toEqual({ first: 7, tip: 6 })
  })

  it('of all actors is told in one report, and a box without a policy is left alone', async () => {
    const { store } = await timed()
    for (const actor of [alice, bob]) {
      for (const log of [store.inbox(actor), store.outbox(actor)]) for (let n = 0; n < 4; n += 1) await log.append(n)
    }
    expect(await store.retain({ inbox: { maxRecords: 1 } })).toEqual({ logs: 2, records: 6 })
    expect(await store.outbox(bob).bounds()).toEqual({ first: 1, tip: 4 })
    expect(await store.retain({ inbox: { maxRecords: 1 }, outbox: {} })).toEqual({ logs: 0, records: 0 })
    const abort = AbortSignal.abort('enough')
    await expect(store.retain({ outbox: { maxRecords: 0 } }, { signal: abort })).rejects.toBe('enough')
  })

  it('is not decided by a damaged record: it goes when one after it goes', async () => {
    const inner = createMemoryLogStore()
    const damagedAt = (seq: number) =>
      override(inner, {
        read: async (log, wanted) => {
          const slice = await inner.read(log, wanted)
          const records = slice?.records ?? []
          const damaged = records.findIndex(each => each.seq === seq)
          if (damaged === 0) throw new TwinlogError('CORRUPT', 'damaged', { place: 'here' })
          return slice === null || damaged < 0 ? slice : { ...slice, records: records.slice(0, damaged) }
        },
      })
    let now = START
    const store = createStore(damagedAt(2), { clock: () => now })
    await store.actors.add(alice)
    const log = store.inbox(alice)
    for (let n = 1; n <= 4; n += 1) await log.appendBytes(new Uint8Array(10))
    expect(await log.retain({ maxBytes: 25 })).toEqual({ first: 2, tip: 4 })
    await log.retain({ maxAge: DAY })
    now += 2 * DAY
    const later = createStore(damagedAt(2), { clock: () => now })
    expect(await later.inbox(alice).retain({ maxAge: DAY })).toEqual({ first: 2, tip: 4 })
    const again = createStore(damagedAt(2), { clock: () => now })
    expect(await again.inbox(alice).retain({ maxAge: DAY - 1 })).toEqual({ first: 5, tip: 4 })
  })

  it('refuses what is no policy', async () => {
    const { store, log } = await timed()
    for (const policy of [{ maxAge: -1 }, { maxRecords: 1.5 }, { maxBytes: Number.NaN }])
      await expect(log.retain(policy)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
    for (const policy of [undefined, null, 5, { maxAges: 5 }, { maxAge: '5' }])
      await expect(log.retain(policy as never)).rejects.toThrow(TypeError)
    await expect(store.retain({ inbox: { records: 5 } as never })).rejects.toThrow(TypeError)
    await expect(store.inbox('nobody').retain({ maxRecords: 1 })).rejects.toMatchObject({ code: 'NO_ACTOR' })
  })
})

describe('the clock', () => {
  it('the first time ever is only noted: nothing is dropped for its age', async () => {
    const { log, at } = await timed()
    await log.append(1)
    at(START + 1000 * DAY)
    expect(await log.retain({ maxAge: 1 })).toEqual({ first: 1, tip: 1 })
  })

  it('that jumps ahead drops no more than a day does, however far and however often it is asked', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 20 }), async (days, passes) => {
        const inner = createMemoryLogStore()
        let now = START
        const store = createStore(inner, { clock: () => now })
        await store.actors.add(alice)
        const log = store.inbox(alice)
        await log.retain({ maxAge: 0 })
        for (let day = 0; day < 10; day += 1) {
          now = START + day * DAY
          await log.append(day)
          await log.retain({ maxAge: 100 * DAY })
        }
        const before = await log.bounds()
        now += days * DAY
        const jumped = createStore(inner, { clock: () => now }).inbox(alice)
        for (let pass = 0; pass < passes; pass += 1) await jumped.retain({ maxAge: 7 * DAY })
        expect((await log.bounds()).first).toBeLessThanOrEqual(before.first + 4)
      }),
      runs(30),
    ))

  it('never goes on faster than twice the time that passes, nor past what the clock says', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: DAY }), fc.integer({ min: 0, max: START + 20_000 * DAY }))),
        async readings => {
          let clock = START
          let elapsed = 0
          const times = new RetentionClock(
            createMemoryLogStore(),
            () => clock,
            () => elapsed,
          )
          expect(await times.now()).toBe(null)
          let last = START
          for (const [passed, reading] of readings) {
            elapsed += passed
            clock = reading
            const now = (await times.now())!
            expect(now).toBeLessThanOrEqual(reading)
            expect(now).toBeLessThanOrEqual(last + 2 * passed)
            last = now
          }
        },
      ),
    ))

  it('that was wrong ahead for a while does not keep what it stamped for ever', async () => {
    const inner = createMemoryLogStore()
    let now = START
    const open = (): Log => createStore(inner, { clock: () => now }).inbox(alice)
    await createStore(inner).actors.add(alice)
    await open().retain({ maxAge: 0 })
    for (const time of [START, START + 30_000 * DAY, START + 1000]) {
      now = time
      await open().append('x')
    }
    now = START + DAY
    expect(await open().retain({ maxAge: DAY / 2 })).toEqual({ first: 4, tip: 3 })
  })
})
