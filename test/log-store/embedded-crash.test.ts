/** Invariant 4: whatever the process was doing when it died, what it had acknowledged is there. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { FaultDisk, stoppingAt, type Done } from '../commit-log/fault-disk.ts'
import { CrashDisk } from '../engine/crash-disk.ts'
import { actor, assertKept, retry, work, type Attempt } from './embedded-faults.ts'
import { codeOf, copyOf, filesBelow, openDriver, reopened, withDirectory } from './embedded-store.ts'

const WAVES = 6
const dones = ['nothing', 'half', 'all'] satisfies Done[]

/** Opens a store on the disk and works; what is answered before the disk stops counts. The store is closed then. */
async function workUntilStopped(path: string, disk: FaultDisk, isPaused: boolean): Promise<Attempt[]> {
  let store: EmbeddedLogStore
  try {
    store = await openDriver(path, { unindexedMax: 100_000 }, disk)
  } catch {
    return []
  }
  if (isPaused) store.indexer.pause()
  try {
    await store.addActor(actor)
    return await work(store, WAVES)
  } catch {
    return []
  } finally {
    await store.close()
  }
}

/** How many operations a workload takes when nothing goes wrong. */
async function stepsOf(run: (path: string, disk: FaultDisk) => Promise<unknown>): Promise<number> {
  return withDirectory(async path => {
    const disk = new FaultDisk(nodeDisk(path))
    await run(path, disk)
    return disk.steps.length
  })
}

describe('a process that dies at any operation', () => {
  for (const done of dones) {
    it(`from the creation of the store on leaves one that opens, with everything acknowledged (done: ${done})`, async () => {
      const steps = await stepsOf((path, disk) => workUntilStopped(path, disk, false))
      expect(steps).toBeGreaterThan(20)
      for (let step = 1; step <= steps; step += 1) {
        await withDirectory(async path => {
          // Now and then the index lags behind as well.
          const attempts = await workUntilStopped(
            path,
            new FaultDisk(nodeDisk(path), stoppingAt(step, done)),
            step % 2 === 0,
          )
          await reopened(path, async store => {
            await assertKept(store, attempts)
            await retry(store, attempts)
          })
        })
      }
    })
  }
})

describe('a power cut at any operation', () => {
  for (const durability of ['disk', 'os'] as const) {
    const promise =
      durability === 'disk' ? 'everything acknowledged' : 'everything acknowledged before a flush, and no gap'

    it(`leaves a store that opens, with ${promise} (durability ${durability})`, async () => {
      const power = { isCut: true }
      for (let step = 6; power.isCut; step += 1) {
        await withDirectory(async path => {
          const crashing = new CrashDisk(nodeDisk(path), path)
          power.isCut = false
          const disk = new FaultDisk(crashing, ({ number }) => {
            if (number === step) {
              power.isCut = true
              crashing.cutPower()
            }
            return null
          })
          const store = await openDriver(path, { durability, unindexedMax: 100_000 }, disk).catch(() => null)
          // The index would be synced on its own disk, which has power for ever.
          store?.indexer.pause()
          const attempts: Attempt[] = []
          if (store !== null && (await codeOf(store.addActor(actor))) === null) {
            for (let wave = 0; wave < WAVES; wave += 1) {
              const some = await work(store, 1, wave)
              const isFlushed = (await codeOf(store.flush())) === null
              attempts.push(...some.map(each => (durability === 'disk' || isFlushed ? each : unsure(each))))
            }
          }
          await store?.close().catch(() => null)
          crashing.cutPower()
          await crashing.settle(step)
          await reopened(path, next => assertKept(next, attempts))
        })
      }
    })
  }
})

/** Acknowledged by the operating system alone: after a power cut it may be there or not. */
function unsure(attempt: Attempt): Attempt {
  return typeof attempt.outcome === 'string' ? attempt : { ...attempt, outcome: 'OUTCOME_UNKNOWN' }
}

/** A directory as `kill -9` left it: frames in it that nobody vouches for, and an index that is behind. */
async function killed(path: string): Promise<{ directory: string; attempts: Attempt[] }> {
  const directory = `${path}-killed`
  const store = await openDriver(path, { durability: 'os', segmentBytes: 1024 * 1024, unindexedMax: 100_000 })
  store.indexer.pause()
  await store.addActor(actor)
  const attempts = await work(store, WAVES)
  await copyOf(path, directory)
  await store.close()
  return { directory, attempts }
}

describe('opening after a kill', () => {
  it('may itself be killed at any operation, twice, and loses nothing', async () => {
    // Opening rewrites the tail that nobody vouches for. It is the moment at which the only copy of it is replaced.
    await withDirectory(async path => {
      const { directory, attempts } = await killed(path)
      const clean = new FaultDisk(nodeDisk(`${path}-again`))
      await copyOf(directory, `${path}-again`)
      await (await openDriver(`${path}-again`, {}, clean)).close()
      expect(clean.steps.length).toBeGreaterThan(10)
      for (const done of dones) {
        for (let step = 1; step <= clean.steps.length; step += 1) {
          const again = await copyOf(directory, `${path}-again`)
          for (const at of [step, step + 2]) {
            const disk = new FaultDisk(nodeDisk(again), stoppingAt(at, done))
            await openDriver(again, {}, disk)
              .then(store => store.close())
              .catch(() => null)
          }
          await reopened(again, store => assertKept(store, attempts))
        }
      }
    })
  })

  it('may meet a power cut at any operation: what the disk never saw of the new segment does not count', async () => {
    await withDirectory(async path => {
      const { directory, attempts } = await killed(path)
      const again = `${path}-again`
      for (let step = 1; step <= 20; step += 1) {
        await copyOf(directory, again)
        const crashing = new CrashDisk(nodeDisk(again), again)
        const disk = new FaultDisk(crashing, ({ number }) => {
          if (number === step) crashing.cutPower()
          return null
        })
        await openDriver(again, {}, disk)
          .then(store => store.close())
          .catch(() => null)
        crashing.cutPower()
        await crashing.settle(step)
        await reopened(again, store => assertKept(store, attempts))
      }
    })
  })

  it('touches no segment that was there before', async () => {
    await withDirectory(async path => {
      const { directory } = await killed(path)
      const before = await filesBelow(join(directory, 'segments'))
      await reopened(directory, store => work(store, 2, 100))
      const after = await filesBelow(join(directory, 'segments'))
      for (const [name, bytes] of before) expect(after.get(name), name).toBe(bytes)
      expect(after.size).toBeGreaterThan(before.size)
    })
  })
})

it('an unfinished store is finished by the next open, and one that was refused is not begun', async () => {
  await withDirectory(async path => {
    const stopped = new FaultDisk(nodeDisk(path), stoppingAt(3, 'half'))
    expect(await codeOf(openDriver(path, {}, stopped))).toBe('IO_ERROR')
    expect(await codeOf(openDriver(path, { createIfMissing: false }))).toBe('STORE_NOT_FOUND')
    await reopened(path, store => work(store, 1))
  })
})
