/** Waiting for a hint that there may be more to read. For whoever follows a log or the feed. */

/** The longest interval of a timer. */
const ALIVE_MS = 2 ** 31 - 1

/** Remembers a wake-up that comes while nobody waits. */
export class Wake {
  #isUp = false
  #resolve: (() => void) | undefined
  stopped = false

  readonly up = (): void => {
    this.#isUp = true
    this.#resolve?.()
  }

  stop(): void {
    this.stopped = true
    this.up()
  }

  reset(): void {
    this.#isUp = this.stopped
  }

  wait(): Promise<void> {
    if (this.#isUp) return Promise.resolve()
    // Whoever follows is waiting for something: the process must not end meanwhile as if it had nothing to do.
    const alive = setInterval(() => {}, ALIVE_MS)
    return new Promise<void>(resolve => {
      this.#resolve = resolve
    }).finally(() => clearInterval(alive))
  }
}
