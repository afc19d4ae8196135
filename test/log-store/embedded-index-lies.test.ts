/** Single keys of the index, changed by bare classic-level: an older head, a hole, a flipped bit, a key from nowhere. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { append, alice, bob, contents, inbox, key } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { actorNumber, type Bare, bareKey, dump, withBare } from './embedded-bare-index.ts'
import { copyOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'

const log = inbox(alice)
const keys = ['k1', 'k6', 'k20']
const entry = (number: number, seq: number): Buffer => bareKey(2 * number, 1, 0, 0, 0, 0, 0, 0, seq)
const head = (number: number): Buffer => bareKey(2 * number, 0)

async function fill(store: EmbeddedLogStore, from = 1, to = 20): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  for (let i = from; i <= to; i += 1) {
    await append(store, log, `record ${i}`, { key: key(`k${i}`) })
    await append(store, inbox(bob), `other ${i}`)
    await store.append({ payloads: [], appends: [], items: [{ key: `item ${i % 5}`, value: Buffer.from(`${i}`) }] })
  }
}

/** How often a range was mended while `run` ran. */
async function repairs(run: () => Promise<unknown>): Promise<number> {
  let count = 0
  const listener = (): void => void (count += 1)
  subscribe('twinlog:index-repair', listener)
  try {
    await run()
  } finally {
    unsubscribe('twinlog:index-repair', listener)
  }
  return count
}

/** Runs `lie` on the index of a closed store; what the store then shows must be what it showed before. */
async function assertMended(lie: (index: Bare, number: number) => Promise<unknown>, isSeen = true): Promise<void> {
  await withDirectory(async path => {
    await reopened(path, async store => {
      await fill(store)
      await store.trim(log, 6)
    })
    const before = await dump(path)
    const look = (store: EmbeddedLogStore): Promise<unknown> => everything(store)
    const expected = await reopened(path, look)
    await withBare(path, async index => lie(index, await actorNumber(index, alice)))
    const count = await repairs(async () => expect(await reopened(path, look)).toEqual(expected))
    expect(count > 0).toBe(isSeen)
    expect(await reopened(path, store => append(store, log, 'next'))).toEqual({ status: 'appended', seq: 21 })
    // Mended for good, and nothing but that.
    await withDirectory(async other => {
      await copyOf(path, other)
      const mended = await dump(path)
      for (const [name, value] of before) {
        if (!name.startsWith(bareKey(2 * 1).toString('hex'))) expect(mended.get(name), name).toBe(value)
      }
    })
  })
}

async function everything(store: EmbeddedLogStore): Promise<unknown> {
  const items: unknown[] = []
  for await (const [name, item] of store.listItems('')) items.push([name, item.version, String(item.value)])
  return {
    log: await holdings(store, log, keys),
    other: await holdings(store, inbox(bob)),
    actors: await store.listActors({ after: 0, limit: 10 }),
    items,
    item: await store.item('item 3'),
  }
}

/** Flips a bit of the value at a key. */
async function flip(index: Bare, at: Buffer, byte = 0): Promise<void> {
  const value = Buffer.from((await index.get(at))!)
  value[byte]! ^= 4
  await index.put(at, value)
}

describe('a lie of the index is found out and mended', () => {
  it('when a head is missing', () => assertMended((index, number) => index.del(head(number))))
  it('when the entry at the tip is missing', () => assertMended((index, number) => index.del(entry(number, 20))))
  it('when the first entry is missing', () => assertMended((index, number) => index.del(entry(number, 6))))
  it('when an entry in the middle is missing', () => assertMended((index, number) => index.del(entry(number, 12))))
  it('when the value of a head is damaged', () => assertMended((index, number) => flip(index, head(number), 15)))
  it('when the value of an entry is damaged', () => assertMended((index, number) => flip(index, entry(number, 9))))
  it('when the value of a key is damaged', () =>
    assertMended((index, number) => flip(index, bareKey(2 * number, 2, ...key('k6')))))
  it('when the value of an actor is damaged', () =>
    assertMended(async (index, number) => flip(index, bareKey(0, 3, ...Buffer.from(alice)), number === 0 ? 1 : 5)))
  it('when the number of an actor is damaged, which only a listing meets', () =>
    assertMended((index, number) => flip(index, bareKey(0, 4, 0, 0, 0, 0, 0, number))))
  it('when the value of an item is damaged, in the middle of a listing', () =>
    assertMended(index => flip(index, bareKey(0, 5, ...Buffer.from('item 2')))))

  it('when a flipped bit made a key of one that never was', async () => {
    // Rebuilding put the right values back but left the foreign key, so the damage was there again at once: INDEX_FAILED.
    await assertMended(async (index, number) => index.put(entry(number, 21), (await index.get(entry(number, 20)))!))
    await assertMended(async (index, number) =>
      index.put(bareKey(0, 4, 0, 0, 0, 0, 0, 77), (await index.get(bareKey(0, 4, 0, 0, 0, 0, 0, number)))!),
    )
    await assertMended(async index =>
      index.put(
        Buffer.concat([bareKey(0, 5), Buffer.from('item 22')]),
        (await index.get(bareKey(0, 5, ...Buffer.from('item 2'))))!,
      ),
    )
  })

  it('when an older head is shown, with the newer entries or without the newest', async () => {
    // A damaged table hides the newest version of a key, and the one before it comes to light.
    for (const isTipGone of [false, true]) {
      await withDirectory(async path => {
        await reopened(path, store => fill(store, 1, 10))
        const older = await withBare(path, async index => (await index.get(head(await actorNumber(index, alice))))!)
        await reopened(path, store => fill(store, 11, 20))
        const expected = await reopened(path, everything)
        await withBare(path, async index => {
          const number = await actorNumber(index, alice)
          await index.put(head(number), older)
          if (isTipGone) await index.del(entry(number, 20))
        })
        expect(await repairs(async () => expect(await reopened(path, everything)).toEqual(expected))).toBe(1)
      })
    }
  })
})

describe('replay', () => {
  it('begins where the ledger has a gap, whatever the checkpoint says', async () => {
    // LevelDB lost a batch in the middle of its write-ahead log: later batches and the checkpoint were there.
    await withDirectory(async path => {
      const copy = `${path}-killed`
      const store = await openDriver(path)
      for (let round = 0; round < 4; round += 1) {
        await fill(store, 5 * round + 1, 5 * round + 5)
        await store.flushIndex()
      }
      const expected = await everything(store)
      await copyOf(path, copy)
      await store.close()
      await withBare(copy, async index => {
        const number = await actorNumber(index, alice)
        const ledger = await index.keys({ gte: bareKey(0, 1), lt: bareKey(0, 2) }).all()
        expect(ledger.length).toBeGreaterThan(2)
        await index.del(ledger[1]!)
        for (let seq = 6; seq <= 10; seq += 1) await index.del(entry(number, seq))
        for (let seq = 6; seq <= 10; seq += 1) await index.del(bareKey(2 * number, 2, ...key(`k${seq}`)))
      })
      expect(await repairs(async () => expect(await reopened(copy, everything)).toEqual(expected))).toBe(0)
      expect(await dump(copy)).toEqual(await dump(path))
    })
  })

  it('over a head that is missing or damaged ends with the right one: open does not fail, the trim is not forgotten', async () => {
    // A damaged head made every open fail; for a missing one, replay made up a head that began at 1.
    for (const lie of [(index: Bare, at: Buffer) => index.del(at), (index: Bare, at: Buffer) => flip(index, at)]) {
      await withDirectory(async path => {
        const copy = `${path}-killed`
        const store = await openDriver(path)
        await fill(store)
        await store.trim(log, 6)
        await store.flushIndex()
        store.indexer.pause()
        await append(store, log, 'not indexed')
        const expected = await everything(store)
        await copyOf(path, copy)
        await store.close()
        await withBare(copy, async index => lie(index, head(await actorNumber(index, alice))))
        expect(await reopened(copy, store2 => store2.bounds(log))).toMatchObject({ first: 6, tip: 21 })
        expect(await reopened(copy, everything)).toEqual(expected)
      })
    }
  })
})

it('a head that is missing or damaged stops nobody from clearing what a trim left, and costs nobody a key', async () => {
  // The sweep met the damaged head first: the index was called failed, for all logs.
  for (const lie of [(index: Bare, at: Buffer) => index.del(at), (index: Bare, at: Buffer) => flip(index, at)]) {
    await withDirectory(async path => {
      await reopened(path, fill)
      await withBare(path, async index => {
        const number = await actorNumber(index, alice)
        await lie(index, head(number))
        // What a trim notes for the sweep.
        await index.put(bareKey(0, 2, 0, 0, 0, 0, 0, 2 * number), Buffer.alloc(4))
      })
      await reopened(path, async store => {
        await store.flushIndex()
        expect(store.stats().index.state).toBe('current')
        expect(await store.find(log, key('k3'))).toBe(3)
        expect(await contents(store, log)).toHaveLength(20)
        expect(await append(store, log, 'record 3', { key: key('k3') })).toEqual({ status: 'duplicate', seq: 3 })
      })
    })
  }
})

it('an index that lost everything but its checkpoint is made anew', async () => {
  await withDirectory(async path => {
    await reopened(path, fill)
    const expected = await reopened(path, everything)
    const before = await dump(path)
    await withBare(path, index => index.clear({ gt: bareKey(0, 0) }))
    expect(await reopened(path, everything)).toEqual(expected)
    expect(await dump(path)).toEqual(before)
    await rm(path, { recursive: true })
  })
})
