/**
 * Where to begin reading for a commit: remembered from the last time, or found by the headers of the segments. For the
 * feed, whose readers come back with nothing but a commit's number.
 */
import { LOG_START, type SegmentReading, startOf } from './recovery.ts'
import type { LogPoint } from './segment-scan.ts'
import { SegmentWalk } from './segment-walk.ts'

/** Readers that are at different places, about. */
const REMEMBERED_MAX = 64

export class CommitPlaces {
  readonly #reading: SegmentReading
  readonly #remembered = new Map<number, LogPoint>()

  constructor(reading: SegmentReading) {
    this.#reading = reading
  }

  /** A point with no more than the commits up to `commit` before it. @throws LOG_LOST */
  async pointAt(commit: number, end: LogPoint): Promise<LogPoint> {
    if (commit >= end.commit) return end
    return this.#remembered.get(commit) ?? this.#find(commit, end.segment)
  }

  /** From `point` on one can read what comes after `commit`. */
  remember(commit: number, point: LogPoint): void {
    this.#remembered.delete(commit)
    this.#remembered.set(commit, point)
    if (this.#remembered.size <= REMEMBERED_MAX) return
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest)
      return
    }
  }

  /** The start of the last segment that begins at or before the commit's end. */
  async #find(commit: number, lastSegment: number): Promise<LogPoint> {
    const walk = new SegmentWalk(this.#reading)
    let found = LOG_START
    let low = 1
    let high = lastSegment
    while (low <= high) {
      const middle = (low + high) >>> 1
      const start = startOf((await walk.look(middle)).header)
      if (start.commit <= commit) {
        found = start
        low = middle + 1
      } else high = middle - 1
    }
    return found
  }
}
