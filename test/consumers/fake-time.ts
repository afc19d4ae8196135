/** Time that only passes when a test says so. */
interface Timer {
  readonly at: number
  readonly wake: () => void
}

export class FakeTime {
  now = 1_000_000
  readonly #timers = new Set<Timer>()

  readonly clock = (): number => this.now

  readonly timer = (ms: number, wake: () => void): (() => void) => {
    const timer = { at: this.now + ms, wake }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Goes on to the next timer; false when there is none. */
  next(): boolean {
    const [first] = [...this.#timers].toSorted((left, right) => left.at - right.at)
    if (first === undefined) return false
    this.#timers.delete(first)
    this.now = Math.max(this.now, first.at)
    first.wake()
    return true
  }
}

/** Lets everything that can go on without time passing go on. */
export async function settle(rounds = 30): Promise<void> {
  for (let i = 0; i < rounds; i += 1) await new Promise(resolve => setImmediate(resolve))
}

/** Waits until something holds; the reason it is that it does come about, at some turn of the event loop. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setImmediate(resolve))
}
