/**
 * Opens the embedded driver: directory, lock, identity, index, commit log, in this order, so that whatever stands in
 * the way is met before anything is written.
 */
import { existsSync } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { Checksum } from '../../bytes/checksum.ts'
import { CommitLog } from '../../commit-log/commit-log.ts'
import type { Disk } from '../../commit-log/disk.ts'
import { createIdentity, IDENTITY_FILE, isFresh, readIdentity, type StoreIdentity } from '../../commit-log/identity.ts'
import { toTwinlogError } from '../../commit-log/node-disk.ts'
import { assertSupported } from '../../commit-log/recovery.ts'
import { LOCK_FILE, lockStore, type StoreLock } from '../../commit-log/store-lock.ts'
import { isTwinlogError, TwinlogError } from '../../errors.ts'
import { publish } from './diagnostics.ts'
import { EmbeddedLogStore } from './embedded-log-store.ts'
import { FreeSpace } from './free-space.ts'
import { IndexScrub } from './index-scrub.ts'
import { abandonIndex, catchUp, type OnIndexWork, openIndex, type RebuildRequest } from './open-index.ts'

const INDEX_FOLDER = 'index'
/** What takes about a tenth of a second once the files are in the page cache, and a second from a slow disk. */
const SCRUB_FIRST_BYTES = 64 * 1024 * 1024

interface EmbeddedOptions {
  readonly path: string
  readonly disk: Disk
  readonly createIfMissing: boolean
  readonly lockWaitMs: number
  readonly durability: 'disk' | 'os'
  readonly segmentBytes: number
  readonly recentBytes: number
  readonly hot: number
  readonly unindexedMax: number
  readonly unindexedBytesMax: number
  readonly freeBytesMin: number
  readonly clock: () => number
  /** Tables of the index of at most so many bytes together are checked before opening; 64 MiB by default. */
  readonly scrubFirstBytesMax?: number
  /** Make the index anew, whatever state it is in. */
  readonly rebuild?: RebuildRequest
  readonly onWork: OnIndexWork
}

/**
 * @throws LOCKED, NOT_A_STORE, STORE_NOT_FOUND, FORMAT_UNSUPPORTED, LOG_LOST, CORRUPT (the identity file), LOW_SPACE,
 *   READ_ONLY, IO_ERROR
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedLogStore> {
  const freeSpace = new FreeSpace(options.disk, options.path, options.freeBytesMin)
  await prepareDirectory(options, freeSpace)
  const lock = await lockStore(options.path, options.lockWaitMs)
  try {
    return await openLocked(options, lock, freeSpace)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(options: EmbeddedOptions, lock: StoreLock, freeSpace: FreeSpace): Promise<EmbeddedLogStore> {
  const { path, disk } = options
  await freeSpace.look()
  const identity = (await readIdentity(disk)) ?? (await create(options))
  // A store on a full disk must open, or nothing in it could ever be trimmed.
  await freeSpace.makeRoom()
  const checksum = await Checksum.forStore(identity.storeId)
  await assertSupported({ disk, storeId: identity.storeId, checksum })
  const opened = await openIndex({
    directory: join(path, INDEX_FOLDER),
    checksum,
    scrubFirstBytesMax: options.scrubFirstBytesMax ?? SCRUB_FIRST_BYTES,
    rebuild: options.rebuild ?? null,
    onWork: options.onWork,
  })
  let log: CommitLog | null = null
  try {
    log = await CommitLog.open({ ...options, identity, checksum, checkpoint: opened.reached })
    const { index, from, rebuiltFor } = await catchUp(log, opened)
    const { rewrittenCommits, droppedBytes } = log.tailReport
    const replayedCommits = log.end.commit - from.commit
    const hasSweeps = (await index.sweeps(1)).length > 0
    const opening = log
    await freeSpace.keep(() => opening.unwrittenBytes)
    publish('twinlog:open', () => ({
      path,
      rewrittenCommits,
      droppedBytes,
      replayedCommits,
      indexRebuilt: rebuiltFor !== null,
      rebuiltFor,
    }))
    const { checked, unchecked } = opened.inspection
    return new EmbeddedLogStore({
      scrub: new IndexScrub({ path, index, checked, unchecked }),
      path,
      log,
      index,
      freeSpace,
      limits: { changesMax: options.unindexedMax, bytesMax: options.unindexedBytesMax },
      hot: options.hot,
      hasSweeps,
      release: () => lock.release(),
    })
  } catch (error) {
    await log?.close()
    await abandonIndex(opened)
    throw error
  }
}

/**
 * The directory must be there to hold the lock file. What stands in the way of a new store is met before anything is
 * made, or what was made is taken away again.
 * @throws STORE_NOT_FOUND, NOT_A_STORE, LOW_SPACE, READ_ONLY, IO_ERROR
 */
async function prepareDirectory(options: EmbeddedOptions, freeSpace: FreeSpace): Promise<void> {
  const { path, disk, createIfMissing } = options
  if (existsSync(join(path, IDENTITY_FILE))) return
  if (!createIfMissing) throw new TwinlogError('STORE_NOT_FOUND', `there is no store at ${path}`, { path })
  const made = await makeDirectories(path)
  try {
    await assertFresh(options)
    await freeSpace.look()
    const refusal = freeSpace.take(0)
    if (refusal !== null) throw refusal
    for (const directory of made) await syncParent(disk, relative(path, dirname(directory)))
  } catch (error) {
    for (const directory of made) await rmdir(directory).catch(() => {})
    throw error
  }
}

/** Makes the directory and those it lies in; returns the ones that were not there, the innermost first. */
async function makeDirectories(path: string): Promise<string[]> {
  let first: string | undefined
  try {
    first = await mkdir(path, { recursive: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw notAStore(path, error)
    throw toTwinlogError(path, error)
  }
  const made: string[] = []
  if (first === undefined) return made
  for (let at = resolve(path); at.length >= resolve(first).length; at = dirname(at)) made.push(at)
  return made
}

/** Makes a new directory's name survive a power cut. A parent that can't be opened for reading can't be synced. */
async function syncParent(disk: Disk, parent: string): Promise<void> {
  try {
    await disk.syncFolder(parent)
  } catch (error) {
    if (!isTwinlogError(error, 'READ_ONLY')) throw error
  }
}

async function create(options: EmbeddedOptions): Promise<StoreIdentity> {
  await assertFresh(options)
  return createIdentity(options.disk, options.clock())
}

async function assertFresh({ path, disk }: EmbeddedOptions): Promise<void> {
  if (await isFresh(disk, [LOCK_FILE])) return
  // Somebody else may just have made it a store: the lock will tell.
  if (!existsSync(join(path, IDENTITY_FILE))) throw notAStore(path)
}

function notAStore(path: string, cause?: unknown): TwinlogError<'NOT_A_STORE'> {
  return new TwinlogError('NOT_A_STORE', `${path} holds something else`, { path }, cause)
}
