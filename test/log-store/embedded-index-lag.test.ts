/** When the index follows the appends: soon after they pause, and never much later, however long they go on. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { append, inbox } from '../../src/log-store/conformance/suite.ts'
import { type EmbeddedOptions, usual, withStore } from './embedded-store.ts'

const alice = 'https://social.example/users/alice'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Runs `use` with a store whose index has all there is. */
async function withIndexed(
  options: Partial<EmbeddedOptions>,
  use: (store: EmbeddedLogStore) => Promise<void>,
): Promise<void> {
  await withStore({ ...usual, ...options }, async store => {
    await store.addActor(alice)
    await store.flushIndex()
    await use(store)
  })
}

/** The records that the index lacks when so much time has passed, and what it began by then is done. */
async function behindAfter(store: EmbeddedLogStore, ms: number): Promise<number> {
  vi.advanceTimersByTime(ms)
  await store.indexer.exclusive(async () => undefined)
  return store.stats().unindexedChanges
}

it('is left alone while appends go on, and has them all a tenth of a second after the last', async () => {
  await withIndexed({}, async store => {
    for (let i = 1; i <= 8; i += 1) {
      await append(store, inbox(alice), `${i}`)
      expect(await behindAfter(store, 50)).toBe(i)
    }
    expect(await behindAfter(store, 49)).toBe(8)
    expect(await behindAfter(store, 1)).toBe(0)
  })
})

it('is behind by no more than a second, however long appends go on', async () => {
  await withIndexed({}, async store => {
    for (let i = 1; i <= 50; i += 1) {
      await append(store, inbox(alice), `${i}`)
      expect(await behindAfter(store, 50)).toBeLessThanOrEqual(1000 / 50)
    }
  })
})

it('is not put off where its batch is what syncs the log', async () => {
  await withIndexed({ durability: 'os' }, async store => {
    await append(store, inbox(alice), 'first')
    expect(await behindAfter(store, 99)).toBe(1)
    await append(store, inbox(alice), 'second')
    expect(await behindAfter(store, 1)).toBe(0)
  })
})

it('follows at once when a quarter of what may wait does', async () => {
  await withIndexed({ unindexedMax: 1000 }, async store => {
    for (let i = 1; i < 250; i += 1) await append(store, inbox(alice), `${i}`)
    expect(await behindAfter(store, 0)).toBe(249)
    await append(store, inbox(alice), 'the 250th')
    expect(await behindAfter(store, 0)).toBe(0)
  })
})
