/**
 * Counts how often in a row LevelDB was opened and never closed, in a small file beside the index: `index.starts`. Damage
 * can make LevelDB end the process, which no JavaScript can catch; without the count the next start would do the same.
 * One digit and a line feed. A file that says anything else counts as what it may have been: enough for a full check.
 */
import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toIndexError } from './level-database.ts'
import { syncFolder } from './sync-folder.ts'

/** After so many, every table is checked before LevelDB is opened. */
export const STARTS_TO_CHECK = 2
/** After so many, the index is made anew: what ends the process is nothing that a check finds. */
export const STARTS_TO_REBUILD = 3
/** One digit. */
const COUNT_MAX = 9

function fileOf(directory: string): string {
  return `${directory}.starts`
}

/** How many starts before this one were unclean, in a row. */
export async function uncleanStarts(directory: string): Promise<number> {
  let text: string
  try {
    text = await readFile(fileOf(directory), 'latin1')
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
  return /^\d\n$/.test(text) ? Number(text) : STARTS_TO_CHECK
}

/** Counts one start more; on disk before it returns how many there were. @throws LOW_SPACE, READ_ONLY, IO_ERROR */
export async function countStart(directory: string): Promise<number> {
  const before = await uncleanStarts(directory)
  await write(directory, before + 1, true)
  return before
}

/** Ends the row, or takes back what a start added that failed with an error. Need not survive a power cut. */
export async function setUncleanStarts(directory: string, count: number): Promise<void> {
  await write(directory, count, false)
}

async function write(directory: string, count: number, isSynced: boolean): Promise<void> {
  try {
    await writeOver(directory, count, isSynced)
  } catch (error) {
    throw toIndexError(directory, error)
  }
}

/** Over what is there, so that only the first time a name must be synced, too. */
async function writeOver(directory: string, count: number, isSynced: boolean): Promise<void> {
  const bytes = Buffer.from(`${Math.min(count, COUNT_MAX)}\n`)
  let file
  let isNew = false
  try {
    file = await open(fileOf(directory), 'r+')
  } catch (error) {
    if (!isMissing(error)) throw error
    file = await open(fileOf(directory), 'w', 0o600)
    isNew = true
  }
  try {
    await file.write(bytes, 0, bytes.length, 0)
    const { size } = await file.stat()
    if (size > bytes.length) await file.truncate(bytes.length)
    if (isSynced) await file.datasync()
  } finally {
    await file.close()
  }
  if (isNew && isSynced) await syncFolder(dirname(directory))
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
