/**
 * What consumers meet in a store that was restored from an older backup, and in one whose index is gone. Positions that
 * left the store name what the restored one never had: DIVERGED. What the store keeps of its own consumers is as old as all
 * else in it: each goes on from where it stood when the backup was made, and skips nothing that comes then.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/consumers/types.ts'
import { open } from '../../src/open.ts'
import { backup } from '../../src/tools/backup.ts'
import { restore } from '../../src/tools/restore.ts'
import { withDirectory } from '../log-store/embedded-store.ts'
import { FakeTime } from './fake-time.ts'
import { alice, collect } from './stores.ts'

/** Of all stores here: what waited in one is due in the next. */
const time = new FakeTime()

/** One consumer of each kind, and what they were given since. */
function consumersOf(store: Store) {
  const delivered: string[] = []
  const down = { isUp: false }
  const worker = store.worker<number>('w', {
    targets: () => ['up', 'down'],
    clock: time.clock,
    timer: time.timer,
    backoff: () => 10,
  })
  const projection = store.projection<number[], number>({
    name: 'p',
    version: 1,
    init: () => [],
    apply: (list, { value }) => [...list, value],
  })
  const feed = store.cursor<number>('feed')
  const log = store.cursor<number>('log', { log: store.outbox(alice) })
  const taken = { feed: [] as number[], log: [] as number[] }
  return {
    worker,
    projection,
    taken,
    delivered,
    down,
    async work(): Promise<void> {
      time.now += 1000
      const handler = ({ value }: { value: number }, target: string): 'done' => {
        if (target === 'down' && !down.isUp) throw new Error('ECONNREFUSED')
        delivered.push(`${target} ${value}`)
        return 'done'
      }
      await worker.run(handler, { live: false })
      await projection.run({ live: false })
      await feed.run(({ value }) => void taken.feed.push(value), { live: false })
      await log.run(({ value }) => void taken.log.push(value), { live: false })
    },
  }
}

async function append(store: Store, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await store.outbox(alice).append(n)
}

/** A position behind each record. */
async function positionsOf(store: Store): Promise<string[]> {
  return (await collect(store.feed({ live: false }))).map(({ position }) => position)
}

/** A store that went on after its backup, and one that was restored from that. Both hold 1 to 4; the source goes on to 7. */
async function withRestored(use: (source: Store, restored: Store) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    const [directory, newPath] = [join(path, '..', 'backup'), join(path, '..', 'restored')]
    const source = await open(path)
    await source.actors.add(alice)
    await append(source, 1, 4)
    await consumersOf(source).work()
    await backup(path, directory)
    await append(source, 5, 7)
    await consumersOf(source).work()
    await restore(directory, newPath)
    const restored = await open(newPath)
    try {
      await use(source, restored)
    } finally {
      await Promise.all([source.close(), restored.close()])
    }
  })
}

describe('in a store that was restored from an older backup', () => {
  it('positions of the time that went on elsewhere are DIVERGED, wherever they are given', () =>
    withRestored(async (source, restored) => {
      const positions = await positionsOf(source)
      // Before and after the backup: nobody can tell whether what its reader saw next is what comes next here.
      for (const position of [positions[1]!, positions.at(-1)!]) {
        await expect(collect(restored.feed({ after: position, live: false }))).rejects.toMatchObject({
          code: 'DIVERGED',
        })
        await expect(restored.cursor('feed').seek(position)).rejects.toMatchObject({ code: 'DIVERGED' })
        await expect(restored.worker('w').seek(position)).rejects.toMatchObject({ code: 'DIVERGED' })
        await expect(restored.cursor('new', { from: position }).status()).rejects.toMatchObject({ code: 'DIVERGED' })
        expect(await collect(source.feed({ after: position, live: false }))).toHaveLength(
          position === positions[1] ? 5 : 0,
        )
      }
      const [own] = await positionsOf(restored)
      await expect(collect(source.feed({ after: own, live: false }))).rejects.toMatchObject({ code: 'DIVERGED' })
    }))

  it('each consumer goes on from where the backup has it, and skips and repeats nothing', () =>
    withRestored(async (_, restored) => {
      const again = consumersOf(restored)
      await again.projection.load()
      expect(again.projection.state).toEqual([1, 2, 3, 4])
      const lags = (await restored.consumers()).map(({ name, lag }) => [name, lag])
      expect(lags).toEqual(['feed', 'log', 'p', 'w'].map(name => [name, 0]))
      expect(await again.worker.stats()).toMatchObject({ depth: 4, dead: 0 })
      await append(restored, 50, 51)
      again.down.isUp = true
      await again.work()
      expect(again.taken).toEqual({ feed: [50, 51], log: [50, 51] })
      expect(again.projection.state).toEqual([1, 2, 3, 4, 50, 51])
      expect(again.delivered.filter(each => each.startsWith('up'))).toEqual(['up 50', 'up 51'])
      expect(again.delivered.filter(each => each.startsWith('down'))).toEqual(
        [1, 2, 3, 4, 50, 51].map(n => `down ${n}`),
      )
      expect((await again.worker.stats()).depth).toBe(0)
    }))
})

it('consumers and positions survive the index', () =>
  withDirectory(async path => {
    let store = await open(path)
    await store.actors.add(alice)
    await append(store, 1, 4)
    await consumersOf(store).work()
    const positions = await positionsOf(store)
    await store.close()
    await rm(join(path, 'index'), { recursive: true })
    store = await open(path)
    expect(await positionsOf(store)).toEqual(positions)
    expect(await collect(store.feed({ after: positions[1]!, live: false }))).toHaveLength(2)
    const again = consumersOf(store)
    await append(store, 5, 5)
    again.down.isUp = true
    await again.work()
    expect(again.taken).toEqual({ feed: [5], log: [5] })
    expect(again.projection.state).toEqual([1, 2, 3, 4, 5])
    expect(again.delivered.filter(each => each.startsWith('up'))).toEqual(['up 5'])
    expect(again.delivered.filter(each => each.startsWith('down'))).toEqual([1, 2, 3, 4, 5].map(n => `down ${n}`))
    await store.close()
  }))
