/** Makes a store of a backup: copies, never links, in a new timeline. */
import { join, resolve } from 'node:path'
import { Checksum } from '../bytes/checksum.ts'
import { inNewTimeline } from '../commit-log/identity.ts'
import { findTail } from '../commit-log/recovery.ts'
import { lastSegmentOf, SEGMENT_FOLDER } from '../commit-log/segment-files.ts'
import { TwinlogError } from '../errors.ts'
import { type BackupManifest, readManifest, UNFINISHED_BACKUP_FILE } from './backup-manifest.ts'
import { copyBytes, sizeOf } from './file-copies.ts'
import { checkToolOptions, Progress, type ToolOptions } from './progress.ts'
import { checkPath } from './source.ts'
import { makeStore, type Target } from './target.ts'

export interface RestoreReport {
  /** The directory of the new store. */
  readonly path: string
  /** 32 hex digits: that of the store that was backed up. */
  readonly storeId: string
  /** The new store's own. */
  readonly timeline: number
  /** When the backup was made, in milliseconds since 1970. */
  readonly madeAt: number
  /** The last commit that it holds. */
  readonly commit: number
  readonly segments: number
  readonly bytes: number
}

/**
 * Copies a backup into a new store, which opens with everything that the backup had. What stops it leaves nothing.
 * @throws NOT_A_BACKUP, NOT_EMPTY; LOG_LOST when files of the backup are missing or shorter than they were;
 *   FORMAT_UNSUPPORTED, LOW_SPACE, READ_ONLY, IO_ERROR
 */
export async function restore(directory: string, path: string, options: ToolOptions = {}): Promise<RestoreReport> {
  checkPath('directory', directory)
  checkPath('path', path)
  checkToolOptions('restore', options, [])
  const from = resolve(directory)
  const manifest = await manifestOf(from)
  const identity = inNewTimeline(manifest.identity)
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  const progress = new Progress('restore', bytes, options)
  return makeStore(path, identity, async target => {
    progress.at(0)
    let done = 0
    for (const file of manifest.files) {
      const name = join(SEGMENT_FOLDER, file.name)
      if ((await sizeOf(join(from, name))) === null) throw lost(name, 'is missing')
      const copied = await copyBytes(join(from, name), join(target.path, name), file.bytes, some =>
        progress.at(done + some),
      )
      if (copied < file.bytes) throw lost(name, 'is shorter than it was')
      done += copied
    }
    await assertWhole(target, manifest)
    progress.end()
    const { storeId, timeline } = identity
    return {
      path: target.path,
      storeId: storeId.toString('hex'),
      timeline,
      madeAt: manifest.madeAt,
      commit: manifest.end.commit,
      segments: manifest.files.length,
      bytes,
    }
  })
}

async function manifestOf(directory: string): Promise<BackupManifest> {
  const manifest = await readManifest(directory)
  if (manifest !== null) return manifest
  const isUnfinished = (await sizeOf(join(directory, UNFINISHED_BACKUP_FILE))) !== null
  throw new TwinlogError('NOT_A_BACKUP', `there is no finished backup in ${directory}`, {
    path: directory,
    reason: isUnfinished ? 'unfinished' : 'absent',
  })
}

/** The log that was copied reaches as far as the backup did: nothing at its end looks like a torn write now. */
async function assertWhole({ disk }: Target, { identity, end }: BackupManifest): Promise<void> {
  const checksum = await Checksum.forStore(identity.storeId)
  const last = await lastSegmentOf(disk)
  const tail = await findTail({ disk, storeId: identity.storeId, checksum }, last, null)
  if (tail.end.commit < end.commit) throw lost(`segment ${tail.end.segment}, offset ${tail.end.offset}`, 'is damaged')
}

function lost(place: string, what: string): TwinlogError<'LOG_LOST'> {
  return new TwinlogError('LOG_LOST', `the backup lost something: ${place} ${what}`, { place })
}
