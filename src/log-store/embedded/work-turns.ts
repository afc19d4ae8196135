/** Long work on the main thread, such as the index's batches: now and then the event loop has its turn. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What it takes of one turn, about. */
const TURN_MS = 2
/** The clock is looked at once for so many steps. */
const LOOK_STEPS = 200

export class WorkTurns {
  #steps = 0
  #started = performance.now()

  /** One more step is done; whether the event loop should have its turn. */
  isOver(): boolean {
    this.#steps += 1
    return this.#steps % LOOK_STEPS === 0 && performance.now() - this.#started >= TURN_MS
  }

  async next(): Promise<void> {
    await nextTurn()
    this.#started = performance.now()
  }
}
