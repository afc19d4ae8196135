/** Where a cursor may lie, the same for `page`, `read` and `follow`; outside it is an error, never another place. */
import { describe, expect, it } from 'vitest'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { Log } from '../../src/actors/types.ts'
import { alice, fill, storeOver } from './fixtures.ts'

type Cursor = { readonly after: number } | { readonly before: number }

const ways: Record<string, (log: Log, cursor: Cursor) => Promise<unknown>> = {
  page: (log, cursor) => log.page(cursor),
  read: (log, cursor) => log.read(cursor).next(),
  'read in reverse': (log, cursor) => log.read({ ...cursor, reverse: true }).next(),
  follow: (log, cursor) => log.follow({ ...cursor, signal: abortSoon() }).next(),
}

/** A follower that has nothing to give would wait for ever. */
function abortSoon(): AbortSignal {
  const controller = new AbortController()
  setImmediate(() => controller.abort('waits'))
  return controller.signal
}

/** `first` to `tip` are there; `first` is `tip + 1` when all are trimmed. */
async function logOf(first: number, tip: number): Promise<Log> {
  const store = await storeOver(createMemoryLogStore())
  const log = store.inbox(alice)
  await fill(log, tip, first)
  return log
}

const trimmed = (first: number, tip: number): object => ({ code: 'TRIMMED', actor: alice, box: 'inbox', first, tip })
const ahead = (cursor: number, tip: number): object => ({ code: 'AHEAD', cursor, tip })
const fine = 'fine'

describe.each(Object.keys(ways))('%s', way => {
  it.each<[title: string, first: number, tip: number, cursor: Cursor, expected: object | typeof fine]>([
    ['after 0 is fine on an empty log', 1, 0, { after: 0 }, fine],
    ['after the tip is fine', 1, 3, { after: 3 }, fine],
    ['after more than the tip is AHEAD', 1, 3, { after: 4 }, ahead(4, 3)],
    ['after 1 is AHEAD on an empty log', 1, 0, { after: 1 }, ahead(1, 0)],
    ['after the last trimmed record is fine', 4, 6, { after: 3 }, fine],
    ['after a record whose successor is trimmed is TRIMMED', 4, 6, { after: 2 }, trimmed(4, 6)],
    ['after 0 is TRIMMED on a trimmed log', 2, 2, { after: 0 }, trimmed(2, 2)],
    ['after the tip is fine when all is trimmed', 4, 3, { after: 3 }, fine],
    ['after less than the tip is TRIMMED when all is trimmed', 4, 3, { after: 2 }, trimmed(4, 3)],
    ['before 1 is fine on an empty log', 1, 0, { before: 1 }, fine],
    ['before 1 is fine on a log that was never trimmed', 1, 3, { before: 1 }, fine],
    ['before the end is fine', 1, 3, { before: 4 }, fine],
    ['before more than the end is AHEAD', 1, 3, { before: 5 }, ahead(5, 3)],
    ['before the second record that is there is fine', 4, 6, { before: 5 }, fine],
    ['before the first record that is there is TRIMMED', 4, 6, { before: 4 }, trimmed(4, 6)],
    ['before 1 is TRIMMED on a trimmed log', 2, 2, { before: 1 }, trimmed(2, 2)],
    ['before the end is TRIMMED when all is trimmed', 4, 3, { before: 4 }, trimmed(4, 3)],
  ])('%s', async (_, first, tip, cursor, expected) => {
    if (way === 'follow' && 'before' in cursor) return
    const outcome = ways[way]!(await logOf(first, tip), cursor).then(
      () => fine,
      (error: unknown) => (error === 'waits' ? fine : error),
    )
    if (expected === fine) expect(await outcome).toBe(fine)
    else expect(await outcome).toMatchObject(expected)
  })
})
