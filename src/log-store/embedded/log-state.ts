/**
 * What is known in memory of the logs in use: bounds as assigned to appends, bounds as acknowledged to readers, and
 * where the records lie that the index does not hold yet. A bounded number of logs; a log that the index is behind on
 * always stays.
 */
import type { Location } from '../../commit-log/frame-builder.ts'
import type { Head } from '../../key-index/values.ts'
import type { LogName } from '../types.ts'
import { SLACK } from './overlay.ts'
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
  /** Asked for since `HotLogs` last looked for something to forget. */
  isUsed = false
  /** Whose state it is as long as its name leads to it: not once it is forgotten, or the actor is removed. */
  home: HotLogs | null = null
  /** Redactions that the index does not hold yet: where each stands, and whether it is acknowledged. */
  readonly #redactions = new Map<number, { readonly location: Location; isAcked: boolean }>()
  /** Locations of the sequences from `#tailFrom` on. Those up to `#indexedTip` are on their way out. */
  #tail: Location[] = []
  #tailFrom: number
  #indexedTip: number

  constructor(log: number, name: LogName, head: Head) {
    this.log = log
    this.name = name
    this.first = this.ackedFirst = this.indexedFirst = head.first
    this.tip = this.ackedTip = head.tip
    this.#tailFrom = head.tip + 1
    this.#indexedTip = head.tip
  }

  /** Takes the next sequence for a record. */
  append(location: Location): void {
    this.tip += 1
    // An array that is pushed to takes room for many; most logs of many have one record here.
    if (this.#tail.length === 0) this.#tail = [location]
    else this.#tail.push(location)
  }

  /** Where a record lies, or what is left of it, that the index does not hold yet. */
  tailLocation(seq: number): Location | undefined {
    const redaction = this.#redactions.get(seq)
    if (redaction?.isAcked === true) return redaction.location
    return seq > this.#indexedTip ? this.#tail[seq - this.#tailFrom] : undefined
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
    return this.#indexedTip
  }

  /** The index holds everything up to `seq` now. The tail is cut when half of it can go, not once a record. */
  indexedThrough(seq: number): void {
    this.#indexedTip = seq
    const indexed = seq - this.#tailFrom + 1
    if (2 * indexed < this.#tail.length) return
    this.#tail = this.#tail.slice(indexed)
    this.#tailFrom = seq + 1
  }
}

export class HotLogs {
  readonly pins = new Pins<number>()
  readonly #states = new Map<number, LogState>()
  readonly #max: number
  /** Logs with changes that the index lacks. */
  #busy = 0

  constructor(max: number) {
    this.#max = max
  }

  get(log: number): LogState | undefined {
    const state = this.#states.get(log)
    if (state !== undefined) state.isUsed = true
    return state
  }

  add(state: LogState): void {
    this.#states.set(state.log, state)
    state.home = this
  }

  /** What the name led to before, if it still does. */
  known(name: LogName): LogState | undefined {
    const { known } = name
    if (!(known instanceof LogState) || known.home !== this) return undefined
    known.isUsed = true
    return known
  }

  /** The log's actor is removed: no name leads to it any more. */
  retire(log: number): void {
    const state = this.#states.get(log)
    if (state !== undefined) state.home = null
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

  /** Whether there are well more logs than the bound, those not counted that must stay. */
  get isOverfull(): boolean {
    return this.#states.size - this.#busy > this.#max * SLACK
  }

  /**
   * Forgets logs above the bound, oldest first; one that was used since the last look gets another turn. Those that must
   * stay do not count.
   */
  trim(): void {
    let excess = this.#states.size - this.#busy - this.#max
    if (excess <= 0) return
    let looks = 2 * excess
    for (const [log, state] of this.#states) {
      if (excess <= 0 || looks <= 0) return
      looks -= 1
      this.#states.delete(log)
      if (state.unindexed > 0 || state.isUsed || this.pins.has(log)) this.#states.set(log, state)
      else {
        excess -= 1
        state.home = null
      }
      state.isUsed = false
    }
  }
}
