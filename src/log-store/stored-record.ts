/**
 * From a verified entry to what the seam hands out, and the error that says whose record is damaged.
 */
import type { VerifiedEntry } from '../commit-log/record-reader.ts'
import { TwinlogError } from '../errors.ts'
import { decodeLost } from '../record/bodies.ts'
import { CODEC_ID, ENTRY_TYPE } from '../record/layout.ts'
import type { Codec, LogName, StoredRecord } from './types.ts'

const EMPTY = new Uint8Array(0)
const CODEC_NAMES = new Map<number, Codec>([
  [CODEC_ID.json, 'json'],
  [CODEC_ID.msgpack, 'msgpack'],
  [CODEC_ID.bytes, 'bytes'],
])

export function codecName(codec: number): Codec | undefined {
  return CODEC_NAMES.get(codec)
}

/**
 * Null when the entry is gone, or is not record `seq` of `log`: whoever said where it lies was wrong.
 * @throws LostRecordError when the entry declares that record lost
 */
export function toStoredRecord(found: VerifiedEntry | null, log: number, seq: number): StoredRecord | null {
  if (found === null || found.entry.log !== log) return null
  const { entry, payload } = found
  if (entry.type === ENTRY_TYPE.lost) {
    const stretch = decodeLost(payload)
    if (stretch === null || seq < stretch.from || seq > stretch.to) return null
    throw new LostRecordError(stretch.from, stretch.to)
  }
  const codec = codecName(entry.codec)
  const redacted = entry.type === ENTRY_TYPE.redact
  if ((entry.type !== ENTRY_TYPE.append && !redacted) || entry.seq !== seq || codec === undefined) return null
  return { seq, receivedAt: entry.receivedAt, codec, payload, meta: entry.meta ?? EMPTY, redacted }
}

/** The record was lost before this log was written, and the log says so. Becomes a `LOST` error in `aboutRecord`. */
class LostRecordError extends Error {
  readonly from: number
  readonly to: number

  constructor(from: number, to: number) {
    super(`the records ${from} to ${to} are lost`)
    this.from = from
    this.to = to
  }
}

/** An error of reading, with the record it is about: `CORRUPT` or `LOST`; any other error as it is. */
export function aboutRecord(error: unknown, { actor, box }: LogName, seq: number): unknown {
  if (error instanceof LostRecordError) {
    const { from, to } = error
    const message = `record ${seq} of the ${box} of ${actor} was lost: the store was salvaged without it`
    return new TwinlogError('LOST', message, { actor, box, seq, from, to })
  }
  if (!(error instanceof TwinlogError) || error.code !== 'CORRUPT') return error
  const place = 'place' in error && typeof error.place === 'string' ? error.place : ''
  return new TwinlogError(
    'CORRUPT',
    `record ${seq} of the ${box} of ${actor} is damaged, at ${place}`,
    { actor, box, seq, place },
    error,
  )
}
