/**
 * Long work on the main thread, such as the index's batches: a little of it in each turn of the event loop, and where a
 * frame is to be written, while the disk has it. Work that falls behind takes more, and stands back for nobody: where
 * turns are long it would never end otherwise.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What it takes of one turn, about: as long as a quick disk takes for a frame. */
const TURN_MS = 0.25
const BEHIND_TURN_MS = 2
/** The clock is looked at once for so many steps. */
const LOOK_STEPS = 40

export interface Surroundings {
  /** Whether a frame begins in this turn of the event loop. */
  isFrameDue(): boolean
  /** Whether the work falls behind. */
  isBehind(): boolean
}

export class WorkTurns {
  readonly #around: Surroundings
  readonly #now: () => number
  #steps = 0
  #started: number

  /** @param now in milliseconds */
  constructor(around: Surroundings, now: () => number = () => performance.now()) {
    this.#around = around
    this.#now = now
    this.#started = now()
  }

  get isBehind(): boolean {
    return this.#around.isBehind()
  }

  /** One more step is done; whether the event loop should have its turn. */
  isOver(): boolean {
    this.#steps += 1
    if (this.#steps % LOOK_STEPS !== 0) return false
    return this.#now() - this.#started >= (this.isBehind ? BEHIND_TURN_MS : TURN_MS)
  }

  async next(): Promise<void> {
    await nextTurn()
    // The frame goes first: the disk has something to do meanwhile.
    if (this.#around.isFrameDue() && !this.isBehind) await nextTurn()
    this.#started = this.#now()
  }
}
