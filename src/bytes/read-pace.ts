/**
 * Whether blocking reads come back at once. A hot read should not pay a thread hop, a cold one must not hold up the
 * event loop: so reads block as long as they are quick, and go through the thread pool for a while after one was not.
 * Used by commit-log/ (records) and key-index/ (locations, dedupe keys).
 */

const SLOW_READ_MS = 4
const COLD_MS = 250

export class ReadPace {
  #coldUntil = 0

  /** False for a while after a slow read. */
  get isHot(): boolean {
    return performance.now() >= this.#coldUntil
  }

  /** Runs a blocking read and takes note of how long it took. */
  run<Result>(read: () => Result): Result {
    const started = performance.now()
    const result = read()
    const now = performance.now()
    if (now - started > SLOW_READ_MS) this.#coldUntil = now + COLD_MS
    return result
  }
}
