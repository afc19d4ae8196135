/** `get` and `read`: what is there, in order, once; what is gone is said to be gone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/actors/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import {
  alice,
  changingLog,
  collect,
  collectSeqs,
  fill,
  override,
  range,
  removeAlice,
  shortSlices,
  startOver,
  storeOver,
} from './fixtures.ts'

async function freshLog(recordsMax = 1000): Promise<Log> {
  const store = await storeOver(shortSlices(recordsMax))
  return store.inbox(alice)
}

describe('get', () => {
  it('gives the record with that sequence, or undefined above the tip', async () => {
    const log = await freshLog()
    await fill(log, 3)
    expect(await log.get(2)).toMatchObject({ seq: 2, value: 2 })
    expect(await log.get(4)).toBeUndefined()
    expect(await log.get(Number.MAX_SAFE_INTEGER)).toBeUndefined()
  })

  it('says that a record below the first is TRIMMED, also when all are', async () => {
    const log = await freshLog()
    await fill(log, 3, 3)
    await expect(log.get(2)).rejects.toMatchObject({ code: 'TRIMMED', actor: alice, box: 'inbox', first: 3, tip: 3 })
    await log.trim({ before: 4 })
    await expect(log.get(3)).rejects.toMatchObject({ code: 'TRIMMED', first: 4, tip: 3 })
    expect(await log.get(4)).toBeUndefined()
  })
})

describe('read', () => {
  it('gives every record of the range in order, for every cursor, direction, limit and slice', async () => {
    const cursor = fc.option(fc.nat({ max: 32 }), { nil: undefined })
    const shape = fc.record({
      count: fc.integer({ min: 0, max: 30 }),
      trim: fc.nat({ max: 30 }),
      after: cursor,
      before: cursor.map(each => (each === undefined ? undefined : each + 1)),
      reverse: fc.boolean(),
      limit: fc.option(fc.integer({ min: 1, max: 35 }), { nil: undefined }),
      recordsMax: fc.integer({ min: 1, max: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, trim, after, before, reverse, limit, recordsMax }) => {
        const log = await freshLog(recordsMax)
        const first = Math.min(trim, count) + 1
        await fill(log, count, first)
        const outcome = await collectSeqs(
          log.read({
            reverse,
            ...(after === undefined ? {} : { after }),
            ...(before === undefined ? {} : { before }),
            ...(limit === undefined ? {} : { limit }),
          }),
        ).catch((error: unknown) => (error as { code: string }).code)

        const isAhead = (after ?? 0) > count || (before ?? 0) > count + 1
        const isGone =
          (after !== undefined && after + 1 < first) || (first > 1 && before !== undefined && before <= first)
        const wanted = range(Math.max(first, (after ?? 0) + 1), Math.min(count, (before ?? Infinity) - 1))
        const expected = (reverse ? wanted.toReversed() : wanted).slice(0, limit)
        if (isAhead || isGone)
          expect(['AHEAD', 'TRIMMED'].filter((_, index) => [isAhead, isGone][index])).toContain(outcome)
        else expect(outcome).toEqual(expected)
      }),
    )
  })

  it('takes in what is appended before it reaches the tip', async () => {
    const log = await changingLog(each => fill(each, 3))
    expect(await collectSeqs(log.read())).toEqual(range(1, 13))
  })

  it('in reverse sets out from the tip of its start', async () => {
    const log = await changingLog(each => fill(each, 3))
    expect(await collectSeqs(log.read({ reverse: true }))).toEqual(range(1, 10).toReversed())
  })

  it('asks the log store for no more once it has reached the end or its limit', async () => {
    const inner = createMemoryLogStore()
    let reads = 0
    const read: typeof inner.read = (name, wanted) => {
      reads += 1
      return inner.read(name, wanted)
    }
    const log = (await storeOver(override(inner, { read }))).inbox(alice)
    await fill(log, 10)
    for (const options of [{}, { reverse: true }, { limit: 3 }, { before: 5 }, { reverse: true, after: 5 }]) {
      reads = 0
      await collect(log.read(options))
      expect(reads, JSON.stringify(options)).toBe(1)
    }
  })

  it('holds nothing between slices: it may be left at any record, and goes on when asked', async () => {
    const log = await freshLog(2)
    await fill(log, 5)
    const left: number[] = []
    for await (const { seq } of log.read()) {
      left.push(seq)
      if (seq === 3) break
    }
    expect(left).toEqual([1, 2, 3])
  })
})

describe('a log that changes while it is read', () => {
  it('by a trim that passes the cursor: TRIMMED, never a skip', async () => {
    const log = await changingLog(each => each.trim({ before: 4 }))
    const records = log.read()
    const given: number[] = []
    const reading = (async () => {
      for await (const { seq } of records) given.push(seq)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'TRIMMED', first: 4, tip: 10 })
    expect(given).toEqual([1, 2])
  })

  it('by a trim that does not pass the cursor: it goes on', async () => {
    const log = await changingLog(each => each.trim({ before: 3 }))
    expect(await collectSeqs(log.read())).toEqual(range(1, 10))
  })

  it('by a trim, in reverse: what is still there is given, then TRIMMED for what it set out to give', async () => {
    const log = await changingLog(each => each.trim({ before: 4 }))
    const given: number[] = []
    const reading = (async () => {
      for await (const { seq } of log.read({ reverse: true })) given.push(seq)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'TRIMMED', first: 4, tip: 10 })
    expect(given).toEqual(range(4, 10).toReversed())
  })

  it('by a trim, in reverse, of what it was not asked for: it ends as it would have', async () => {
    for (const options of [{ after: 3 }, { limit: 7 }]) {
      const log = await changingLog(each => each.trim({ before: 4 }))
      expect(await collectSeqs(log.read({ reverse: true, ...options }))).toEqual(range(4, 10).toReversed())
    }
  })

  it('by the end of its actor: NO_ACTOR, also when the actor is there again', async () => {
    for (const change of [removeAlice, startOver]) {
      for (const reverse of [false, true]) {
        const log = await changingLog(change)
        const facts = { code: 'NO_ACTOR', actor: alice, status: 'removed' }
        await expect(collect(log.read({ reverse }))).rejects.toMatchObject(facts)
      }
    }
  })
})

describe('a signal', () => {
  it('that is aborted already ends a read before it starts, with its reason', async () => {
    const log = await freshLog()
    const signal = AbortSignal.abort('no')
    await expect(log.read({ signal }).next()).rejects.toBe('no')
  })

  it('ends a read at the next record', async () => {
    const log = await freshLog()
    await fill(log, 3)
    const controller = new AbortController()
    const records = log.read({ signal: controller.signal })
    expect((await records.next()).value).toMatchObject({ seq: 1 })
    controller.abort(new Error('enough'))
    await expect(records.next()).rejects.toThrow('enough')
    expect(await records.next()).toEqual({ done: true, value: undefined })
  })
})
