/**
 * The time that retention by age goes by. A clock that jumps ahead must not make everything look old: so this one never
 * runs faster than twice the time that really passed, and across restarts it gets a day at most. What it said last is
 * kept in the store.
 */
import { isTwinlogError } from '../errors.ts'
import type { LogStore } from '../log-store/types.ts'

const ITEM = 'twinlog/retention-time'
const DAY_MS = 24 * 60 * 60 * 1000
/** It may catch up when it is behind. */
const SPEED_MAX = 2

interface Observation {
  readonly time: number
  /** When, by a clock that only runs. */
  readonly at: number
}

export class RetentionClock {
  readonly #logStore: LogStore
  readonly #clock: () => number
  readonly #elapsed: () => number
  #last: Observation | null = null

  /** @param elapsed milliseconds by a clock that only runs, from any start */
  constructor(logStore: LogStore, clock: () => number, elapsed: () => number = () => performance.now()) {
    this.#logStore = logStore
    this.#clock = clock
    this.#elapsed = elapsed
  }

  /** Milliseconds since 1970; null the first time ever, when there is nothing to hold the clock against. */
  async now(): Promise<number | null> {
    const at = this.#elapsed()
    const stored = await this.#logStore.item(ITEM)
    const before = stored === null ? null : Number(Buffer.from(stored.value).toString())
    const clock = Math.floor(this.#clock())
    const time = before === null ? clock : Math.floor(Math.min(clock, before + this.#stepMax(before, at)))
    this.#last = { time, at }
    await this.#store(time, stored?.version ?? 0)
    return before === null ? null : time
  }

  #stepMax(before: number, at: number): number {
    // Another one, in another process before this one, may have gone on since.
    return this.#last?.time === before ? SPEED_MAX * (at - this.#last.at) : DAY_MS
  }

  /** Who comes between has observed the time as well. */
  async #store(time: number, expectedVersion: number): Promise<void> {
    const items = [{ key: ITEM, value: Buffer.from(String(time)), expectedVersion }]
    try {
      await this.#logStore.append({ payloads: [], appends: [], items })
    } catch (error) {
      if (!isTwinlogError(error, 'VERSION_CONFLICT')) throw error
    }
  }
}
