/** Durable cursors: at least once, moves over the lowest record that is not acknowledged never, appends exactly once. */
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { ConsumerRecord, Cursor, Store } from '../../src/consumers/types.ts'
import type { Flush } from '../../src/log-store/types.ts'
import { override } from '../actors/fixtures.ts'
import { alice, bob, collect, drivers, withMemory } from './stores.ts'

const values = (records: readonly ConsumerRecord[]): unknown[] => records.map(({ value }) => value)
const rest = (cursor: Cursor): Promise<ConsumerRecord[]> => collect(cursor.follow({ live: false }))

async function fill(store: Store, count = 5): Promise<void> {
  for (const actor of [alice, bob]) await store.actors.add(actor)
  for (let i = 1; i <= count; i += 1) await store.outbox(i % 2 === 0 ? alice : bob).append(i)
}

describe.each(drivers)('over the %s driver', (_, withStore) => {
  it('gives again what was not acknowledged, over a restart, and never what was', () =>
    withStore(async opened => {
      await fill(opened.store)
      const cursor = opened.store.cursor('c')
      expect(opened.store.cursor('c')).toBe(cursor)
      const given = await rest(cursor)
      expect(values(given)).toEqual([1, 2, 3, 4, 5])
      await Promise.all(given.slice(0, 2).map(record => cursor.acknowledge(record)))
      expect(values(await rest(cursor))).toEqual([3, 4, 5])
      const next = (await opened.reopen()).cursor('c')
      expect(await next.status()).toMatchObject({ kind: 'cursor', log: null, state: 'stopped', lag: 3, error: null })
      const [third] = await rest(next)
      await next.acknowledge(third!)
      await opened.reopen()
      expect(values(await rest(opened.store.cursor('c')))).toEqual([4, 5])
    }))

  it('what the host does to its bytes once acknowledge has returned changes nothing', () =>
    // An acknowledgement that waited for the records before it was written with what its buffer held by then.
    withStore(async ({ store }) => {
      await fill(store, 2)
      const cursor = store.cursor('c')
      const [first, second] = await rest(cursor)
      const bytes = Buffer.from('as it was')
      const waiting = cursor.acknowledge(second!, { append: [{ log: store.inbox(alice), bytes }] })
      bytes.fill('!')
      const own = Buffer.from('as it was')
      const appended = cursor.acknowledge(first!, { append: [{ log: store.inbox(bob), bytes: own }] })
      own.fill('!')
      await Promise.all([waiting, appended])
      for (const actor of [alice, bob]) {
        const [record] = await collect(store.inbox(actor).read())
        expect(Buffer.from(record!.value as Uint8Array).toString()).toBe('as it was')
      }
    }))

  it('moves over the lowest contiguous record: an acknowledgement waits for those before it', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const cursor = store.cursor('c')
      const [first, second, third] = await rest(cursor)
      const done: number[] = []
      const acknowledge = (record: ConsumerRecord | undefined): Promise<unknown> =>
        cursor.acknowledge(record!).then(() => done.push(record!.value as number))
      const later = [acknowledge(third), acknowledge(second)]
      expect(values(await rest(store.cursor('other')))).toEqual([1, 2, 3, 4, 5])
      expect(done).toEqual([])
      await acknowledge(first)
      await Promise.all(later)
      expect(new Set(done)).toEqual(new Set([1, 2, 3]))
      expect(values(await rest(cursor))).toEqual([4, 5])
    }))

  it('reads one log, and says TRIMMED with the bounds: seek is the choice', () =>
    withStore(async opened => {
      await fill(opened.store, 12)
      const log = opened.store.outbox(alice)
      const cursor = opened.store.cursor('c', { log })
      const [first] = await rest(cursor)
      await cursor.acknowledge(first!)
      expect(await cursor.status()).toMatchObject({
        log: { actor: alice, box: 'outbox' },
        seq: 1,
        lag: 5,
        position: null,
      })
      await log.trim({ before: 4 })
      await expect(rest(cursor)).rejects.toMatchObject({ code: 'TRIMMED', first: 4, tip: 6 })
      expect(await cursor.status()).toMatchObject({ error: expect.stringContaining('begins at 4') })
      await expect(cursor.seek(1)).rejects.toMatchObject({ code: 'TRIMMED' })
      await expect(cursor.seek(7)).rejects.toMatchObject({ code: 'AHEAD' })
      await cursor.seek('start')
      const reopened = (await opened.reopen()).cursor('c', { log: opened.store.outbox(alice) })
      expect(values(await rest(reopened))).toEqual([8, 10, 12])
      await reopened.seek(5)
      expect(values(await rest(reopened))).toEqual([12])
      await reopened.seek('end')
      expect(await rest(reopened)).toEqual([])
    }))

  it('begins again in the new log of an actor that was removed and added again', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const cursor = store.cursor('c', { log: store.outbox(alice) })
      for (const record of await rest(cursor)) await cursor.acknowledge(record)
      await store.actors.remove(alice)
      await expect(rest(cursor)).rejects.toMatchObject({ code: 'NO_ACTOR', status: 'removed' })
      await store.actors.add(alice)
      await store.outbox(alice).append('new')
      expect(values(await rest(cursor))).toEqual(['new'])
      expect((await cursor.status()).lag).toBe(1)
    }))

  it('filters, passes over what is not for it, and does not look at that again', () =>
    withStore(async opened => {
      await fill(opened.store)
      const options = { boxes: ['outbox'], actors: [alice], where: ({ value }: ConsumerRecord) => value !== 2 } as const
      const cursor = opened.store.cursor('c', options)
      const [four] = await rest(cursor)
      expect(four?.value).toBe(4)
      await cursor.acknowledge(four!)
      expect(await rest(cursor)).toEqual([])
      expect((await cursor.status()).lag).toBe(0)
      const store = await opened.reopen()
      const all = store.cursor('c')
      await store.outbox(bob).append('later')
      // The place is what is durable; the filter is given anew each time.
      expect(values(await rest(all))).toEqual(['later'])
    }))

  it('begins where it was told to, once', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const feed = await collect(store.feed({ live: false }))
      const atEnd = store.cursor('end', { from: 'end' })
      await atEnd.status()
      expect(values(await rest(store.cursor('position', { from: feed[2]!.position })))).toEqual([4, 5])
      expect(values(await rest(store.cursor('seq', { log: store.outbox(bob), from: 2 })))).toEqual([5])
      await store.outbox(bob).append(6)
      expect(values(await rest(atEnd))).toEqual([6])
    }))

  it('goes live, one reading at a time, and is forgotten when it is removed', () =>
    withStore(async ({ store }) => {
      await fill(store)
      const cursor = store.cursor('c', { from: 'end' })
      await cursor.status()
      const reading = cursor.follow()
      const next = reading.next()
      await expect(cursor.follow().next()).rejects.toMatchObject({
        code: 'CONSUMER_BUSY',
        consumer: 'c',
        name: 'TwinlogError',
      })
      await expect(cursor.seek('start')).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
      await expect(cursor.remove()).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
      await store.inbox(bob).append('live')
      expect((await next).value).toMatchObject({ value: 'live' })
      expect(await cursor.status()).toMatchObject({ state: 'running' })
      await reading.return?.()
      await cursor.remove()
      expect(await rest(cursor)).toEqual([])
    }))

  it('run handles and acknowledges, and what a handler throws ends it: the record is given again', () =>
    withStore(async opened => {
      await fill(opened.store)
      const cursor = opened.store.cursor<number>('c')
      const handled: number[] = []
      const failing = cursor.run(
        async ({ value }) => {
          if (value === 4) throw new Error('handler')
          handled.push(value)
        },
        { live: false, concurrency: 3 },
      )
      await expect(failing).rejects.toThrow('handler')
      expect(handled).toContain(3)
      expect(await cursor.status()).toMatchObject({ lag: 2 })
      const again: number[] = []
      await (await opened.reopen()).cursor<number>('c').run(({ value }) => void again.push(value), { live: false })
      expect(again).toEqual([4, 5])
    }))

  it('what a handler appends is there exactly once, whatever is refused, thrown and begun again', () =>
    withStore(async opened => {
      await fill(opened.store, 30)
      let attempt = 0
      for (let isDone = false; !isDone;) {
        const { store } = opened
        const cursor = store.cursor<number>('c', { boxes: ['outbox'] })
        isDone = await cursor
          .run(
            async ({ value }) => {
              attempt += 1
              if (attempt % 7 === 0) throw new Error('now and then')
              const log = attempt % 5 === 0 ? store.inbox('nobody') : store.inbox(alice)
              return { append: [{ log, value: `made of ${value}` }] }
            },
            { live: false, concurrency: 4 },
          )
          .then(
            () => true,
            () => false,
          )
        if (!isDone) await opened.reopen()
      }
      const made = values((await collect(opened.store.inbox(alice).read())) as ConsumerRecord[])
      expect(made).toEqual(Array.from({ length: 30 }, (__, i) => `made of ${i + 1}`))
    }))

  it('trim keeps what a cursor has yet to read, when it is asked to', () =>
    withStore(async ({ store }) => {
      await fill(store, 10)
      const log = store.outbox(alice)
      const onLog = store.cursor('log', { log })
      const onFeed = store.cursor('feed', { actors: [alice] })
      const others = store.cursor('others', { actors: [bob] })
      const otherLog = store.cursor('other_log', { log: store.inbox(alice) }).name
      expect(otherLog).toBe('other_log')
      await others.status()
      for (const record of (await rest(onLog)).slice(0, 3)) await onLog.acknowledge(record)
      for (const record of (await rest(onFeed)).slice(0, 2)) await onFeed.acknowledge(record)
      expect(await log.trim({ before: 6, respectCursors: true })).toEqual({ first: 3, tip: 5 })
      for (const record of await rest(onFeed)) await onFeed.acknowledge(record)
      expect(await log.trim({ before: 6, respectCursors: true })).toEqual({ first: 4, tip: 5 })
      for (const record of await rest(onLog)) await onLog.acknowledge(record)
      expect(await log.trim({ before: 6, respectCursors: true })).toEqual({ first: 6, tip: 5 })
      await expect(log.trim({ before: 7, respectCursors: true })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
    }))
})

it('gives no more than `ahead` records that are not acknowledged', () =>
  withMemory(async ({ store }) => {
    await fill(store, 10)
    const cursor = store.cursor('c')
    const reading = cursor.follow({ ahead: 2 })
    const [first, second] = [(await reading.next()).value, (await reading.next()).value] as ConsumerRecord[]
    const third = reading.next()
    const early = await Promise.race([third, new Promise(resolve => setImmediate(() => resolve('waits')))])
    expect(early).toBe('waits')
    await cursor.acknowledge(first!)
    expect((await third).value).toMatchObject({ value: 3 })
    const fourth = reading.next()
    await reading.return?.()
    expect((await fourth).done).toBe(true)
    await cursor.acknowledge(second!)
  }))

it('moves once for many acknowledgements, and each move expects the version before', () =>
  withMemory(async ({ logStore }) => {
    const flushes: Flush[] = []
    const store = createStore(
      override(logStore, {
        append: flush => {
          flushes.push(flush)
          return logStore.append(flush)
        },
      }),
    )
    await fill(store, 200)
    const cursor = store.cursor('c')
    const given = await rest(cursor)
    flushes.length = 0
    await Promise.all(given.map(record => cursor.acknowledge(record)))
    expect(flushes.length).toBeLessThanOrEqual(3)
    expect(flushes.flatMap(({ items }) => items ?? []).every(({ expectedVersion }) => expectedVersion! > 0)).toBe(true)
  }))

it('what is refused, is refused alone with those behind it, and can be acknowledged otherwise', () =>
  withMemory(async ({ store }) => {
    await fill(store, 4)
    const cursor = store.cursor('c')
    const [one, two, three] = await rest(cursor)
    const append = [{ log: store.inbox('nobody'), value: 1 }]
    const results = await Promise.allSettled([
      cursor.acknowledge(one!, { append: [{ log: store.inbox(bob), value: 'of one' }] }),
      cursor.acknowledge(two!, { append }),
      cursor.acknowledge(three!),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(results[1]).toMatchObject({ reason: { code: 'NO_ACTOR' } })
    await expect(cursor.acknowledge(three!)).rejects.toMatchObject({ code: 'NO_ACTOR' })
    await Promise.all([cursor.acknowledge(two!), cursor.acknowledge(three!)])
    expect(values(await rest(cursor))).toEqual([4, 'of one'])
    expect(await store.inbox(bob).tip()).toBe(1)
  }))

it('misuse is a TypeError or has a code', () =>
  withMemory(async ({ store }) => {
    await fill(store, 4)
    for (const name of ['', 'a/b', 'x'.repeat(129), '\u0000'])
      expect(() => store.cursor(name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    const log = store.inbox(alice)
    expect(() => store.cursor('c', { log, boxes: ['inbox'] })).toThrow(TypeError)
    const cursor = store.cursor('c')
    const [first] = await rest(cursor)
    const [again] = await rest(cursor)
    await expect(cursor.acknowledge(first!)).rejects.toBeInstanceOf(TypeError)
    await cursor.acknowledge(again!)
    await expect(cursor.acknowledge(again!)).rejects.toBeInstanceOf(TypeError)
    await expect(cursor.acknowledge({ ...again! })).rejects.toBeInstanceOf(TypeError)
    await expect(store.cursor('d').run(undefined as never)).rejects.toBeInstanceOf(TypeError)
  }))
