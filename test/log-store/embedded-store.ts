/** Embedded stores as the tests here open them: tightly, in a directory of their own, and copied while they run. */
import { existsSync, statfsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Disk } from '../../src/commit-log/disk.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { openEmbedded } from '../../src/log-store/embedded/open-embedded.ts'
import { key, readAll, textOf } from '../../src/log-store/conformance/suite.ts'
import type { LogName, LogStore } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'

const MIB = 1024 * 1024

export type EmbeddedOptions = Parameters<typeof openEmbedded>[0]

/** As a host opens it. */
export const usual = {
  durability: 'disk',
  segmentBytes: 64 * MIB,
  recentBytes: 16 * MIB,
  hot: 20_000,
  unindexedMax: 200_000,
} as const
/** Every few records end a segment; hardly anything is in memory; appends wait for the index. */
export const tight = { durability: 'disk', segmentBytes: 4096, recentBytes: 0, hot: 16, unindexedMax: 1000 } as const

/** A disk in memory where there is one: syncing costs nothing, and no test here is about what a power cut loses. */
const base =
  existsSync('/dev/shm') && statfsSync('/dev/shm').bavail * statfsSync('/dev/shm').bsize > 512 * MIB
    ? '/dev/shm'
    : tmpdir()

/** A path where nothing is yet. What a test puts beside it goes with it. */
export async function newDirectory(): Promise<string> {
  return join(await mkdtemp(join(base, 'twinlog-embedded-')), 'store')
}

export async function removeDirectory(path: string): Promise<void> {
  await rm(dirname(path), { recursive: true, force: true })
}

/** Runs `use` with a new directory, and removes it. */
export async function withDirectory<Result>(use: (path: string) => Promise<Result>): Promise<Result> {
  const path = await newDirectory()
  try {
    return await use(path)
  } finally {
    await removeDirectory(path)
  }
}

export function openDriver(
  path: string,
  options: Partial<EmbeddedOptions> = {},
  disk: Disk = nodeDisk(path),
): Promise<EmbeddedLogStore> {
  return openEmbedded({
    ...tight,
    createIfMissing: true,
    lockWaitMs: 0,
    unindexedBytesMax: 256 * MIB,
    freeBytesMin: 0,
    clock: Date.now,
    onWork: () => undefined,
    ...options,
    path,
    disk,
  })
}

/** Runs `use` with a store in a new directory; closes it and removes the directory. */
export async function withStore<Result>(
  options: Partial<EmbeddedOptions>,
  use: (store: EmbeddedLogStore, path: string) => Promise<Result>,
): Promise<Result> {
  return withDirectory(async path => {
    const store = await openDriver(path, options)
    try {
      return await use(store, path)
    } finally {
      await store.close()
    }
  })
}

/** Opens what is at a path, runs `use`, and closes it. */
export async function reopened<Result>(
  path: string,
  use: (store: EmbeddedLogStore) => Promise<Result>,
  options: Partial<EmbeddedOptions> = {},
): Promise<Result> {
  const store = await openDriver(path, options)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/** What `kill -9` would leave of a running store: a copy of its files. Nothing may be on its way but LevelDB's own work. */
export async function copyOf(path: string, to: string): Promise<string> {
  for (;;) {
    await rm(to, { recursive: true, force: true })
    try {
      await cp(path, to, { recursive: true, filter: source => !source.endsWith('LOCK') })
      return to
    } catch (error) {
      // A table that LevelDB has merged into another one and deleted meanwhile.
      if (!(error instanceof Error && error.message.includes('.ldb'))) throw error
    }
  }
}

/** Every file below a directory with its bytes, index/LOCK and LevelDB's diary aside. */
export async function filesBelow(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(path.length + 1)
    if (entry.isFile()) found.set(name, (await readFile(join(path, name))).toString('latin1'))
    else found.set(`${name}/`, '')
  }
  return found
}

/** The code that a promise rejects with; null when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise
    return null
  } catch (error) {
    if (isTwinlogError(error)) return error.code
    throw error
  }
}

/** Everything one log shows: bounds, records, and where each of these keys is. Null without an actor. */
export async function holdings(store: LogStore, log: LogName, keys: readonly string[] = []): Promise<unknown> {
  const bounds = await store.bounds(log)
  if (bounds === null) return null
  const records = (await readAll(store, log)).map(({ seq, payload, codec, meta, receivedAt }) => [
    seq,
    textOf(payload),
    codec,
    textOf(meta),
    receivedAt,
  ])
  return { bounds, records, keys: await Promise.all(keys.map(each => store.find(log, key(each)))) }
}
