/**
 * How far a consumer has come when records are settled in any order: over the lowest one that is not settled it never
 * moves. Pure; holds the records that were given and not passed yet.
 */
import { comparePlaces, type Place, placeText } from './place.ts'

interface Given {
  readonly place: Place
  isSettled: boolean
}

export class Progress {
  #given: Given[] = []
  #first = 0
  readonly #byPlace = new Map<string, Given>()
  #passed: Place
  #through: Place

  constructor(start: Place) {
    this.#passed = start
    this.#through = start
  }

  /** Up to here everything is settled. */
  get reached(): Place {
    let reached: Place = this.#passed
    for (let at = this.#first; ; at += 1) {
      const next = this.#given[at]
      if (next === undefined) return comparePlaces(this.#through, reached) > 0 ? this.#through : reached
      if (!next.isSettled) return reached
      reached = next.place
    }
  }

  /** What was passed for good. */
  get passed(): Place {
    return this.#passed
  }

  /** Records given and not passed. */
  get size(): number {
    return this.#given.length - this.#first
  }

  /** A record is given out. They come in order. */
  give(place: Place): void {
    const given = { place, isSettled: false }
    this.#given.push(given)
    this.#byPlace.set(placeText(place), given)
  }

  /** All up to here was looked at, and given when it was wanted. */
  lookedThrough(place: Place): void {
    this.#through = place
  }

  /** Whether it was given, and is neither settled nor passed. */
  has(place: Place): boolean {
    return this.#byPlace.get(placeText(place))?.isSettled === false
  }

  settle(place: Place, isSettled = true): void {
    const given = this.#byPlace.get(placeText(place))
    if (given !== undefined) given.isSettled = isSettled
  }

  /** The consumer has moved here: what lies below is forgotten. */
  pass(place: Place): void {
    this.#passed = place
    for (;;) {
      const next = this.#given[this.#first]
      if (next === undefined || comparePlaces(next.place, place) > 0) break
      this.#byPlace.delete(placeText(next.place))
      this.#first += 1
    }
    if (this.#first > 1024 && this.#first * 2 > this.#given.length) {
      this.#given = this.#given.slice(this.#first)
      this.#first = 0
    }
  }
}
