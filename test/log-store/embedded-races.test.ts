/** Two things at once, held up at the moment where one could meet the other half done. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdir, readlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, appendAll, bob, contents, inbox, key, readAll } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import { QuickReads } from '../../src/key-index/quick-reads.ts'
import { FaultDisk } from '../commit-log/fault-disk.ts'
import { codeOf, copyOf, openDriver, reopened, withDirectory, withStore } from './embedded-store.ts'

const log = inbox(alice)

/** Until the test ends, or what it returns is called. */
function listenTo(name: string, listener: (message: unknown) => void): () => void {
  const stop = (): void => void unsubscribe(name, listener)
  subscribe(name, listener)
  onTestFinished(stop)
  return stop
}

/** Reads go through the thread pool, as they do while a disk is slow. */
function readCold(): void {
  const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(false)
  onTestFinished(() => pace.mockRestore())
}

// oxlint-disable-next-line typescript/unbound-method -- it is bound again where it is called
const { locations } = KeyIndex.prototype

/** Makes whoever asks the index for locations wait until the promise resolves. */
function locateAfter(promise: Promise<void>): void {
  const slow = vi.spyOn(KeyIndex.prototype, 'locations').mockImplementation(async function (this: KeyIndex, ...args) {
    await promise
    return locations.apply(this, args)
  })
  onTestFinished(() => slow.mockRestore())
  const now = vi.spyOn(QuickReads.prototype, 'location').mockReturnValue(undefined)
  onTestFinished(() => now.mockRestore())
}

/** A disk whose operations of one kind wait until they are let go. */
class GatedDisk extends FaultDisk {
  #gate: Promise<void> | null = null
  #open = (): void => undefined
  waiting = 0

  hold(): void {
    this.#gate = new Promise(resolve => {
      this.#open = resolve
    })
  }

  letGo(): void {
    this.#gate = null
    this.#open()
  }

  override async create(path: string, options: { readonly durable: boolean }) {
    const file = await super.create(path, options)
    const gated = async <Value>(run: () => Promise<Value>): Promise<Value> => {
      this.waiting += 1
      await this.#gate
      this.waiting -= 1
      return run()
    }
    return options.durable
      ? { ...file, write: (bytes: Buffer, at: number) => gated(() => file.write(bytes, at)) }
      : { ...file, sync: () => gated(() => file.sync()) }
  }

  async untilWaiting(): Promise<void> {
    while (this.waiting === 0) await turn()
  }
}

/** Files below a directory that this process has open, where the system can tell. */
async function openBelow(path: string): Promise<string[]> {
  const numbers = await readdir('/proc/self/fd').catch(() => [])
  const files = await Promise.all(numbers.map(number => readlink(`/proc/self/fd/${number}`).catch(() => '')))
  return files.filter(file => file.startsWith(path))
}

/** What a power cut leaves of a segment of which only so many bytes were synced. */
async function cutOff(path: string, to: string, bytes: number): Promise<string> {
  await copyOf(path, to)
  await truncate(join(to, 'segments', '0000000001-0000000001.0.seg'), bytes)
  return to
}

describe('a trim or a removal while a cold read is on its way', () => {
  it('is no damage: nothing is rebuilt, and the read shows what is there now', async () => {
    // The locations it looked for had been cleared meanwhile. The range was called damaged and made anew, from all of the log.
    let repairs = 0
    listenTo('twinlog:index-repair', () => {
      repairs += 1
    })
    for (const change of ['trim', 'removal']) {
      await withStore({}, async store => {
        await store.addActor(alice)
        await appendAll(store, log, ['1', '2', '3', '4'])
        await store.flushIndex()
        let go = (): void => undefined
        locateAfter(new Promise(resolve => (go = resolve)))
        const reads = [1, 2, 3].map(from => store.read(log, { from, to: 9, limit: 9 }))
        await (change === 'trim' ? store.trim(log, 4) : store.removeActor(alice))
        await store.flushIndex()
        go()
        for (const slice of await Promise.all(reads)) {
          if (change === 'trim') expect(slice!.records.map(record => record.seq)).toEqual([4])
          else expect(slice).toBeNull()
        }
      })
    }
    expect(repairs).toBe(0)
  })
})

describe('with durability os, the index never passes what is surely on disk', () => {
  it('when a range is made anew while appends go on', async () => {
    // Rebuilding synced first and read the log afterwards: the index knew of records that a power cut took away, and
    // the next append left a gap behind them.
    await withDirectory(async path => {
      const disk = new GatedDisk(nodeDisk(path))
      const store = await openDriver(path, { durability: 'os', segmentBytes: 1024 * 1024 }, disk)
      await store.addActor(alice)
      await store.flushIndex()
      store.indexer.pause()
      await appendAll(store, log, ['1', '2', '3'])
      const synced = store.stats().logBytes
      disk.hold()
      const rebuilt = store.rebuildIndex(log)
      await disk.untilWaiting()
      await appendAll(store, log, ['4', '5'])
      disk.letGo()
      await rebuilt
      const left = await cutOff(path, `${path}-left`, 128 + synced)
      await store.close()
      await reopened(left, async next => {
        expect(await next.bounds(log)).toMatchObject({ first: 1, tip: 3 })
        expect(await contents(next, log)).toEqual(['1 1', '2 2', '3 3'])
        expect(await append(next, log, 'next')).toEqual({ status: 'appended', seq: 4 })
      })
    })
  })

  it('when a log is trimmed while its records are being indexed', async () => {
    // The batch took the trim along, though its own frames had been synced without it: after a power cut the records
    // were back in the log and missing from the index.
    await withDirectory(async path => {
      const disk = new GatedDisk(nodeDisk(path))
      const store = await openDriver(path, { durability: 'os', segmentBytes: 1024 * 1024 }, disk)
      await store.addActor(alice)
      await store.flushIndex()
      await appendAll(store, log, ['1', '2', '3'])
      const synced = store.stats().logBytes
      disk.hold()
      const indexed = store.flushIndex()
      await disk.untilWaiting()
      await store.trim(log, 3)
      disk.letGo()
      await indexed
      const left = await cutOff(path, `${path}-left`, 128 + synced)
      await store.close()
      await reopened(left, async next => {
        expect(await next.bounds(log)).toMatchObject({ first: 1, tip: 3 })
        expect(await contents(next, log)).toEqual(['1 1', '2 2', '3 3'])
      })
    })
  })
})

describe('closing', () => {
  it('while reads and look-ups are on their way answers each or says CLOSED, and leaves no file open', async () => {
    // Handles were closed under reads in the thread pool, and reads that came later opened new ones for good.
    readCold()
    await withDirectory(async path => {
      await reopened(path, async store => {
        for (const actor of [alice, bob]) await store.addActor(actor)
        for (let i = 0; i < 60; i += 1) await append(store, log, `${i} ${'x'.repeat(400)}`, { key: key(`key ${i}`) })
      })
      for (let round = 0; round < 12; round += 1) {
        const store = await openDriver(path)
        const calls = [
          ...Array.from({ length: 20 }, (_, i) => store.read(log, { from: 1 + i, to: 60, limit: 60 })),
          ...Array.from({ length: 20 }, (_, i) => store.find(log, key(`key ${i}`))),
          readAll(store, log),
          store.listActors({ after: 0, limit: 10 }),
          store.rebuildIndex(log),
          append(store, inbox(bob), `round ${round}`),
        ].map(call => codeOf(call))
        for (let i = 0; i < round; i += 1) await turn()
        await store.close()
        for (const code of await Promise.all(calls)) expect([null, 'CLOSED']).toContain(code)
        expect(await openBelow(path)).toEqual([])
      }
      await reopened(path, async store => expect(await store.bounds(inbox(bob))).toMatchObject({ tip: 12 }))
    })
  })

  it('while the indexer works, sweeps or is paused ends all the same, and the next open has everything', async () => {
    await withDirectory(async path => {
      for (let round = 0; round < 8; round += 1) {
        await reopened(path, async store => {
          await store.addActor(alice)
          await Promise.all(Array.from({ length: 300 }, (_, i) => append(store, log, `${round} ${i}`)))
          await store.trim(log, 1 + (await store.bounds(log))!.tip - 10)
          if (round % 3 === 0) store.indexer.pause()
          if (round % 3 === 1) void store.flushIndex().catch(() => null)
          if (round % 4 === 3) await store.removeActor(alice)
        })
      }
      await reopened(path, async store => expect(await store.actorStatus(alice)).toBe('removed'))
    })
  })
})

describe('what is acknowledged', () => {
  it('is listed, even while the next change of it is on its way', async () => {
    await withDirectory(async path => {
      const disk = new GatedDisk(nodeDisk(path))
      const store = await openDriver(path, {}, disk)
      await store.addActor(bob)
      const put = (value: string): Promise<unknown> =>
        store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from(value) }] })
      // All of it known, so that the first two share a frame and the last two the next.
      await Promise.all([store.item('i'), store.actorStatus(alice)])
      const first = [put('one'), store.addActor(alice)]
      await turn()
      const second = [put('two'), store.removeActor(alice)]
      await Promise.all(first.map(each => each.then(() => disk.hold())))
      expect(await listed(store)).toEqual({ items: ['one'], actors: [bob, alice] })
      disk.letGo()
      await Promise.all(second)
      expect(await listed(store)).toEqual({ items: ['two'], actors: [bob] })
      await store.close()
    })
  })
})

it('a listener that is taken back before its turn has come is not called', async () => {
  // It had been put in line already, and was called after the function that ends it had returned.
  await withStore({}, async store => {
    await store.addActor(alice)
    let calls = 0
    const stop = store.watch(log, () => (calls += 1))
    const unsubscribed = new Promise<void>(resolve => {
      listenTo('twinlog:commit', () => {
        stop()
        resolve()
      })
    })
    await append(store, log, 'x')
    await unsubscribed
    await turn()
    expect(calls).toBe(0)
  })
})

async function listed(store: EmbeddedLogStore): Promise<{ items: string[]; actors: string[] }> {
  const items: string[] = []
  for await (const [, item] of store.listItems('')) items.push(String(item.value))
  return { items, actors: (await store.listActors({ after: 0, limit: 9 })).map(actor => actor.id) }
}
