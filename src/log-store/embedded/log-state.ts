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
  /** Changes that the index does not hold yet. Counted by `HotLogs`. */
  unindexed = 0
  /** When `HotLogs` last made it the newest. */
  movedAt = 0
  /** Redactions that the index does not hold yet: where each stands, and whether it is acknowledged. */
  readonly #redactions = new Map<number, { readonly location: Location; isAcked: boolean }>()
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

  /** Where a record lies, or what is left of it, that the index does not hold yet. */
  tailLocation(seq: number): Location | undefined {
    const redaction = this.#redactions.get(seq)
    return redaction?.isAcked === true ? redaction.location : this.#tail[seq - this.#tailFrom]
  }

  /** Readers go on seeing the record until this is acknowledged. */
  redact(seq: number, location: Location): void {
    this.#redactions.set(seq, { location, isAcked: false })
  }

  redactionAcked(seq: number): void {
    const redaction = this.#redactions.get(seq)
    if (redaction !== undefined) redaction.isAcked = true
  }

  redactionIndexed(seq: number): void {
    this.#redactions.delete(seq)
  }

  /** The last sequence that the index holds. */
  get indexedTip(): number {
    return this.#tailFrom - 1
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
  #moves = 0
  /** Logs with changes that the index lacks. */
  #busy = 0

  constructor(max: number) {
    this.#max = max
  }

  /**
   * Also marks the log as used just now, about: a map in which one key is deleted and set again and again gets slow, so
   * a log that is among the newest stays where it is.
   */
  get(log: number): LogState | undefined {
    const state = this.#states.get(log)
    if (state !== undefined && this.#moves - state.movedAt > this.#max / 4) {
      this.#states.delete(log)
      this.add(state)
    }
    return state
  }

  add(state: LogState): void {
    this.#moves += 1
    state.movedAt = this.#moves
    this.#states.set(state.log, state)
  }

  /** The log has one more change that the index lacks. */
  changed(state: LogState): void {
    if (state.unindexed === 0) this.#busy += 1
    state.unindexed += 1
  }

  /** The index holds one more change of the log. */
  indexed(state: LogState): void {
    state.unindexed -= 1
    if (state.unindexed === 0) this.#busy -= 1
  }

  /** Forgets the least recently used logs above the bound. Those that must stay do not count. */
  trim(): void {
    let excess = this.#states.size - this.#busy - this.#max
    if (excess <= 0) return
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
