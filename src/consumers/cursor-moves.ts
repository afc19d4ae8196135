/**
 * Moves a cursor as records are acknowledged, one commit at a time, each for all that was acknowledged meanwhile. What
 * an acknowledgement appends is in the very commit that moves the cursor over its record: both are there, or neither.
 */
import { isTwinlogError } from '../errors.ts'
import type { AppendOutcome, Flush } from '../log-store/types.ts'
import { comparePlaces, type Place } from './place.ts'
import type { Progress } from './progress.ts'

interface Acknowledgement {
  readonly place: Place
  readonly flush: Flush
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void
  readonly reject: (error: unknown) => void
}

/** Writes a flush, and in it the cursor's move. */
type Write = (flush: Flush, to: Place) => Promise<readonly AppendOutcome[]>

const NOTHING: Flush = { payloads: [], appends: [] }

export class CursorMoves {
  readonly #progress: Progress
  readonly #write: Write
  readonly #onMove: () => void
  #waiting: Acknowledgement[] = []
  /** The lowest record that was refused, and why. Until it is acknowledged, nothing behind it can be. */
  #refused: { readonly place: Place; readonly error: unknown } | null = null
  #isMoving = false
  /** Settles when nothing more can be moved for now. */
  #moving: Promise<void> = Promise.resolve()

  constructor(progress: Progress, write: Write, onMove: () => void) {
    this.#progress = progress
    this.#write = write
    this.#onMove = onMove
  }

  /** Resolves when the cursor has moved over the record, with what became of the appends. */
  async acknowledge(place: Place, flush: Flush): Promise<readonly AppendOutcome[]> {
    if (this.#refused !== null) {
      const order = comparePlaces(place, this.#refused.place)
      if (order > 0) throw this.#refused.error
      if (order === 0) this.#refused = null
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ place, flush, resolve, reject })
      this.#progress.settle(place)
      this.#start()
    })
  }

  /** Moves over what was looked at and is no record for this cursor. */
  async catchUp(): Promise<void> {
    await this.#moving
    this.#moving = this.#catchUp()
    await this.#moving
  }

  /** A record will not be acknowledged: nor can be those behind it, which wait for it. */
  refuse(place: Place, error: unknown): void {
    if (this.#refused === null || comparePlaces(place, this.#refused.place) < 0) this.#refused = { place, error }
    const refused = this.#waiting.filter(each => comparePlaces(each.place, place) >= 0)
    this.#waiting = this.#waiting.filter(each => comparePlaces(each.place, place) < 0)
    for (const each of refused) {
      this.#progress.settle(each.place, false)
      each.reject(error)
    }
    this.#onMove()
  }

  #start(): void {
    if (this.#isMoving) return
    this.#isMoving = true
    // Whatever is acknowledged in this turn of the event loop moves the cursor once.
    this.#moving = this.#moving.then(() => this.#run())
  }

  async #run(): Promise<void> {
    for (;;) {
      const to = this.#progress.reached
      const ready = this.#waiting.filter(({ place }) => comparePlaces(place, to) <= 0)
      const [first] = ready.toSorted((left, right) => comparePlaces(left.place, right.place))
      if (first === undefined) break
      const isDone = await this.#move(ready, to, ready.length > 1)
      // One of them is refused, and only that one is to be: the first goes by itself.
      if (!isDone) await this.#move([first], first.place, false)
    }
    this.#isMoving = false
  }

  async #catchUp(): Promise<void> {
    const to = this.#progress.reached
    if (this.#waiting.length > 0 || comparePlaces(to, this.#progress.passed) <= 0) return
    await this.#write(NOTHING, to)
    this.#progress.pass(to)
  }

  /** False when the commit was refused and nothing is done about it, as `isTrial` asks for. */
  async #move(some: readonly Acknowledgement[], to: Place, isTrial: boolean): Promise<boolean> {
    const inOrder = some.toSorted((left, right) => comparePlaces(left.place, right.place))
    try {
      const outcomes = await this.#write(joined(inOrder.map(({ flush }) => flush)), to)
      this.#progress.pass(to)
      this.#waiting = this.#waiting.filter(each => !some.includes(each))
      let at = 0
      for (const { flush, resolve } of inOrder) resolve(outcomes.slice(at, (at += flush.appends.length)))
      this.#onMove()
      return true
    } catch (error) {
      if (isTrial && isRefusal(error)) return false
      this.refuse(inOrder[0]?.place ?? to, error)
      return true
    }
  }
}

/** Whether the fault lies with what was to be appended. */
function isRefusal(error: unknown): boolean {
  const codes = ['NO_ACTOR', 'KEY_CONFLICT', 'TIP_CONFLICT', 'FLUSH_TOO_LARGE'] as const
  return codes.some(code => isTwinlogError(error, code))
}

/** One flush that does what these do, in their order. */
function joined(flushes: readonly Flush[]): Flush {
  const payloads = flushes.flatMap(flush => flush.payloads)
  let before = 0
  const appends = flushes.flatMap(flush => {
    const shifted = flush.appends.map(append => ({ ...append, payload: append.payload + before }))
    before += flush.payloads.length
    return shifted
  })
  return { payloads, appends }
}
