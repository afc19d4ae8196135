/**
 * Says when the frame that fills is not to wait for the end of its turn of the event loop. What a turn asks for goes into
 * one frame, and the disk has nothing to do until then. Where a turn is long and a write is
 * short, that time is lost: so a part of it goes ahead, and the rest is gathered meanwhile. A slow disk still gets all of a turn at once.
 */

/** So much of the time that a write takes is spent gathering before a part goes ahead. */
const PART = 0.5
/** The clock is looked at once for so many requests. */
const LOOK_REQUESTS = 8
/** A write that took longer than those before it says little: the main thread may have heard of it late. */
const SLOWER_WEIGHT = 1 / 16

export class FramePace {
  readonly #now: () => number
  #requests = 0
  #gatheringSince = 0
  #writingSince = 0
  /** What a write takes; none was seen yet. */
  #writeMs = Infinity

  /** @param now in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Requests are gathered from now on, and no frame is on its way. */
  gathers(): void {
    this.#requests = 0
    this.#gatheringSince = this.#now()
  }

  /** One more request is gathered; whether what is there goes ahead. */
  isDue(): boolean {
    this.#requests += 1
    if (this.#requests % LOOK_REQUESTS !== 0) return false
    return this.#now() - this.#gatheringSince > this.#writeMs * PART
  }

  writes(): void {
    this.#writingSince = this.#now()
  }

  written(): void {
    const ms = this.#now() - this.#writingSince
    this.#writeMs = ms < this.#writeMs ? ms : this.#writeMs + (ms - this.#writeMs) * SLOWER_WEIGHT
    this.gathers()
  }
}
