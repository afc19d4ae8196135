/** Damage to the commit log as a store shows it: one record at most is lost to it, or the store says LOG_LOST; no lie. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { appendFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, bob, inbox, outbox } from '../../src/log-store/conformance/suite.ts'
import { FaultDisk } from '../commit-log/fault-disk.ts'
import { actorNumber, rangeOf, withBare } from './embedded-bare-index.ts'
import { damage, damaged, everything, fill, keyOf, log, segment, using, whole } from './embedded-damage.ts'
import { codeOf, copyOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

describe('a damaged payload', () => {
  it('loses its record alone: CORRUPT says which; the neighbours read, appends go on, keys stay', async () => {
    await damaged(
      path => damage(path, 'second'),
      async open => {
        for (let round = 0; round < 2; round += 1) {
          await using(open, async store => {
            const { alice: found, ...rest } = await everything(store)
            expect(found.slice(0, 4)).toEqual(['1 first', '2 CORRUPT', '3 third', '4 shared body'])
            expect(rest).toEqual({ bob: whole.bob, outbox: whole.outbox, shared: whole.shared })
            expect(await store.find(log, keyOf('second'))).toBe(2)
            expect(await append(store, log, 'second', { key: keyOf('second') })).toEqual({
              status: 'duplicate',
              seq: 2,
            })
            expect(await append(store, log, `round ${round}`)).toEqual({ status: 'appended', seq: 5 + round })
          })
        }
      },
    )
  })

  it('stops a longer read before it, in both directions, and is met by the next one', async () => {
    await damaged(
      path => damage(path, 'second'),
      open =>
        using(open, async store => {
          const up = await store.read(log, { from: 1, to: 9, limit: 9 })
          expect(up!.records.map(record => record.seq)).toEqual([1])
          const down = await store.read(log, { from: 1, to: 9, limit: 9, reverse: true })
          expect(down!.records.map(record => record.seq)).toEqual([4, 3])
          expect(await codeOf(store.read(log, { from: 2, to: 9, limit: 9 }))).toBe('CORRUPT')
        }),
    )
  })

  it('that several records share is lost to each of them, and to no other', async () => {
    await damaged(
      path => damage(path, 'shared body'),
      open =>
        using(open, async store => {
          expect(await everything(store)).toEqual({
            ...whole,
            alice: [...whole.alice.slice(0, 3), '4 CORRUPT'],
            shared: ['1 CORRUPT'],
          })
        }),
    )
  })

  it("of twinlog's own entries costs nothing as long as there is an index, and is LOG_LOST without", async () => {
    // What a damaged trim or a damaged actor said can't be known.
    await damaged(
      path => damage(path, bob),
      async (open, hasIndex) => {
        if (hasIndex) await using(open, async store => expect(await everything(store)).toEqual(whole))
        else expect(await codeOf(open())).toBe('LOG_LOST')
      },
    )
  })
})

describe('a damaged header', () => {
  it('of a frame loses nothing', async () => {
    await damaged(
      // The frame's header stands before the entry's: 64 bytes, and 56 + 16 of the entry.
      path => damage(path, 'second', -(56 + 16 + 40)),
      open => using(open, async store => expect(await everything(store)).toEqual(whole)),
    )
  })

  it('of an entry loses its record as long as there is an index, and is LOG_LOST without', async () => {
    await damaged(
      path => damage(path, 'second', -(56 + 16 - 20)),
      async (open, hasIndex) => {
        if (!hasIndex) expect(await codeOf(open())).toBe('LOG_LOST')
        else {
          await using(open, async store => {
            expect(await everything(store)).toEqual({
              ...whole,
              alice: ['1 first', '2 CORRUPT', '3 third', '4 shared body'],
            })
          })
        }
      },
    )
  })

  it('of the last segment is LOG_LOST without an index, which alone knows where it began', async () => {
    await damaged(
      path => damage(path, 'TWINSEG', 20),
      async (open, hasIndex) => {
        if (hasIndex) await using(open, async store => expect(await everything(store)).toEqual(whole))
        else expect(await codeOf(open())).toBe('LOG_LOST')
      },
    )
  })
})

describe('a log that lost something', () => {
  it('is refused: a missing file, a file shorter than the index says, an index ahead of the log', async () => {
    await withDirectory(async path => {
      for (let round = 0; round < 3; round += 1)
        await reopened(path, async store => (await store.addActor(`${round}`), undefined))
      const from = await copyOf(path, `${path}-from`)
      for (const missing of [1, 2, 3]) {
        await rm(segment(await copyOf(from, path), missing))
        expect(await codeOf(openDriver(path)), String(missing)).toBe('LOG_LOST')
      }
      const { size } = await stat(segment(await copyOf(from, path), 3))
      for (const length of [0, 64, 128, size - 1]) {
        await truncate(segment(path, 3), length)
        expect(await codeOf(openDriver(path)), String(length)).toBe('LOG_LOST')
        await copyOf(from, path)
      }
      // Refused, not changed: the file put back, everything is there.
      await reopened(path, async store => expect(await store.listActors({ after: 0, limit: 9 })).toHaveLength(3))
    })
  })

  it('is refused when its index is ahead of it, though every file is there', async () => {
    // The segments of an older copy of the store, opened a few times since, and the index of the newer one.
    await withDirectory(async path => {
      await reopened(path, async store => (await store.addActor(alice), undefined))
      const older = await copyOf(path, `${path}-older`)
      await reopened(path, fill)
      for (let round = 0; round < 2; round += 1) await reopened(older, store => store.addActor(`${round}`))
      await rm(join(older, 'index'), { recursive: true })
      await copyOf(join(path, 'index'), join(older, 'index'))
      expect(await codeOf(openDriver(older))).toBe('LOG_LOST')
    })
  })
})

describe('what opening found is told on twinlog:open', () => {
  it('bytes of a torn write, commits written again, commits replayed, an index made anew', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    subscribe('twinlog:open', listener)
    onTestFinished(() => void unsubscribe('twinlog:open', listener))
    const opened = async (path: string, change: () => Promise<unknown>): Promise<unknown> => {
      await change()
      messages.length = 0
      await reopened(path, async store => expect(await everything(store)).toEqual(whole))
      return messages[0]
    }
    await withDirectory(async path => {
      const store = await openDriver(path)
      expect(messages).toEqual([
        { path, rewrittenCommits: 0, droppedBytes: 0, replayedCommits: 0, indexRebuilt: false, rebuiltFor: null },
      ])
      store.indexer.pause()
      await fill(store)
      const killed = await copyOf(path, `${path}-killed`)
      await store.close()
      const { commit } = store.stats()
      expect(await opened(path, async () => null)).toMatchObject({
        replayedCommits: commit,
        rewrittenCommits: 1,
        droppedBytes: 0,
      })
      expect(await opened(path, async () => null)).toMatchObject({ replayedCommits: 0, rewrittenCommits: 0 })
      expect(await opened(path, () => rm(join(path, 'index'), { recursive: true }))).toMatchObject({
        indexRebuilt: true,
        rebuiltFor: 'it is not there',
      })
      const torn = await opened(killed, () => appendFile(segment(killed), Buffer.alloc(100, 7)))
      expect(torn).toMatchObject({ path: killed, droppedBytes: 100, rewrittenCommits: 1 })
    })
  })
})

it('a log that can not be mended fails what needs it, and nothing else that was asked at the same time', async () => {
  // Requests are looked up many at a time. When one of them met damage that the commit log could not make good, all of
  // them were rejected: appends to logs that had nothing to do with it.
  await withDirectory(async path => {
    await reopened(path, fill)
    await damage(path, 'second', -(56 + 16 - 20))
    await withBare(path, async index => index.clear(rangeOf(2 * (await actorNumber(index, alice)))))
    const store = await openDriver(path)
    const logs = [inbox(bob), log, outbox(bob), outbox(alice), log]
    const codes = await Promise.all(logs.map(each => codeOf(append(store, each, 'x'))))
    expect(codes).toEqual([null, 'LOG_LOST', null, null, 'LOG_LOST'])
    expect(await codeOf(store.bounds(log))).toBe('LOG_LOST')
    expect(await store.bounds(outbox(bob))).toMatchObject({ tip: 2 })
    await store.close()
  })
})

describe('opening changes of the commit log', () => {
  const opening = async (path: string): Promise<string[]> => {
    const disk = new FaultDisk(nodeDisk(path))
    const store = await openDriver(path, {}, disk)
    const steps = disk.steps.map(({ operation }) => operation)
    await store.close()
    return steps
  }

  it('nothing after a clean close, so that it waits for no sync of it', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      expect(await opening(path)).toEqual([])
      expect(await opening(path)).toEqual([])
    })
  })

  it('what was uncertain, however many records came before: one new segment, with one name', async () => {
    await withDirectory(async path => {
      const store = await openDriver(path, { segmentBytes: 1024 * 1024 })
      await fill(store)
      store.indexer.pause()
      for (let i = 0; i < 50; i += 1) await append(store, log, `late ${i}`)
      const killed = await copyOf(path, `${path}-killed`)
      await store.close()
      // The header, and the one frame that nothing vouched for.
      expect(await opening(killed)).toEqual(['create', 'write', 'write', 'sync', 'rename', 'syncFolder'])
    })
  })
})
