/**
 * The mark of an index that is to be made anew by the next open, because it was found damaged while it was open: a file
 * in its folder that LevelDB does not look at, gone with the folder. It holds the reason, for people.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'condemned'

/** On disk when it returns: it blocks, and happens at most once. Where that fails, the next open meets the damage again. */
export function condemn(directory: string, reason: string): void {
  try {
    const file = openSync(join(directory, FILE), 'w', 0o600)
    try {
      writeSync(file, `${reason}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch {
    // As above.
  }
}

/** Why; null when it is not condemned. */
export async function condemnation(directory: string): Promise<string | null> {
  try {
    return (await readFile(join(directory, FILE), 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
