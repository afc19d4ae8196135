/**
 * Makes the index of a closed store anew: the composition root of that one task. It opens the store as an owner does,
 * with the old index left aside, and closes it again.
 */
import { resolve } from 'node:path'
import { SEGMENT_BYTES_DEFAULT } from './commit-log/layout.ts'
import { nodeDisk } from './commit-log/node-disk.ts'
import { openEmbedded } from './log-store/embedded/open-embedded.ts'
import { checkOptions, inRange, type OpenProgress, type OptionType, progressReporter } from './open-options.ts'

export interface RebuildIndexOptions {
  /**
   * Make the index from what the commit log has, even if the old index says that the log once reached further. What lay
   * beyond is lost then, and its sequences are given again. False by default.
   */
  readonly force?: boolean
  /** How long to wait for an owner to let go, in milliseconds, 0 (default) to 2^31 - 1. */
  readonly lockWaitMs?: number
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: OpenProgress) => void
  /** Ends it; the next `open`, or another rebuild, goes on: where `force` was needed, only another one with `force`. */
  readonly signal?: AbortSignal
}

export interface RebuildIndexReport {
  /** The commits that the index was made from. */
  readonly commits: number
  readonly milliseconds: number
}

const MIB = 1024 * 1024

/**
 * Makes the index of the store at `path` anew from the commit log; the old one goes when the new one is complete. Nobody
 * may have the store open.
 * @throws LOG_LOST when the log ends before what the old index says it reached, and nothing was changed (`force`); or when
 *   a commit is so damaged that what it held can't be known, and the index is the one that was. STORE_NOT_FOUND, LOCKED, FORMAT_UNSUPPORTED, CORRUPT,
 *   LOW_SPACE, READ_ONLY, OUT_OF_RANGE, IO_ERROR; the reason of `signal`
 */
export async function rebuildIndex(path: string, options: RebuildIndexOptions = {}): Promise<RebuildIndexReport> {
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be a non-empty string')
  checkOptions('rebuildIndex', OPTION_TYPES, options)
  const { force = false, signal, onProgress } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('signal must be an AbortSignal')
  signal?.throwIfAborted()
  const began = performance.now()
  const root = resolve(path)
  const driver = await openEmbedded({
    path: root,
    disk: nodeDisk(root),
    clock: Date.now,
    createIfMissing: false,
    durability: 'disk',
    lockWaitMs: inRange('lockWaitMs', options.lockWaitMs, 0, 2 ** 31 - 1, 0),
    segmentBytes: SEGMENT_BYTES_DEFAULT,
    recentBytes: 0,
    hot: 16,
    unindexedMax: 1000,
    unindexedBytesMax: MIB,
    freeBytesMin: 0,
    rebuild: { force, signal },
    onWork: progressReporter(onProgress),
  })
  try {
    // Clears what trims and removals left. Closing does that too, but passes over a failure.
    await driver.flushIndex()
    return { commits: driver.stats().commit, milliseconds: Math.round(performance.now() - began) }
  } finally {
    await driver.close()
  }
}

const OPTION_TYPES: Readonly<Record<keyof RebuildIndexOptions, OptionType>> = {
  force: 'boolean',
  lockWaitMs: 'number',
  onProgress: 'function',
  signal: 'object',
}
