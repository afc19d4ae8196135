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
import { LOCK_FILE, lockStore } from '../../commit-log/store-lock.ts'
import { isTwinlogError, TwinlogError } from '../../errors.ts'
import { publish } from './diagnostics.ts'
import { EmbeddedLogStore } from './embedded-log-store.ts'
import { FreeSpace } from './free-space.ts'
import { IndexScrub } from './index-scrub.ts'
import { abandonIndex, catchUp, type OnIndexWork, openIndex, type RebuildRequest } from './open-index.ts'

const INDEX_FOLDER = 'index'
/** What takes about 10 ms once the files are in the page cache, and a quarter of a second from a slow disk. */
const SCRUB_FIRST_BYTES = 16 * 1024 * 1024

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
  /** Tables of the index of at most so many bytes together are checked before opening; 16 MiB by default. */
  readonly scrubFirstBytesMax?: number
  /** Make the index anew, whatever state it is in. */
  readonly rebuild?: RebuildRequest
  readonly onWork: OnIndexWork
}

/** What belongs to the same owner, and has files of its own in the directory. */
interface Companion {
  /** May be called again. */
  close(): Promise<void>
}

/**
 * @throws LOCKED, NOT_A_STORE, STORE_NOT_FOUND, FORMAT_UNSUPPORTED, LOG_LOST, CORRUPT (the identity file), LOW_SPACE,
 *   READ_ONLY, IO_ERROR
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedLogStore> {
  const alone = { close: async () => {} }
  return (await openEmbeddedBeside(options, async () => alone)).driver
}

/**
 * As `openEmbedded`, with something that is opened meanwhile, once the directory is this owner's. It is closed before the
 * lock is let go of, however that comes about. @throws what either throws
 */
export async function openEmbeddedBeside<Beside extends Companion>(
  options: EmbeddedOptions,
  openCompanion: () => Promise<Beside>,
): Promise<{ readonly driver: EmbeddedLogStore; readonly companion: Beside }> {
  // Compiled while the lock is taken. Whoever needs it hears of an error.
  Checksum.plain().catch(() => {})
  const freeSpace = new FreeSpace(options.disk, options.path, options.freeBytesMin)
  await prepareDirectory(options, freeSpace)
  const lock = await lockStore(options.path, options.lockWaitMs)
  let beside: Promise<Beside> | null = null
  const release = async (): Promise<void> => {
    // Why it failed is told to whoever opens or closes it.
    await beside?.then(companion => companion.close()).catch(() => {})
    await lock.release()
  }
  try {
    const identity = (await readIdentity(options.disk)) ?? (await create(options))
    // A store on a full disk must open, or nothing in it could ever be trimmed.
    await freeSpace.makeRoom()
    const checksum = await Checksum.forStore(identity.storeId)
    await assertSupported({ disk: options.disk, storeId: identity.storeId, checksum })
    beside = openCompanion()
    // `openOwned` waits for it; what fails before that is told instead.
    beside.catch(() => {})
    const driver = await openOwned(options, { identity, checksum, freeSpace, beside, release })
    return { driver, companion: await beside }
  } catch (error) {
    await release()
    throw error
  }
}

interface Owned {
  readonly identity: StoreIdentity
  readonly checksum: Checksum
  readonly freeSpace: FreeSpace
  readonly beside: Promise<unknown>
  readonly release: () => Promise<void>
}

/** Index and commit log, once the directory is this owner's. */
async function openOwned(options: EmbeddedOptions, owned: Owned): Promise<EmbeddedLogStore> {
  const { path } = options
  const { identity, checksum, freeSpace, beside, release } = owned
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
    await beside
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
      release,
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
