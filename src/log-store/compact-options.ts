/** What a compaction is asked, and answers; the same for every driver. */
import { TwinlogError } from '../errors.ts'

export interface CompactOptions {
  /** Only look: what would be freed. Changes nothing. */
  readonly dryRun?: boolean | undefined
  /**
   * A segment file is written again when at least this part of it would be freed, 0 to 1; 0.25 by default. One that holds
   * what was redacted, or belonged to a removed actor, is written again in any case.
   */
  readonly deadShareMin?: number | undefined
  /** How fast to read and write, at most; no limit by default. */
  readonly bytesPerSecond?: number | undefined
  /** Ends it at the next step, with the signal's reason. What was freed by then stays freed. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CompactProgress) => void) | undefined
}

export interface CompactProgress {
  /** `survey`: finding out what is dead; `rewrite`: writing segments again. */
  readonly task: 'survey' | 'rewrite'
  readonly done: number
  readonly total: number
  readonly unit: 'segments'
}

/** What a compaction did, or with `dryRun` would do. Bytes are those of the segment files. */
export interface CompactReport {
  readonly segments: number
  /** Segment files that were written again. */
  readonly rewritten: number
  /** Segment files that were left as they are because they are damaged. */
  readonly damaged: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** What was written for it. */
  readonly bytesWritten: number
}

const DEAD_SHARE_MIN = 0.25

/** @throws OUT_OF_RANGE */
export function checkCompactOptions(options: CompactOptions): {
  readonly deadShareMin: number
  readonly bytesPerSecond: number
} {
  const { deadShareMin = DEAD_SHARE_MIN, bytesPerSecond = Infinity } = options
  if (!(deadShareMin >= 0 && deadShareMin <= 1)) throw outOfRange('deadShareMin', deadShareMin, 0, 1)
  if (!(bytesPerSecond >= 1)) throw outOfRange('bytesPerSecond', bytesPerSecond, 1, Number.MAX_SAFE_INTEGER)
  return { deadShareMin, bytesPerSecond }
}

/** For a driver that keeps nothing back. @throws OUT_OF_RANGE; the signal's reason */
export function nothingToCompact(options: CompactOptions): CompactReport {
  checkCompactOptions(options)
  options.signal?.throwIfAborted()
  return { segments: 0, rewritten: 0, damaged: 0, bytesBefore: 0, bytesAfter: 0, bytesWritten: 0 }
}

function outOfRange(argument: string, value: number, min: number, max: number): TwinlogError<'OUT_OF_RANGE'> {
  return new TwinlogError('OUT_OF_RANGE', `${argument} must be from ${min} to ${max}`, { argument, value, min, max })
}
