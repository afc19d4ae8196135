/** Long work on the main thread in slices: between two of them the event loop has its turn. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** The longest slice, about. */
const SLICE_MS = 2
/** The clock is looked at once for so many steps. */
const SLICE_STEPS = 200

export class Slices {
  #steps = 0
  #started = performance.now()

  /** One more step is done; whether the event loop should have its turn. */
  isOver(): boolean {
    this.#steps += 1
    return this.#steps % SLICE_STEPS === 0 && performance.now() - this.#started >= SLICE_MS
  }

  async next(): Promise<void> {
    await nextTurn()
    this.#started = performance.now()
  }
}
