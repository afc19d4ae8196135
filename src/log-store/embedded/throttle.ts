/**
 * Holds long work to so many bytes a second, and to half of the time: it rests as long as it worked, so that on a machine
 * that has little time to give, appends get as much of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** Between two rests, at most so much of either: small records take far longer than large ones. */
const TURN_BYTES = 256 * 1024
const TURN_MS = 2
/** What took longer waited for the disk, and the event loop was free meanwhile. */
const REST_MS_MAX = 4

export class Throttle {
  readonly #bytesPerSecond: number
  readonly #signal: AbortSignal
  readonly #started = performance.now()
  #bytes = 0
  #sinceTurn = 0
  #turnedAt = this.#started

  constructor(bytesPerSecond: number, signal: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond
    this.#signal = signal
  }

  /** @throws the signal's reason */
  async spend(bytes: number): Promise<void> {
    this.#signal.throwIfAborted()
    this.#bytes += bytes
    this.#sinceTurn += bytes
    const now = performance.now()
    if (this.#sinceTurn < TURN_BYTES && now - this.#turnedAt < TURN_MS) return
    this.#sinceTurn = 0
    const early = (this.#bytes / this.#bytesPerSecond) * 1000 - (now - this.#started)
    const rest = Math.min(now - this.#turnedAt, REST_MS_MAX)
    try {
      await sleep(Math.max(early, rest), undefined, { signal: this.#signal })
    } catch {
      // Aborted while it slept: the signal says why.
    }
    this.#signal.throwIfAborted()
    this.#turnedAt = performance.now()
  }
}
