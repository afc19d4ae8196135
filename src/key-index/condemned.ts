/**
 * An index that was found damaged while it was open: what it does not show may be hidden, and what it shows may be older
 * than it should be, so nothing is read from it any more. The next open makes it anew, because of a mark: a file in its
 * folder that LevelDB does not look at, gone with the folder. It holds the reason, for people.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'condemned'

/** What an index throws once it is condemned. */
class CondemnedIndexError extends Error {
  override readonly name = 'CondemnedIndexError'
}

export class Condemned {
  readonly #directory: string
  #error: CondemnedIndexError | null = null
  /** Called once. */
  onCondemned: (error: Error) => void = () => undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The mark is on disk when it returns. */
  condemn(reason: string): void {
    if (this.#error !== null) return
    this.#error = new CondemnedIndexError(`the index is damaged: ${reason}`)
    markCondemned(this.#directory, reason)
    this.onCondemned(this.#error)
  }

  /** @throws CondemnedIndexError */
  assertNot(): void {
    if (this.#error !== null) throw this.#error
  }
}

/** It blocks, and happens at most once. Where it fails, the next open meets the damage again. */
export function markCondemned(directory: string, reason: string): void {
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
