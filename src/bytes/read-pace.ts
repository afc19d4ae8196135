/**
 * Whether blocking reads come back at once. A hot read should not pay a thread hop, a cold one must not hold up the
 * event loop: so reads block as long as they are quick, and go through the thread pool for a while after one was not; the
 * longer, the more often that happens. A single one was as likely held up by the processor as by the disk.
 * Used by commit-log/ (records) and key-index/ (locations, heads, actors, dedupe keys).
 */

const SLOW_READ_MS = 4
const COLD_MS_FIRST = 8
const COLD_MS_MAX = 256
/** Hot for so long, it is a first time again. */
const CALM_MS = 1000

export class ReadPace {
  #coldUntil = Number.NEGATIVE_INFINITY
  #coldMs = COLD_MS_FIRST

  /** False for a while after a slow read. */
  get isHot(): boolean {
    return performance.now() >= this.#coldUntil
  }

  /** Runs a blocking read and takes note of how long it took. */
  run<Result>(read: () => Result): Result {
    const started = performance.now()
    const result = read()
    const now = performance.now()
    if (now - started > SLOW_READ_MS) this.#cool(started, now)
    return result
  }

  #cool(started: number, now: number): void {
    const isCalm = started - this.#coldUntil > CALM_MS
    this.#coldMs = isCalm ? COLD_MS_FIRST : Math.min(COLD_MS_MAX, 2 * this.#coldMs)
    this.#coldUntil = now + this.#coldMs
  }
}
