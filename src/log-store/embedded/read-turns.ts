/**
 * Reads that wait for nothing come one after the other without the event loop between them: who goes through a long log
 * would hold up timers, sockets and appends until its end. So now and then a read waits for the next turn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What reads take of one turn, about. */
const TURN_MS = 10

export class ReadTurns {
  #spentMs = 0
  #next: Promise<void> | null = null

  /** Runs what reads and may block. */
  run<Result>(read: () => Result): Result {
    const started = performance.now()
    try {
      return read()
    } finally {
      this.#spentMs += performance.now() - started
    }
  }

  /** What to wait for before the next read; null: nothing. */
  due(): Promise<void> | null {
    if (this.#spentMs < TURN_MS) return null
    this.#next ??= this.#begin()
    return this.#next
  }

  async #begin(): Promise<void> {
    await nextTurn()
    this.#spentMs = 0
    this.#next = null
  }
}
