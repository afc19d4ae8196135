/** Pages tile the log: walked in either direction, from anywhere, they give what `read` gives, once. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Log, LogRecord, Page, PageOptions } from '../../src/actors/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { ReadRange } from '../../src/log-store/types.ts'
import {
  alice,
  changingLog,
  collectSeqs,
  fill,
  override,
  range,
  removeAlice,
  seqs,
  shortSlices,
  startOver,
  storeOver,
} from './fixtures.ts'

async function freshLog(recordsMax = 1000): Promise<Log> {
  const store = await storeOver(shortSlices(recordsMax))
  return store.inbox(alice)
}

/** Every page from `page` on in one direction, that one included. */
async function walk(log: Log, page: Page, towards: 'older' | 'newer', options: PageOptions): Promise<Page[]> {
  const pages = [page]
  for (let cursor = page[towards]; cursor !== null; cursor = pages.at(-1)![towards]) {
    const { before: _, after: __, ...rest } = options
    pages.push(await log.page({ ...rest, ...(towards === 'older' ? { before: cursor } : { after: cursor }) }))
  }
  return pages
}
const seqsOf = (pages: readonly Page[]): number[] => pages.flatMap(({ items }) => seqs(items))

describe('a page', () => {
  it('is the newest 20 records, newest first, by default', async () => {
    const log = await freshLog()
    await fill(log, 25)
    const page = await log.page()
    expect(seqs(page.items)).toEqual(range(6, 25).toReversed())
    expect(page).toMatchObject({ older: 6, newer: null })
    expect(page.items[0]!.value).toBe(25)
  })

  it('of a fresh log is empty, with nothing beside it', async () => {
    expect(await (await freshLog()).page()).toEqual({ items: [], older: null, newer: null })
  })

  it('after a cursor is oldest first', async () => {
    const log = await freshLog()
    await fill(log, 5)
    const page = await log.page({ after: 1, limit: 3 })
    expect([seqs(page.items), page.older, page.newer]).toEqual([[2, 3, 4], 2, 4])
  })

  it('has no older cursor when what is older is trimmed', async () => {
    const log = await freshLog()
    await fill(log, 5, 3)
    expect(await log.page({ limit: 3 })).toMatchObject({ older: null, newer: null })
    expect(await log.page({ after: 2, limit: 1 })).toMatchObject({ older: null, newer: 3 })
  })

  it('that is empty at one end still leads back', async () => {
    const log = await freshLog()
    await fill(log, 3)
    expect(await log.page({ before: 1 })).toEqual({ items: [], older: null, newer: 0 })
    expect(await log.page({ after: 3 })).toEqual({ items: [], older: 4, newer: null })
  })

  it('looks at no more than scanMax records, and goes on after the last one it looked at', async () => {
    const log = await freshLog()
    await fill(log, 30)
    const looked: number[] = []
    const where = ({ seq }: LogRecord): boolean => looked.push(seq) > 0 && seq === 3
    const first = await log.page({ where, scanMax: 20 })
    expect(first).toEqual({ items: [], older: 11, newer: null })
    const second = await log.page({ where, scanMax: 20, before: 11 })
    expect([seqs(second.items), second.older, second.newer]).toEqual([[3], null, 10])
    expect(looked).toEqual(range(1, 30).toReversed())
  })

  it('reads no further than the record that fills it', async () => {
    const inner = createMemoryLogStore()
    const asked: ReadRange[] = []
    const read: typeof inner.read = (name, wanted) => {
      asked.push(wanted)
      return inner.read(name, wanted)
    }
    const log = (await storeOver(override(inner, { read }))).inbox(alice)
    await fill(log, 100)
    await log.page({ limit: 7 })
    expect(asked).toMatchObject([{ limit: 7 }])
  })

  it('rejects with what `where` throws', async () => {
    const log = await freshLog()
    await fill(log, 1)
    const where = (): boolean => {
      throw new Error('where')
    }
    await expect(log.page({ where })).rejects.toThrow('where')
  })
})

describe('pages', () => {
  const shapes = fc.record({
    count: fc.integer({ min: 0, max: 40 }),
    trim: fc.integer({ min: 0, max: 40 }),
    limit: fc.integer({ min: 1, max: 12 }),
    scanMax: fc.integer({ min: 1, max: 12 }),
    every: fc.integer({ min: 1, max: 9 }),
    recordsMax: fc.integer({ min: 1, max: 7 }),
    cursor: fc.nat({ max: 40 }),
  })

  it('walked from end to end give what read gives, in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ count, trim, limit, scanMax, every, recordsMax }) => {
        const log = await freshLog(recordsMax)
        await fill(log, count, Math.min(trim, count) + 1)
        const where = ({ seq }: LogRecord): boolean => seq % every === 0
        const options = every === 1 ? { limit } : { limit, scanMax, where }
        const { first } = await log.bounds()
        const all = (await collectSeqs(log.read())).filter(seq => seq % every === 0)
        const down = await walk(log, await log.page(options), 'older', options)
        const up = await walk(log, await log.page({ ...options, after: first - 1 }), 'newer', options)
        expect(seqsOf(down)).toEqual(all.toReversed())
        expect(seqsOf(up)).toEqual(all)
        expect(Math.max(...[...down, ...up].map(({ items }) => items.length))).toBeLessThanOrEqual(limit)
      }),
    )
  })

  it('to both sides of any page tile the log', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.boolean(), async (shape, forward) => {
        const { count, trim, limit, scanMax, every, recordsMax, cursor } = shape
        const log = await freshLog(recordsMax)
        await fill(log, count, Math.min(trim, count) + 1)
        const { first, tip } = await log.bounds()
        if (tip < first) return
        const place = first + (cursor % (tip - first + 1))
        const where = ({ seq }: LogRecord): boolean => seq % every === 0
        const options = { limit, scanMax, where, ...(forward ? { after: place } : { before: place + 1 }) }
        const page = await log.page(options)
        const [middle, ...older] = await walk(log, page, 'older', options)
        const [, ...newer] = await walk(log, page, 'newer', options)
        const items = seqs(middle!.items)
        const tiled = [...seqsOf(older).toReversed(), ...(forward ? items : items.toReversed()), ...seqsOf(newer)]
        expect(tiled).toEqual(range(first, tip).filter(seq => seq % every === 0))
      }),
    )
  })
})

describe('a log that changes while a page is read', () => {
  it('by a trim: newest first, the page ends where the log now begins', async () => {
    const log = await changingLog(each => each.trim({ before: 7 }))
    const page = await log.page()
    expect([seqs(page.items), page.older]).toEqual([[10, 9, 8, 7], null])
  })

  it('by a trim: oldest first, the page ends at the gap, and its cursor meets TRIMMED', async () => {
    const log = await changingLog(each => each.trim({ before: 7 }))
    const page = await log.page({ after: 0 })
    expect([seqs(page.items), page.newer]).toEqual([[1, 2], 2])
    await expect(log.page({ after: page.newer! })).rejects.toMatchObject({ code: 'TRIMMED', first: 7, tip: 10 })
  })

  it('by an append: what came is newer', async () => {
    const log = await changingLog(each => fill(each, 2))
    const page = await log.page()
    expect([seqs(page.items), page.older, page.newer]).toEqual([range(1, 10).toReversed(), null, 10])
  })

  it('by the end of its actor: NO_ACTOR, also when the actor is there again', async () => {
    for (const change of [removeAlice, startOver]) {
      const log = await changingLog(change)
      await expect(log.page()).rejects.toMatchObject({ code: 'NO_ACTOR', actor: alice, status: 'removed' })
    }
  })
})
