/**
 * Counts how often in a row LevelDB was opened and never closed, in a small file beside the index: `index.starts`. Damage
 * can make LevelDB end the process, which no JavaScript can catch; without the count the next start would do the same.
 * One digit and a line feed. A file that says anything else counts as what it may have been: enough for a full check.
 */
import { open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** After so many, every table is checked before LevelDB is opened. */
export const STARTS_TO_CHECK = 2
/** After so many, the index is made anew: what ends the process is nothing that a check finds. */
export const STARTS_TO_REBUILD = 3

function fileOf(directory: string): string {
  return `${directory}.starts`
}

/** How many starts before this one were unclean, in a row. */
export async function uncleanStarts(directory: string): Promise<number> {
  let text: string
  try {
    text = await readFile(fileOf(directory), 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
  return /^[1-9]\n$/.test(text) ? Number(text) : STARTS_TO_CHECK
}

/** Writes the count, on disk before it returns; 0: takes the file away, which need not survive a power cut. */
export async function setUncleanStarts(directory: string, count: number): Promise<void> {
  if (count === 0) return rm(fileOf(directory), { force: true })
  const file = await open(fileOf(directory), 'w', 0o600)
  try {
    await file.writeFile(`${Math.min(count, 9)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dirname(directory))
}

/** Not every system lets a folder be opened, and then its names need no syncing. */
async function syncFolder(folder: string): Promise<void> {
  let file
  try {
    file = await open(folder)
  } catch {
    return
  }
  try {
    await file.sync()
  } catch {
    // As above.
  } finally {
    await file.close()
  }
}
