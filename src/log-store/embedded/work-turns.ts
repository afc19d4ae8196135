/**
 * Long work on the main thread, such as the index's batches: a little of it in each turn of the event loop, and where a
 * frame is to be written, while the disk has it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What it takes of one turn, about: as long as a quick disk takes for a frame. */
const TURN_MS = 0.25
/** The clock is looked at once for so many steps. */
const LOOK_STEPS = 40

export class WorkTurns {
  readonly #isFrameDue: () => boolean
  #steps = 0
  #started = performance.now()

  /** @param isFrameDue whether a frame begins in this turn of the event loop */
  constructor(isFrameDue: () => boolean) {
    this.#isFrameDue = isFrameDue
  }

  /** One more step is done; whether the event loop should have its turn. */
  isOver(): boolean {
    this.#steps += 1
    return this.#steps % LOOK_STEPS === 0 && performance.now() - this.#started >= TURN_MS
  }

  async next(): Promise<void> {
    await nextTurn()
    // The frame goes first: the disk has something to do meanwhile.
    if (this.#isFrameDue()) await nextTurn()
    this.#started = performance.now()
  }
}
