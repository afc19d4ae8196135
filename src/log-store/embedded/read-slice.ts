/**
 * Reads a run of records of one log: locations from memory or the index, records from the commit log, all verified. What
 * is at hand is read without waiting for anything; a promise comes back where something is not.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import type { Location } from '../../commit-log/frame-builder.ts'
import type { EntryRun, VerifiedEntry } from '../../commit-log/record-reader.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import { aboutRecord, toStoredRecord } from '../stored-record.ts'
import type { EpochBounds, ReadRange, ReadSlice, StoredRecord } from '../types.ts'
import { actorNumberOfLog } from '../change.ts'
import type { LogState } from './log-state.ts'
import { DamagedRangeError } from './lookup.ts'

/** One slice carries about this many bytes, and at least one record. */
const SLICE_BYTES = 4 * 1024 * 1024
/** And at most this many records: they are located, and often read, without a break. */
const SLICE_RECORDS = 1000
/** And what blocks ends after so long: each read may be just quick enough to block, and there may be one for each record. */
const SLICE_MS = 20

export function boundsOf(state: LogState): EpochBounds {
  return { epoch: actorNumberOfLog(state.log), first: state.ackedFirst, tip: state.ackedTip }
}

/**
 * @throws CORRUPT when the first record is damaged
 * @throws DamagedRangeError, DamagedValueError when the index is; the caller rebuilds the range and asks again
 */
export function readSlice(
  state: LogState,
  range: ReadRange,
  log: CommitLog,
  index: KeyIndex,
): ReadSlice | Promise<ReadSlice> {
  const bounds = boundsOf(state)
  const sequences = sequencesOf(range, bounds)
  const locations = locate(state, sequences, index)
  if (locations instanceof Promise)
    return locations.then(found => new Slice(state, bounds, sequences, log.run(found)).read())
  return new Slice(state, bounds, sequences, log.run(locations)).read()
}

class Slice {
  readonly #state: LogState
  readonly #bounds: EpochBounds
  readonly #sequences: readonly number[]
  readonly #run: EntryRun
  readonly #records: StoredRecord[] = []
  #bytes = 0

  constructor(state: LogState, bounds: EpochBounds, sequences: readonly number[], run: EntryRun) {
    this.#state = state
    this.#bounds = bounds
    this.#sequences = sequences
    this.#run = run
  }

  read(): ReadSlice | Promise<ReadSlice> {
    const end = performance.now() + SLICE_MS
    try {
      for (let i = 0; i < this.#sequences.length && this.#bytes < SLICE_BYTES; i += 1) {
        const found = this.#run.at(i)
        if (found instanceof Promise) return this.#readOn(found, i)
        this.#take(found, i)
        if (performance.now() > end) break
      }
    } catch (error) {
      if (this.#records.length === 0) throw aboutRecord(error, this.#state.name, this.#sequences[0] ?? 0)
    }
    return { bounds: this.#bounds, records: this.#records }
  }

  async #readOn(first: Promise<VerifiedEntry | null>, start: number): Promise<ReadSlice> {
    try {
      this.#take(await first, start)
      for (let i = start + 1; i < this.#sequences.length && this.#bytes < SLICE_BYTES; i += 1)
        this.#take(await this.#run.at(i), i)
    } catch (error) {
      if (this.#records.length === 0) throw aboutRecord(error, this.#state.name, this.#sequences[0] ?? 0)
    }
    return { bounds: this.#bounds, records: this.#records }
  }

  #take(found: VerifiedEntry | null, i: number): void {
    const record = toStoredRecord(found, this.#state.log, this.#sequences[i] ?? 0)
    if (record === null) throw new DamagedRangeError(this.#state.log)
    this.#bytes += record.payload.length
    this.#records.push(record)
  }
}

function sequencesOf(range: ReadRange, bounds: EpochBounds): number[] {
  const from = Math.max(range.from, bounds.first)
  const to = Math.min(range.to, bounds.tip)
  const count = Math.max(0, Math.min(to - from + 1, range.limit, SLICE_RECORDS))
  const sequences: number[] = []
  for (let i = 0; i < count; i += 1) sequences.push(range.reverse === true ? to - i : from + i)
  return sequences
}

/** Where these sequences lie, all of them within the log's bounds. @throws DamagedRangeError, DamagedValueError */
export function locate(
  state: LogState,
  sequences: readonly number[],
  index: KeyIndex,
): readonly Location[] | Promise<readonly Location[]> {
  const locations: Location[] = []
  const end = performance.now() + SLICE_MS
  for (const seq of sequences) {
    if (performance.now() > end) return locateRest(state, sequences, locations, index)
    const location = state.tailLocation(seq) ?? index.now.location(state.log, seq)
    if (location === undefined) return locateRest(state, sequences, locations, index)
    if (location === null) throw new DamagedRangeError(state.log)
    locations.push(location)
  }
  return locations
}

/** Through the thread pool what memory does not hold from here on. */
async function locateRest(
  state: LogState,
  sequences: readonly number[],
  before: readonly Location[],
  index: KeyIndex,
): Promise<readonly Location[]> {
  const rest = sequences.slice(before.length)
  const inTail = rest.map(seq => state.tailLocation(seq))
  const indexed = await index.locations(
    state.log,
    rest.filter((_, i) => inTail[i] === undefined),
  )
  let next = 0
  const found = inTail.map(location => {
    const there = location ?? indexed[next++]
    if (there === null || there === undefined) throw new DamagedRangeError(state.log)
    return there
  })
  return [...before, ...found]
}
