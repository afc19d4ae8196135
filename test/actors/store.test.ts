/** The store, its actors, and the handles of its logs. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { StoredRecord } from '../../src/log-store/types.ts'
import { openMemory } from '../../src/testing.ts'
import { alice, bob, collect, fill, override, storeOver } from './fixtures.ts'

describe('actors', () => {
  it('are added once, removed once, and it is told which they are', async () => {
    const { actors } = await openMemory()
    expect(await actors.status(alice)).toBe('unknown')
    expect(await actors.add(alice)).toEqual({ added: true })
    expect(await actors.add(alice)).toEqual({ added: false })
    expect(await actors.status(alice)).toBe('active')
    expect(await actors.remove(alice)).toEqual({ removed: true })
    expect(await actors.remove(alice)).toEqual({ removed: false })
    expect(await actors.status(alice)).toBe('removed')
  })

  it('are listed in the order they were added, however many there are', async () => {
    const ids = Array.from({ length: 2500 }, (_, index) => `actor ${index}`)
    const { actors } = await openMemory({ actors: ids })
    await actors.remove('actor 0')
    await actors.add('actor 0')
    expect(await collect(actors.list())).toEqual([...ids.slice(1), 'actor 0'])
  })

  it('that are added while they are listed may be met, none twice', async () => {
    const { actors } = await openMemory({ actors: Array.from({ length: 1000 }, (_, index) => `actor ${index}`) })
    const listed: string[] = []
    for await (const id of actors.list()) {
      listed.push(id)
      if (id === 'actor 5') await actors.add('late')
    }
    expect(listed).toHaveLength(1001)
    expect(listed.at(-1)).toBe('late')
  })
})

describe('a handle', () => {
  it('is a name: it says which log it is, and works before its actor is there', async () => {
    const store = await openMemory()
    const outbox = store.outbox(alice)
    expect([outbox.actor, outbox.box]).toEqual([alice, 'outbox'])
    expect(await outbox.tip()).toBeNull()
    await store.actors.add(alice)
    expect(await outbox.tip()).toBe(0)
  })

  it('knows tip and bounds, and nothing of epochs', async () => {
    const store = await openMemory({ actors: [alice] })
    const inbox = store.inbox(alice)
    expect(await inbox.bounds()).toEqual({ first: 1, tip: 0 })
    await fill(inbox, 5)
    expect(await inbox.trim({ before: 3 })).toEqual({ first: 3, tip: 5 })
    expect(await inbox.bounds()).toEqual({ first: 3, tip: 5 })
    expect(await inbox.trim({ before: 1 })).toEqual({ first: 3, tip: 5 })
    await expect(inbox.trim({ before: 7 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE', max: 6 })
  })

  it.each(['unknown', 'removed'] as const)('of an actor that is %s says so, whatever is asked of it', async status => {
    const store = await openMemory({ actors: [alice] })
    if (status === 'removed') await store.actors.remove(alice)
    const inbox = store.inbox(status === 'removed' ? alice : bob)
    const calls: Promise<unknown>[] = [
      inbox.append(1),
      inbox.bounds(),
      inbox.get(1),
      inbox.page(),
      inbox.read().next(),
      inbox.follow().next(),
      inbox.find('key'),
      inbox.trim({ before: 1 }),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'NO_ACTOR', actor: inbox.actor, status })
  })
})

describe('a record', () => {
  it('is the caller’s own: its bytes and values may be changed', async () => {
    const store = await openMemory({ actors: [alice] })
    const inbox = store.inbox(alice)
    await inbox.append({ a: 1 }, { meta: [1] })
    const record = (await inbox.get<{ a: number }>(1))!
    record.value.a = 2
    record.bytes.fill(0)
    expect(record.value).toEqual({ a: 2 })
    expect(await inbox.get(1)).toMatchObject({ value: { a: 1 }, meta: [1] })
  })

  it('is decoded once, on first use', async () => {
    const store = await openMemory({ actors: [alice] })
    const inbox = store.inbox(alice)
    await inbox.append({ a: 1 }, { meta: {} })
    const record = (await inbox.get(1))!
    expect(record.value).toBe(record.value)
    expect(record.meta).toBe(record.meta)
  })

  it('prints its value', async () => {
    const store = await openMemory({ actors: [alice], clock: () => 5 })
    const inbox = store.inbox(alice)
    await inbox.appendJson('{"a":1}')
    await inbox.append('b', { meta: 'c' })
    expect(inspect(await inbox.get(1))).toBe("{ seq: 1, receivedAt: 5, codec: 'json', value: { a: 1 } }")
    expect(inspect(await inbox.get(2))).toMatch(/value: 'b',\s+meta: 'c'/)
  })

  it('whose bytes another writer left undecodable is CORRUPT when its value is asked for, not before', async () => {
    const inner = createMemoryLogStore()
    const damage = (record: StoredRecord): StoredRecord => ({
      ...record,
      payload: Buffer.from('{'),
      meta: Buffer.of(0xc1, 0),
    })
    const store = await storeOver(
      override(inner, {
        read: async (log, range) => {
          const slice = (await inner.read(log, range))!
          return { ...slice, records: slice.records.map(damage) }
        },
      }),
    )
    await store.inbox(alice).appendJson('{}')
    const record = (await store.inbox(alice).get(1))!
    const facts = { code: 'CORRUPT', actor: alice, box: 'inbox', seq: 1 }
    expect(() => record.value).toThrow(expect.objectContaining({ ...facts, place: 'payload' }))
    expect(() => record.meta).toThrow(expect.objectContaining({ ...facts, place: 'meta' }))
  })
})

describe('a log store that breaks the seam', () => {
  it.each([
    ['leaves out the first record', (records: readonly StoredRecord[]) => records.slice(1)],
    ['gives none', () => []],
  ])('%s: the reader is told, and skips nothing', async (_, broken) => {
    const inner = createMemoryLogStore()
    const store = await storeOver(
      override(inner, {
        read: async (log, range) => {
          const slice = (await inner.read(log, range))!
          return { ...slice, records: broken(slice.records) }
        },
      }),
    )
    await fill(store.inbox(alice), 3)
    await expect(collect(store.inbox(alice).read())).rejects.toThrow('The log store')
    await expect(store.inbox(alice).page()).rejects.toThrow('The log store')
    await expect(store.inbox(alice).follow().next()).rejects.toThrow('The log store')
  })
})

describe('a store', () => {
  it('passes flush, flushIndex and stats on to its log store', async () => {
    const asked: string[] = []
    const note = (name: string) => async () => void asked.push(name)
    const inner = createMemoryLogStore()
    const store = createStore(override(inner, { flush: note('flush'), flushIndex: note('flushIndex') }))
    await store.flush()
    await store.flushIndex()
    expect(asked).toEqual(['flush', 'flushIndex'])
    expect(store.stats()).toEqual(inner.stats())
  })

  it('closes once, however often it is asked, and disposes by closing', async () => {
    let closes = 0
    const inner = createMemoryLogStore()
    const close = async (): Promise<void> => {
      closes += 1
      await inner.close()
    }
    const store = createStore(override(inner, { close }))
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()])
    expect(closes).toBe(1)
    expect(store.stats().state).toBe('closed')
  })

  it('that is closed rejects every call with CLOSED', async () => {
    const store = await openMemory({ actors: [alice] })
    const inbox = store.inbox(alice)
    await store.close()
    const calls: Promise<unknown>[] = [
      inbox.append(1),
      inbox.appendJson('1'),
      inbox.appendBytes(new Uint8Array()),
      inbox.tip(),
      inbox.bounds(),
      inbox.get(1),
      inbox.page(),
      inbox.read().next(),
      inbox.follow().next(),
      inbox.find('key'),
      inbox.trim({ before: 1 }),
      store.append([{ log: inbox, value: 1 }]),
      store.actors.add(bob),
      store.actors.remove(alice),
      store.actors.status(alice),
      store.actors.list().next(),
      store.flush(),
      store.flushIndex(),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

it('openMemory adds the actors it is given and takes the options of a store', async () => {
  const store = await openMemory({ actors: [bob, alice], clock: () => 7, payloadBytesMax: 3 })
  expect(await collect(store.actors.list())).toEqual([bob, alice])
  await store.inbox(bob).appendJson('"a"')
  expect(await store.inbox(bob).get(1)).toMatchObject({ receivedAt: 7 })
  await expect(store.inbox(bob).appendJson('"ab"')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', bytesMax: 3 })
})
