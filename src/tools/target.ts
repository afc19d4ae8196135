/**
 * The directory that a tool makes a store in. Until the store is whole, a file in it says so: else a crash at the very
 * start could leave what `open` takes for a place to make a new, empty store in.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Disk } from '../commit-log/disk.ts'
import { type StoreIdentity, writeIdentity } from '../commit-log/identity.ts'
import { nodeDisk, toTwinlogError } from '../commit-log/node-disk.ts'
import { SEGMENT_FOLDER } from '../commit-log/segment-files.ts'
import { TwinlogError } from '../errors.ts'

const UNFINISHED_STORE_FILE = 'unfinished'

export interface Target {
  readonly path: string
  readonly disk: Disk
}

/**
 * Runs `fill` on a new directory and makes it a store of that identity, last. Whatever stops it, nothing is left.
 * @throws NOT_EMPTY, and whatever `fill` throws
 */
export async function makeStore<Result>(
  path: string,
  identity: StoreIdentity,
  fill: (target: Target) => Promise<Result>,
): Promise<Result> {
  const root = resolve(path)
  const wasThere = await assertEmpty(root)
  const disk = nodeDisk(root)
  try {
    await mkdir(root, { recursive: true })
    await writeFile(join(root, UNFINISHED_STORE_FILE), 'A twinlog tool is making a store here.\n', { flag: 'wx' })
    await disk.makeFolder(SEGMENT_FOLDER)
    const result = await fill({ path: root, disk })
    await disk.syncFolder(SEGMENT_FOLDER)
    await writeIdentity(disk, identity)
    await disk.remove(UNFINISHED_STORE_FILE)
    await syncParent(root)
    return result
  } catch (error) {
    await remove(root, wasThere).catch(() => {})
    throw toTwinlogErrorIfSystem(root, error)
  }
}

/** Whether the directory is there. @throws NOT_EMPTY */
async function assertEmpty(path: string): Promise<boolean> {
  try {
    const names = await readdir(path)
    if (names.length === 0) return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return false
    if (!isSystemError(error) || error.code !== 'ENOTDIR') throw toTwinlogError(path, error)
  }
  throw new TwinlogError('NOT_EMPTY', `${path} is not an empty directory`, { path })
}

async function remove(path: string, wasThere: boolean): Promise<void> {
  if (!wasThere) return rm(path, { recursive: true, force: true })
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true })
}

/** A new directory's name survives a power cut. A parent that can't be opened can't be synced. */
export async function syncParent(path: string): Promise<void> {
  await nodeDisk(dirname(path))
    .syncFolder('')
    .catch(() => {})
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

/** An aborted signal's reason, and a bug, stay what they are. */
export function toTwinlogErrorIfSystem(place: string, error: unknown): unknown {
  return isSystemError(error) && 'syscall' in error ? toTwinlogError(place, error) : error
}
