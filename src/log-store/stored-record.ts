/**
 * From a verified entry to what the seam hands out, and the error that says whose record is damaged.
 */
import type { VerifiedEntry } from '../commit-log/record-reader.ts'
import { TwinlogError } from '../errors.ts'
import { CODEC_ID, ENTRY_TYPE } from '../record/layout.ts'
import type { Codec, LogName, StoredRecord } from './types.ts'

const EMPTY = new Uint8Array(0)
const CODEC_NAMES = new Map<number, Codec>([
  [CODEC_ID.json, 'json'],
  [CODEC_ID.msgpack, 'msgpack'],
  [CODEC_ID.bytes, 'bytes'],
])

/** Null when the entry is not record `seq` of `log`: whoever said where it lies was wrong. */
export function toStoredRecord({ entry, payload }: VerifiedEntry, log: number, seq: number): StoredRecord | null {
  const codec = CODEC_NAMES.get(entry.codec)
  if (entry.type !== ENTRY_TYPE.append || entry.log !== log || entry.seq !== seq || codec === undefined) return null
  return { seq, receivedAt: entry.receivedAt, codec, payload, meta: entry.meta ?? EMPTY }
}

/** A `CORRUPT` error, with the record it is about; any other error as it is. */
export function aboutRecord(error: unknown, { actor, box }: LogName, seq: number): unknown {
  if (!(error instanceof TwinlogError) || error.code !== 'CORRUPT') return error
  const place = 'place' in error && typeof error.place === 'string' ? error.place : ''
  return new TwinlogError(
    'CORRUPT',
    `record ${seq} of the ${box} of ${actor} is damaged, at ${place}`,
    { actor, box, seq, place },
    error,
  )
}
