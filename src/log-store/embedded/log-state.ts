/**
 * What is known in memory of the logs in use: bounds as assigned to appends, bounds as acknowledged to readers, and
 * where the records lie that the index does not hold yet. A bounded number of logs; a log that the index is behind on
 * always stays.
 */
import type { Location } from '../../commit-log/frame-builder.ts'
import type { Head } from '../../key-index/values.ts'
import type { LogName } from '../types.ts'
import { Pins } from './pins.ts'

export class LogState {
  readonly log: number
  readonly name: LogName
  /** With everything assigned, acknowledged or not. */
  first: number
  tip: number
  /** What readers see. */
  ackedFirst: number
  ackedTip: number
  /** What the index holds. */
  indexedFirst: number
  /** Changes that the index does not hold yet. */
  unindexed = 0
  /** Locations of the sequences from `#tailFrom` on. */
  #tail: Location[] = []
  #tailFrom: number

  constructor(log: number, name: LogName, head: Head) {
    this.log = log
    this.name = name
    this.first = this.ackedFirst = this.indexedFirst = head.first
    this.tip = this.ackedTip = head.tip
    this.#tailFrom = head.tip + 1
  }

  /** Takes the next sequence for a record. */
  append(location: Location): void {
    this.tip += 1
    this.#tail.push(location)
  }

  /** Where a record lies that the index does not hold yet. */
  tailLocation(seq: number): Location | undefined {
    return this.#tail[seq - this.#tailFrom]
  }

  /** The index holds everything up to `seq` now. */
  indexedThrough(seq: number): void {
    this.#tail.splice(0, seq - this.#tailFrom + 1)
    this.#tailFrom = seq + 1
  }
}

export class HotLogs {
  readonly pins = new Pins<number>()
  readonly #states = new Map<number, LogState>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** Also marks the log as used just now. */
  get(log: number): LogState | undefined {
    const state = this.#states.get(log)
    if (state !== undefined && this.#states.size * 2 > this.#max) {
      this.#states.delete(log)
      this.#states.set(log, state)
    }
    return state
  }

  add(state: LogState): void {
    this.#states.set(state.log, state)
  }

  /** Forgets the least recently used logs above the bound. */
  trim(): void {
    let excess = this.#states.size - this.#max
    let looks = 2 * excess
    for (const [log, state] of this.#states) {
      if (excess <= 0 || looks <= 0) return
      looks -= 1
      this.#states.delete(log)
      if (state.unindexed > 0 || this.pins.has(log)) this.#states.set(log, state)
      else excess -= 1
    }
  }
}
