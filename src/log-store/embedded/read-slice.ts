/**
 * Reads a run of records of one log: locations from memory or the index, records from the commit log, all verified.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import type { Location } from '../../commit-log/frame-builder.ts'
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

export function boundsOf(state: LogState): EpochBounds {
  return { epoch: actorNumberOfLog(state.log), first: state.ackedFirst, tip: state.ackedTip }
}

/**
 * @throws CORRUPT when the first record is damaged
 * @throws DamagedRangeError, DamagedValueError when the index is; the caller rebuilds the range and asks again
 */
export async function readSlice(
  state: LogState,
  range: ReadRange,
  log: CommitLog,
  index: KeyIndex,
): Promise<ReadSlice> {
  const bounds = boundsOf(state)
  const sequences = sequencesOf(range, bounds)
  const locations = await locate(state, sequences, index)
  const records: StoredRecord[] = []
  let bytes = 0
  for (const [i, location] of locations.entries()) {
    const seq = sequences[i] ?? 0
    try {
      const found = log.read(location)
      const record = toStoredRecord(found instanceof Promise ? await found : found, state.log, seq)
      if (record === null) throw new DamagedRangeError(state.log)
      bytes += record.payload.length
      records.push(record)
    } catch (error) {
      if (records.length > 0) break
      throw aboutRecord(error, state.name, seq)
    }
    if (bytes >= SLICE_BYTES) break
  }
  return { bounds, records }
}

function sequencesOf(range: ReadRange, bounds: EpochBounds): number[] {
  const from = Math.max(range.from, bounds.first)
  const to = Math.min(range.to, bounds.tip)
  const count = Math.max(0, Math.min(to - from + 1, range.limit, SLICE_RECORDS))
  return Array.from({ length: count }, (_, i) => (range.reverse === true ? to - i : from + i))
}

/** Where these sequences lie, all of them within the log's bounds. @throws DamagedRangeError */
export async function locate(state: LogState, sequences: readonly number[], index: KeyIndex): Promise<Location[]> {
  const inTail = sequences.map(seq => state.tailLocation(seq))
  const wanted = sequences.filter((_, i) => inTail[i] === undefined)
  if (wanted.length === 0) return inTail as Location[]
  const found = index.locations(state.log, wanted)
  const indexed = found instanceof Promise ? await found : found
  let next = 0
  return inTail.map(location => {
    const there = location ?? indexed[next++]
    if (there === null || there === undefined) throw new DamagedRangeError(state.log)
    return there
  })
}
