/**
 * An index in whose place a new one is made stays beside it, as `index.old`, until that is complete: it is the witness of
 * how far the commit log had come, and salvage may need what it knows. Called while LevelDB has neither of them open.
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './sync-folder.ts'

/** Where the index is that was set aside. */
export function oldIndexOf(directory: string): string {
  return `${directory}.old`
}

export function hasOldIndex(directory: string): boolean {
  return existsSync(oldIndexOf(directory))
}

/** What stands beside already is the better witness: the index at `directory` was never complete then. */
export async function setIndexAside(directory: string): Promise<void> {
  if (!existsSync(directory) || hasOldIndex(directory)) return
  await rename(directory, oldIndexOf(directory))
  await syncFolder(dirname(directory))
}

/** Puts it in its place again, over what was to become of the new one. */
export async function bringIndexBack(directory: string): Promise<void> {
  if (!hasOldIndex(directory)) return
  await rm(directory, { recursive: true, force: true })
  await rename(oldIndexOf(directory), directory)
  await syncFolder(dirname(directory))
}

/** Leaves neither the old one nor what there is of the new one. */
export async function dropIndexes(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await dropOldIndex(directory)
}

/** One rename, and it is no witness any more: what a removal that was cut short leaves of it could be taken for one. */
export async function dropOldIndex(directory: string): Promise<void> {
  const gone = `${directory}.gone`
  // Of a removal before.
  if (existsSync(gone)) await rm(gone, { recursive: true, force: true })
  if (!hasOldIndex(directory)) return
  await rename(oldIndexOf(directory), gone)
  await rm(gone, { recursive: true, force: true })
}
