/**
 * Opens a directory for a tool that only reads: a store, whatever state it is in, or a backup of one. No lock, nothing
 * written, and no opinion about damage but that it is told.
 */
import { resolve } from 'node:path'
import { Checksum } from '../bytes/checksum.ts'
import type { Disk } from '../commit-log/disk.ts'
import { IDENTITY_FILE, readIdentity, type StoreIdentity } from '../commit-log/identity.ts'
import { nodeDisk } from '../commit-log/node-disk.ts'
import { identityInSegments, type SegmentReading } from '../commit-log/recovery.ts'
import { isTwinlogError, TwinlogError } from '../errors.ts'
import { type BackupManifest, readManifest } from './backup-manifest.ts'

export interface Source {
  readonly path: string
  readonly disk: Disk
  readonly identity: StoreIdentity
  /** The identity file is damaged or gone, and what it said was taken from a segment. */
  readonly isIdentityDamaged: boolean
  readonly isBackup: boolean
  readonly reading: SegmentReading
}

/**
 * @throws STORE_NOT_FOUND; CORRUPT when neither the identity file nor any segment says which store it is;
 *   FORMAT_UNSUPPORTED, IO_ERROR, READ_ONLY
 */
export async function openSource(path: string): Promise<Source> {
  checkPath('path', path)
  const root = resolve(path)
  const disk = nodeDisk(root)
  const said = await identityOf(disk)
  const manifest = said === null ? await manifestOf(root) : null
  const sound = said instanceof TwinlogError ? null : (said ?? manifest?.identity ?? null)
  const identity = sound ?? (await identityInSegments(disk))
  if (identity === null) {
    if (said instanceof TwinlogError) throw said
    throw new TwinlogError('STORE_NOT_FOUND', `there is no store at ${root}`, { path: root })
  }
  const checksum = await Checksum.forStore(identity.storeId)
  const reading = { disk, storeId: identity.storeId, checksum }
  return { path: root, disk, identity, isIdentityDamaged: sound === null, isBackup: manifest !== null, reading }
}

/** A damaged one is as good as none: the segments may say what it said. */
async function manifestOf(directory: string): Promise<BackupManifest | null> {
  try {
    return await readManifest(directory)
  } catch (error) {
    if (isTwinlogError(error, 'NOT_A_BACKUP')) return null
    throw error
  }
}

export function checkPath(name: string, path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '') throw new TypeError(`${name} must be a non-empty string`)
}

/** Null when there is none; the error when it is damaged. */
async function identityOf(disk: Disk): Promise<StoreIdentity | TwinlogError<'CORRUPT'> | null> {
  try {
    return await readIdentity(disk)
  } catch (error) {
    if (isTwinlogError(error, 'CORRUPT') && error.place === IDENTITY_FILE) return error
    throw error
  }
}
