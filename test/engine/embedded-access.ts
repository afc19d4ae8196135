/**
 * How the tests open the embedded engine, and what they can do to it beyond its public API. Each optional member is a
 * capability: where it is missing, the tests and commands that need it are left out.
 */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Store } from '../../src/consumers/types.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { openEmbedded } from '../../src/log-store/embedded/open-embedded.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import type { LogRef } from '../model/operations.ts'
import { CrashDisk } from './crash-disk.ts'
import { randomFrom } from './random.ts'

export interface OpenedStore {
  readonly store: Store
  /** The machine loses power: leaves in the directory what was synced, and of the rest what the seed decides. */
  crash?(seed: number): Promise<void>
  pauseIndexer?(): Promise<void>
  resumeIndexer?(): Promise<void>
  rebuildIndex?(log: LogRef): Promise<void>
  /** From here on, cuts the power after so many disk operations. */
  cutPowerAfter?(operations: number): void
}

/** As the tests open it. */
interface TightStore extends OpenedStore {
  /** What lies under the store. */
  readonly logStore: LogStore
  crash(seed: number): Promise<void>
}

export interface EmbeddedAccess {
  open(directory: string): Promise<OpenedStore>
  /** Damages the index of a store that is closed, in one of many ways. */
  damageIndex?(directory: string, seed: number): Promise<void>
}

/** Opened so tightly that small stories meet segment ends, cold reads and cold heads. */
export const tightAccess: EmbeddedAccess = { open: openTight, damageIndex }

export async function openTight(directory: string): Promise<TightStore> {
  const disk = new CrashDisk(nodeDisk(directory), directory)
  const driver = await openEmbedded({
    path: directory,
    disk,
    createIfMissing: true,
    lockWaitMs: 0,
    durability: 'disk',
    segmentBytes: 4096,
    recentBytes: 8192,
    hot: 16,
    unindexedMax: 1000,
    unindexedBytesMax: 2 ** 28,
    freeBytesMin: 0,
    clock: Date.now,
    onWork: () => undefined,
  })
  const store = createStore(driver)
  return {
    store,
    logStore: driver,
    async crash(seed) {
      disk.cutPower()
      driver.indexer.pause()
      await store.close()
      await disk.settle(seed)
    },
    pauseIndexer: async () => driver.indexer.pause(),
    resumeIndexer: async () => driver.indexer.resume(),
    cutPowerAfter: operations => disk.cutPowerAfter(operations),
    rebuildIndex: async log => void (await driver.rebuildIndex(log)),
  }
}

async function damageIndex(directory: string, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const index = join(directory, 'index')
  const names = (await readdir(index)).filter(name => name !== 'LOCK')
  const kind = random(5)
  if (kind === 0 || names.length === 0) return rm(index, { recursive: true })
  const name = names[random(names.length)]!
  const path = join(index, name)
  if (kind === 1) return rm(path)
  const bytes = await readFile(path)
  if (kind === 2) return truncate(path, random(bytes.length + 1))
  const flips = kind === 3 ? 1 : 20
  for (let flip = 0; flip < flips && bytes.length > 0; flip++) bytes[random(bytes.length)]! ^= 1 << random(8)
  await writeFile(path, bytes)
}
