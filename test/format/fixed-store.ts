/** Stores that come out the same, byte for byte, every time: fixed id, fixed clock, one flush after the other. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checksum } from '../../src/bytes/checksum.ts'
import { encodeIdentity, IDENTITY_FILE, type StoreIdentity } from '../../src/commit-log/identity.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { segmentPath } from '../../src/commit-log/segment-files.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { openEmbedded } from '../../src/log-store/embedded/open-embedded.ts'
import { openReadOnly } from '../../src/log-store/read-only/open-read-only.ts'
import type { ReadOnlyLogStore } from '../../src/log-store/read-only/read-only-log-store.ts'
import type { LogName, LogStore, StoredRecord } from '../../src/log-store/types.ts'

/** 2026-01-02T03:04:05.006Z */
export const NOW = 1_767_323_045_006

export const IDENTITY: StoreIdentity = {
  storeId: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
  timeline: 1,
  createdAt: NOW,
}

export class FixedStore {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Runs `use` with a store's directory that holds these segments, and removes it. */
  static async with<Result>(
    segments: readonly Uint8Array[],
    use: (store: FixedStore) => Promise<Result>,
  ): Promise<Result> {
    const store = new FixedStore(mkdtempSync(join(tmpdir(), 'twinlog-format-')))
    try {
      mkdirSync(join(store.directory, 'segments'))
      writeFileSync(join(store.directory, IDENTITY_FILE), encodeIdentity(IDENTITY, await Checksum.plain()))
      for (const [i, bytes] of segments.entries()) writeFileSync(store.path(i + 1), bytes)
      return await use(store)
    } finally {
      rmSync(store.directory, { recursive: true })
    }
  }

  path(segment: number, generation = 0): string {
    return join(this.directory, segmentPath(segment, generation))
  }

  segment(number: number, generation = 0): Buffer {
    return readFileSync(this.path(number, generation))
  }

  /** Opens it for writing, runs `use`, indexes all of it in one batch, closes it. */
  async write(use: (driver: EmbeddedLogStore) => Promise<void>, disk = nodeDisk(this.directory)): Promise<void> {
    const driver = await openEmbedded({
      path: this.directory,
      disk,
      createIfMissing: false,
      lockWaitMs: 0,
      durability: 'disk',
      segmentBytes: 64 * 1024,
      recentBytes: 0,
      hot: 100,
      unindexedMax: 1000,
      unindexedBytesMax: 2 ** 20,
      freeBytesMin: 0,
      clock: () => NOW,
      onWork: () => undefined,
    })
    driver.indexer.pause()
    try {
      await use(driver)
      driver.indexer.resume()
      await driver.flushIndex()
    } finally {
      await driver.close()
    }
  }

  /** Without the index, what recovery knows is in the segments alone. */
  removeIndex(): void {
    rmSync(join(this.directory, 'index'), { recursive: true, force: true })
  }

  async read<Result>(use: (driver: ReadOnlyLogStore) => Promise<Result>): Promise<Result> {
    const driver = await openReadOnly({
      path: this.directory,
      disk: nodeDisk(this.directory),
      onScan: () => undefined,
    })
    try {
      return await use(driver)
    } finally {
      await driver.close()
    }
  }
}

export const inbox = (actor: string): LogName => ({ actor, box: 'inbox' })
export const outbox = (actor: string): LogName => ({ actor, box: 'outbox' })

/** All that a reader sees of a log. */
export async function recordsOf(store: LogStore, log: LogName): Promise<readonly StoredRecord[] | null> {
  const slice = await store.read(log, { from: 1, to: Number.MAX_SAFE_INTEGER, limit: 1000 })
  return slice?.records ?? null
}
