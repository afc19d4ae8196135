/**
 * Copies a store beside its owner, while appends go on: hard links of the segments that never change again, and of the
 * last one what is surely whole. The manifest comes last; until then what was there before counts.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { StoreIdentity } from '../commit-log/identity.ts'
import { nodeDisk } from '../commit-log/node-disk.ts'
import { findTail } from '../commit-log/recovery.ts'
import { generationsOf, SEGMENT_FOLDER, segmentPath } from '../commit-log/segment-files.ts'
import { SegmentWalk } from '../commit-log/segment-walk.ts'
import { lockStore } from '../commit-log/store-lock.ts'
import { TwinlogError } from '../errors.ts'
import {
  type BackupFile,
  type BackupManifest,
  encodeManifest,
  MANIFEST_FILE,
  readManifest,
  UNFINISHED_BACKUP_FILE,
} from './backup-manifest.ts'
import { assertSameHistory, isSameHead } from './backup-history.ts'
import { copyBytes, linkFile, sizeOf } from './file-copies.ts'
import { checkToolOptions, Progress, type ToolOptions } from './progress.ts'
import { checkPath, openSource, type Source } from './source.ts'
import { syncParent, toTwinlogErrorIfSystem } from './target.ts'

export interface BackupOptions extends ToolOptions {
  /** Copy the segments that never change again, too, instead of linking them. False by default. */
  readonly copy?: boolean
}

export interface BackupReport {
  readonly path: string
  readonly directory: string
  /** 32 hex digits. */
  readonly storeId: string
  readonly timeline: number
  /** The last commit that the backup holds. */
  readonly commit: number
  /** Segments by what was done: `kept` were there from the run before. */
  readonly linked: number
  readonly copied: number
  readonly kept: number
  /** Of the log that the backup holds; and of that, what was copied now. */
  readonly bytes: number
  readonly copiedBytes: number
}

/**
 * Makes or refreshes a backup: it holds everything that was acknowledged before the call, and every commit as a whole.
 * An interrupted run is taken up by the next one. Damage is copied as it is.
 * @throws STORE_NOT_FOUND, LOG_LOST (a segment is missing, or the last one's header is damaged), CORRUPT (the identity
 *   file), NOT_EMPTY, NOT_A_BACKUP, LOCKED (another run), FORMAT_UNSUPPORTED, LOW_SPACE, READ_ONLY, IO_ERROR
 */
export async function backup(path: string, directory: string, options: BackupOptions = {}): Promise<BackupReport> {
  checkPath('directory', directory)
  checkToolOptions('backup', options, ['copy'])
  const source = await openSource(path)
  if (source.isBackup) throw new TwinlogError('STORE_NOT_FOUND', `${source.path} is a backup`, { path: source.path })
  if (source.isIdentityDamaged) {
    throw new TwinlogError('CORRUPT', 'the identity file is damaged or gone: salvage the store', {
      place: 'twinlog.id',
    })
  }
  options.signal?.throwIfAborted()
  const to = resolve(directory)
  try {
    await prepare(to, source.identity)
    const lock = await lockStore(to, 0)
    try {
      return await new BackupRun(source, to, options).run(await readManifest(to))
    } finally {
      await lock.release()
    }
  } catch (error) {
    throw toTwinlogErrorIfSystem(to, error)
  }
}

/** The directory is a backup of this store, the beginning of one, or one is begun in it. */
async function prepare(directory: string, { storeId }: StoreIdentity): Promise<void> {
  const refuse = (reason: 'other-store', what: string): never => {
    throw new TwinlogError('NOT_A_BACKUP', `${directory} ${what}`, { path: directory, reason })
  }
  const manifest = await readManifest(directory)
  if (manifest !== null) {
    if (!manifest.identity.storeId.equals(storeId)) refuse('other-store', 'is a backup of another store')
    return
  }
  await mkdir(directory, { recursive: true })
  const begun = await nodeDisk(directory).readWhole(UNFINISHED_BACKUP_FILE)
  if (begun === null && (await readdir(directory)).length > 0)
    throw new TwinlogError('NOT_EMPTY', `${directory} is not empty, and no backup`, { path: directory })
  // A crash may have left it empty.
  if (begun !== null && begun.length > 0 && begun.toString().trim() !== storeId.toString('hex'))
    refuse('other-store', 'is the beginning of a backup of another store')
  await writeFile(join(directory, UNFINISHED_BACKUP_FILE), `${storeId.toString('hex')}\n`)
}

class BackupRun {
  readonly #source: Source
  readonly #directory: string
  readonly #options: BackupOptions
  readonly #madeAt = Date.now()
  readonly #taken = new Map<string, 'linked' | 'copied' | 'kept'>()
  #copiedBytes = 0
  #doneBytes = 0

  constructor(source: Source, directory: string, options: BackupOptions) {
    this.#source = source
    this.#directory = directory
    this.#options = options
  }

  /** Begins again when the owner has written segments again meanwhile: what was taken need not be taken twice. */
  async run(previous: BackupManifest | null): Promise<BackupReport> {
    const { disk } = this.#source
    for (;;) {
      const generations = await generationsOf(disk)
      const isReplaced = async (): Promise<boolean> => {
        const now = await generationsOf(disk)
        return generations.some((generation, i) => now[i] !== generation)
      }
      try {
        const report = await this.#runOn(generations, previous)
        if (report !== null) return report
      } catch (error) {
        if (this.#options.signal?.aborted === true || !(await isReplaced())) throw error
      }
      this.#doneBytes = 0
      this.#options.signal?.throwIfAborted()
    }
  }

  /** Null when the end was read before what a segment that was written again depends on. */
  async #runOn(generations: readonly number[], previous: BackupManifest | null): Promise<BackupReport | null> {
    const { reading, identity, path } = this.#source
    const last = generations.length
    // Read after the list: everything acknowledged before the call is in these segments, and before this end.
    const { end } = await findTail(reading, last, null)
    if (!(await this.#reachesEvidence(generations, end.commit))) return null
    if (previous !== null) await assertSameHistory(this.#source, this.#directory, previous, end)
    const files: BackupFile[] = []
    for (let segment = 1; segment <= last; segment += 1) {
      const isSealed = segment < last
      const name = segmentPath(segment, generations[segment - 1]).slice(SEGMENT_FOLDER.length + 1)
      const bytes = isSealed ? await sizeOf(this.#from(name)) : end.offset
      if (bytes === null) return null
      files.push({ name, bytes, isSealed })
    }
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const progress = new Progress('backup', bytes, this.#options)
    progress.at(0)
    await nodeDisk(this.#directory).makeFolder(SEGMENT_FOLDER)
    for (const file of files) {
      await this.#take(file, previous, progress)
      this.#doneBytes += file.bytes
    }
    await this.#finish({ identity, madeAt: this.#madeAt, end, files })
    progress.end()
    const storeId = identity.storeId.toString('hex')
    const { timeline } = identity
    return { path, directory: this.#directory, storeId, timeline, commit: end.commit, bytes, ...this.#counted(files) }
  }

  /** Whether all that made something go from these segments is among the commits up to that one. */
  async #reachesEvidence(generations: readonly number[], commit: number): Promise<boolean> {
    const walk = new SegmentWalk(this.#source.reading)
    for (const [i, generation] of generations.entries()) {
      if (generation === 0) continue
      const { header } = await walk.look(i + 1)
      if ((header.rewritten?.reclaimedThrough ?? 0) > commit) return false
    }
    return true
  }

  async #take(file: BackupFile, previous: BackupManifest | null, progress: Progress): Promise<void> {
    const { name, bytes, isSealed } = file
    const [from, to] = [this.#from(name), join(this.#directory, SEGMENT_FOLDER, name)]
    progress.at(this.#doneBytes)
    if (await this.#isThere(file, previous, to)) {
      if (!this.#taken.has(name)) this.#taken.set(name, 'kept')
      return
    }
    if (isSealed && this.#options.copy !== true && (await linkFile(from, to))) {
      this.#taken.set(name, 'linked')
      return
    }
    const copied = await copyBytes(from, to, bytes, some => progress.at(this.#doneBytes + some))
    if (copied < bytes) throw new TwinlogError('IO_ERROR', `${from} got shorter while it was copied`, { place: from })
    this.#taken.set(name, 'copied')
    this.#copiedBytes += copied
  }

  #counted(files: readonly BackupFile[]): Pick<BackupReport, 'linked' | 'copied' | 'kept' | 'copiedBytes'> {
    const counts = { linked: 0, copied: 0, kept: 0, copiedBytes: this.#copiedBytes }
    for (const { name } of files) counts[this.#taken.get(name) ?? 'kept'] += 1
    return counts
  }

  /** A file gets its name when all of it is on disk, so what an interrupted run has finished need not be done again. */
  async #isThere({ name, bytes, isSealed }: BackupFile, previous: BackupManifest | null, to: string): Promise<boolean> {
    if ((await sizeOf(to)) !== bytes) return false
    const before = previous?.files.find(each => each.name === name)
    if (before !== undefined) return before.isSealed === isSealed && before.bytes === bytes
    const path = join(SEGMENT_FOLDER, name)
    return isSealed && (await isSameHead(this.#source.disk, nodeDisk(this.#directory), path))
  }

  /** From here on the new manifest counts; what only the one before named is removed. */
  async #finish(manifest: BackupManifest): Promise<void> {
    const disk = nodeDisk(this.#directory)
    await disk.syncFolder(SEGMENT_FOLDER)
    const part = `${MANIFEST_FILE}.part`
    await disk.remove(part)
    const file = await disk.create(part, { durable: false })
    try {
      await file.write(await encodeManifest(manifest), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(part, MANIFEST_FILE)
    await disk.syncFolder('')
    await syncParent(this.#directory)
    await disk.remove(UNFINISHED_BACKUP_FILE)
    const known = new Set(manifest.files.map(({ name }) => name))
    for (const name of await disk.list(SEGMENT_FOLDER))
      if (!known.has(name)) await rm(join(this.#directory, SEGMENT_FOLDER, name), { force: true })
  }

  #from(name: string): string {
    return join(this.#source.path, SEGMENT_FOLDER, name)
  }
}
