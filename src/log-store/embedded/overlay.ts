/**
 * Small values that lie between memory and the index: actors, dedupe keys, items. A value that the index does not hold
 * yet is pinned here; what was looked up stays for a while, absence included.
 */

import { Pins } from './pins.ts'

/** So many times the bound is well above it: what is forgotten then is many at once. */
export const SLACK = 1.1

/** A frame on its way, as the values that it changes see it. */
export interface Underway {
  /** The frame is acknowledged, or has failed and its changes are taken back. */
  readonly isSettled: boolean
  /** Resolves then. */
  settled(): Promise<void>
}

interface Cell<Value> {
  /** Null: known to be absent. */
  value: Value | null
  /** The value without the changes under way. */
  acknowledged: Value | null
  /** Changes that the index does not hold yet. */
  unindexed: number
  /** The frame of the last change; null when there was none. */
  underway: Underway | null
}

export class Overlay<Value> {
  readonly pins = new Pins<string>()
  readonly #cells = new Map<string, Cell<Value>>()
  readonly #max: number
  /** Cells with changes that the index lacks. */
  #busy = 0

  /** @param max how many looked-up values to keep */
  constructor(max: number) {
    this.#max = max
  }

  /** Undefined: not known here, ask the index. Null: known to be absent. */
  get(key: string): Value | null | undefined {
    return this.#cells.get(key)?.value
  }

  /** As `get`, once no change of it is under way. */
  async settled(key: string): Promise<Value | null | undefined> {
    for (;;) {
      const cell = this.#cells.get(key)
      if (cell === undefined) return undefined
      if (!isUnderway(cell)) return cell.value
      await cell.underway?.settled()
    }
  }

  /** As `settled`, at once; undefined also while a change of it is under way. */
  settledNow(key: string): Value | null | undefined {
    const cell = this.#cells.get(key)
    return cell === undefined || isUnderway(cell) ? undefined : cell.value
  }

  /** What the index says; a value that is known here already is newer. */
  learn(key: string, value: Value | null): void {
    if (!this.#cells.has(key)) this.#cells.set(key, { value, acknowledged: value, unindexed: 0, underway: null })
  }

  /** Changes a value. */
  change(key: string, value: Value | null, underway: Underway): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) {
      this.#cells.set(key, { value, acknowledged: null, unindexed: 1, underway })
      this.#busy += 1
      return
    }
    if (!isUnderway(cell)) cell.acknowledged = cell.value
    cell.value = value
    if (cell.unindexed === 0) this.#busy += 1
    cell.unindexed += 1
    cell.underway = underway
  }

  /** What was not acknowledged never will be: the value is again what it was before. */
  takeBack(key: string): void {
    const cell = this.#cells.get(key)
    if (cell !== undefined && isUnderway(cell)) cell.value = cell.acknowledged
  }

  /** A change is acknowledged; later ones may still be under way. */
  acknowledge(key: string, value: Value | null): void {
    const cell = this.#cells.get(key)
    if (cell !== undefined) cell.acknowledged = value
  }

  /** The index holds one more change of it. */
  indexed(key: string): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) return
    cell.unindexed -= 1
    if (cell.unindexed === 0) this.#busy -= 1
  }

  /** The acknowledged values that the index may not hold yet. */
  unindexed(): Map<string, Value | null> {
    const found = new Map<string, Value | null>()
    for (const [key, cell] of this.#cells) {
      if (cell.unindexed > 0) found.set(key, isUnderway(cell) ? cell.acknowledged : cell.value)
    }
    return found
  }

  /** Forgets what was looked up and found absent. */
  forgetAbsences(): void {
    for (const [key, { value, unindexed, underway }] of this.#cells) {
      if (value === null && unindexed === 0 && underway === null) this.#cells.delete(key)
    }
  }

  /** Whether looked-up values are well above the bound. */
  get isOverfull(): boolean {
    return this.#cells.size - this.#busy > this.#max * SLACK
  }

  /** Forgets looked-up values above the bound, oldest first. */
  trim(): void {
    let excess = this.#cells.size - this.#busy - this.#max
    if (excess <= 0) return
    let looks = 2 * excess
    for (const [key, cell] of this.#cells) {
      if (excess <= 0 || looks <= 0) return
      looks -= 1
      this.#cells.delete(key)
      if (cell.unindexed > 0 || isUnderway(cell) || this.pins.has(key)) this.#cells.set(key, cell)
      else excess -= 1
    }
  }
}

function isUnderway(cell: Cell<unknown>): boolean {
  return cell.underway !== null && !cell.underway.isSettled
}
