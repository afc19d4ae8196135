/** Holds long work to so many bytes a second, and gives way to the event loop. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** Between two turns of the event loop, at most so much of either: small records take far longer than large ones. */
const TURN_BYTES = 256 * 1024
const TURN_MS = 2

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
    try {
      if (early >= 1) await sleep(early, undefined, { signal: this.#signal })
      else await nextTurn()
    } catch {
      // Aborted while it slept: the signal says why.
    }
    this.#signal.throwIfAborted()
    this.#turnedAt = performance.now()
  }
}
