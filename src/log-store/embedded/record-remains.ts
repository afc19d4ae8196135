/** What a record goes on saying once it is redacted. */
import { isTwinlogError } from '../../errors.ts'
import type { Codec, LogName, ReadRange, ReadSlice } from '../types.ts'

export interface RecordRemains {
  readonly codec: Codec
  readonly receivedAt: number
}

/** What is left of a record that can't be read. */
const UNREADABLE: RecordRemains = { codec: 'bytes', receivedAt: 0 }

/** Null when there is no such record, or nothing to take out of it. */
export async function remainsOfRecord(
  read: (log: LogName, range: ReadRange) => Promise<ReadSlice | null>,
  log: LogName,
  seq: number,
): Promise<RecordRemains | null> {
  if (!Number.isSafeInteger(seq) || seq < 1) return null
  try {
    const slice = await read(log, { from: seq, to: seq, limit: 1 })
    const record = slice?.records[0]
    return record === undefined || record.redacted ? null : record
  } catch (error) {
    if (isTwinlogError(error, 'CORRUPT') || isTwinlogError(error, 'LOST')) return UNREADABLE
    throw error
  }
}
