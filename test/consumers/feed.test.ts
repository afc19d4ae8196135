/** The feed as hosts see it: order, catching up and going live, backpressure, positions, damage. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { FeedRecord, Store } from '../../src/consumers/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { override } from '../actors/fixtures.ts'
import { runs } from '../engine/runs.ts'
import { scheduledLogStore } from '../engine/scheduled-log-store.ts'
import { openDriver, withDirectory } from '../log-store/embedded-store.ts'
import { alice, bob, collect, drivers, withEmbedded, withMemory } from './stores.ts'

const values = (records: readonly FeedRecord[]): unknown[] => records.map(({ value }) => value)
const now = (store: Store, after?: string): Promise<FeedRecord[]> => collect(store.feed({ after, live: false }))

async function fill(store: Store): Promise<void> {
  for (const actor of [alice, bob]) await store.actors.add(actor)
  await store.outbox(alice).append('a')
  await store.append([
    { log: store.inbox(bob), value: 'b', meta: 'm' },
    { log: store.outbox(bob), value: 'c' },
  ])
  await store.inbox(alice).append('d')
}

describe.each(drivers)('over the %s driver', (_, withStore) => {
  it('gives all records in commit order, with their logs, and goes on after any position, over a restart', () =>
    withStore(async opened => {
      await fill(opened.store)
      const records = await now(opened.store)
      expect(records.map(({ actor, box, seq, value, meta }) => [actor, box, seq, value, meta])).toEqual([
        [alice, 'outbox', 1, 'a', undefined],
        [bob, 'inbox', 1, 'b', 'm'],
        [bob, 'outbox', 1, 'c', undefined],
        [alice, 'inbox', 1, 'd', undefined],
      ])
      const positions = records.map(({ position }) => position)
      expect(new Set(positions).size).toBe(4)
      const store = await opened.reopen()
      for (const [i, position] of positions.entries())
        expect(values(await now(store, position))).toEqual(['a', 'b', 'c', 'd'].slice(i + 1))
    }))

  it('catches up and then goes live, without gap or repeat, and a filter lets only what was asked for pass', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const all = collect(store.feed(), 6)
      const outboxes = collect(store.feed({ boxes: ['outbox'], actors: [bob] }), 2)
      const even = collect(store.feed<string>({ where: ({ value }) => value > 'c' }), 3)
      const late = collect(store.feed({ after: 'end' }), 2)
      await store.feed({ live: false }).next()
      await store.outbox(bob).append('e')
      await store.inbox(bob).append('f')
      expect(values(await all)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      expect(values(await outboxes)).toEqual(['c', 'e'])
      expect(values(await even)).toEqual(['d', 'e', 'f'])
      expect(values(await late)).toEqual(['e', 'f'])
    }))

  it('passes over what is trimmed or of an actor that is removed', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const [, second] = await now(store)
      await store.outbox(alice).trim({ before: 2 })
      await store.actors.remove(bob)
      expect(values(await now(store))).toEqual(['d'])
      expect(values(await now(store, second!.position))).toEqual(['d'])
    }))

  it('ends with the reason of its signal, by return, and with CLOSED', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const stop = new AbortController()
      const aborted = expect(collect(store.feed({ signal: stop.signal }))).rejects.toThrow('enough')
      const feed = store.feed({ after: 'end' })
      const pending = feed.next()
      const closed = expect(collect(store.feed())).rejects.toMatchObject({ code: 'CLOSED' })
      stop.abort(new Error('enough'))
      await aborted
      await feed.return?.()
      expect(await pending).toEqual({ done: true, value: undefined })
      await store.close()
      await closed
      await expect(store.feed().next()).rejects.toMatchObject({ code: 'CLOSED' })
    }))

  it('refuses positions of another store, of a later time, and what is no position', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const [record] = await now(store)
      const elsewhere = createStore(createMemoryLogStore())
      await expect(now(elsewhere, record!.position)).rejects.toMatchObject({
        code: 'POSITION_INVALID',
        reason: 'store',
      })
      const bytes = Buffer.from(record!.position, 'base64url')
      for (const position of ['', 'x', `${record!.position}AAAA`, bytes.with(20, 99)]) {
        const text = typeof position === 'string' ? position : Buffer.from(position).toString('base64url')
        await expect(now(store, text)).rejects.toMatchObject({ code: 'POSITION_INVALID', reason: 'malformed' })
      }
      await expect(now(store, 7 as never)).rejects.toBeInstanceOf(TypeError)
      await elsewhere.close()
    }))
})

it('a position beyond the end, or of a time before a restore, says DIVERGED', () =>
  withMemory(async ({ store, logStore }) => {
    await fill(store)
    const records = await now(store)
    const { store: id } = logStore.feedOrigin()
    const restored = createStore(override(logStore, { feedOrigin: () => ({ store: id, timeline: 2 }) }))
    const facts = { code: 'DIVERGED', timeline: 1, current: 2 }
    await expect(now(restored, records[0]!.position)).rejects.toMatchObject(facts)
    const shorter = createMemoryLogStore()
    const lost = createStore(override(shorter, { feedOrigin: () => ({ store: id, timeline: 1 }) }))
    await lost.actors.add(alice)
    await expect(now(lost, records[3]!.position)).rejects.toMatchObject({ code: 'DIVERGED', end: 1 })
    await lost.close()
  }))

it('reads no further than it is asked: one slice is held, and nothing is open', () =>
  withMemory(async ({ logStore }) => {
    let slices = 0
    const store = createStore(
      override(logStore, {
        feed: range => {
          slices += 1
          return logStore.feed({ ...range, limit: 2 })
        },
      }),
    )
    await store.actors.add(alice)
    for (let i = 0; i < 20; i += 1) await store.outbox(alice).append(i)
    const feed = store.feed()
    for (let i = 0; i < 5; i += 1) expect((await feed.next()).value?.value).toBe(i)
    expect(slices).toBeLessThanOrEqual(3)
    await feed.return?.()
  }))

it('goes on behind damage, from the position that the error names', () =>
  withDirectory(async path => {
    const first = createStore(await openDriver(path, { segmentBytes: 2 ** 20 }))
    await first.actors.add(alice)
    for (const text of ['one', 'two', 'three']) await first.outbox(alice).append(`${text} payload`)
    await first.close()
    const [name] = await readdir(join(path, 'segments'))
    const file = join(path, 'segments', name!)
    const bytes = await readFile(file)
    bytes[bytes.indexOf('two payload')]! ^= 1
    await writeFile(file, bytes)
    const store = createStore(await openDriver(path))
    const met: unknown[] = []
    const error: unknown = await (async () => {
      for await (const record of store.feed({ live: false })) met.push(record.value)
    })().catch((reason: unknown) => reason)
    expect(met).toEqual(['one payload'])
    expect(error).toMatchObject({ code: 'CORRUPT', actor: alice, box: 'outbox', seq: 2 })
    const { position } = error as { position: string }
    expect(values(await now(store, position))).toEqual(['three payload'])
    await store.close()
  }))

it('prints as its record', () =>
  withMemory(async ({ store }) => {
    await fill(store)
    const [record] = await now(store)
    expect(inspect(record)).toContain("value: 'a'")
    expect(inspect(record)).toContain(alice)
    expect(inspect(record)).not.toContain('place')
  }))

it('wrong arguments are TypeErrors', () =>
  withEmbedded(async ({ store }) => {
    const wrong = [
      { boxes: ['other'] },
      { boxes: 'inbox' },
      { actors: alice },
      { where: 1 },
      { live: 1 },
      { signal: 1 },
    ]
    for (const options of wrong) expect(() => store.feed(options as never)).toThrow(TypeError)
    expect(() => store.feed({ actors: [''] })).toThrow(expect.objectContaining({ code: 'INVALID_ACTOR_ID' }))
  }))

it('whatever order answers and hints come in, each record comes once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }), async (scheduler, waves) => {
      const inner = createMemoryLogStore()
      for (const actor of [alice, bob]) await inner.addActor(actor)
      const store = createStore(scheduledLogStore(inner, scheduler))
      const total = waves.reduce((sum, wave) => sum + wave + 1, 0)
      const reading = collect(store.feed(), total)
      let next = 0
      const writing = (async () => {
        for (const wave of waves) {
          const some = Array.from({ length: wave + 1 }, () => next++)
          await Promise.all(some.map(value => store.outbox(value % 2 === 0 ? alice : bob).append(value)))
        }
      })()
      await scheduler.waitFor(Promise.all([reading, writing]))
      expect(values(await reading)).toEqual(Array.from({ length: total }, (__, i) => i))
    }),
    runs(100),
  )
})
