/**
 * Entries: encode and decode, side by side. An entry is the smallest thing in a segment that verifies alone: its
 * header checksum covers where it was born, its header, key and meta; its payload has a checksum of its own.
 * docs/format.md is the specification; layout.ts holds the offsets.
 */
import { align8, readBigU64, readU48, readU56, writeBigU64, writeU48, writeU56 } from '../bytes/integers.ts'
import type { Checksum } from '../bytes/checksum.ts'
import {
  CRITICAL_ENTRY_FLAGS,
  ENTRY_FIELDS as F,
  ENTRY_HEADER_BYTES,
  ENTRY_MAGIC,
  ENTRY_TYPE,
  KEY_BYTES,
  META_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
} from './layout.ts'

export type EntryType = (typeof ENTRY_TYPE)[keyof typeof ENTRY_TYPE]

/** Where an entry was first written. Its checksums are bound to it, so an entry found elsewhere does not pass. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** What an entry says, without its payload. */
interface EntryHeader {
  readonly type: EntryType
  readonly codec: number
  /** Position among its frame's entries, from 0. */
  readonly ordinal: number
  readonly log: number
  readonly seq: number
  readonly receivedAt: number
  readonly payloadLength: number
  /** Offset of the `payload` entry of the same frame that holds the body; 0: the body, if any, is here. */
  readonly payloadAt: number
  /** Of the payload here, or there, or (keyOnly) of the payload that is gone. */
  readonly payloadSum: bigint
  /** 16 bytes, or none. */
  readonly key: Uint8Array | null
  readonly meta: Uint8Array | null
}

/** What to encode: the lengths follow from `key`, `meta` and `payload`. */
export interface EntryFields {
  readonly type: EntryType
  readonly codec?: number
  readonly log?: number
  readonly seq?: number
  readonly receivedAt?: number
  readonly payloadAt?: number
  readonly payloadSum: bigint
  readonly key?: Uint8Array | undefined
  readonly meta?: Uint8Array | undefined
  readonly payload?: Uint8Array | undefined
}

/** A header with its extent in the file. */
export interface DecodedEntry extends EntryHeader {
  readonly place: Place
  /** Header, key, meta, payload and padding. */
  readonly length: number
  readonly headerSum: bigint
  /** Bytes from the entry's start to its payload. */
  readonly payloadStart: number
}

/** The other types have their place in the format; no version writes them yet. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([
  ENTRY_TYPE.append,
  ENTRY_TYPE.payload,
  ENTRY_TYPE.keyOnly,
  ENTRY_TYPE.actorAdded,
  ENTRY_TYPE.actorRemoved,
  ENTRY_TYPE.bounds,
  ENTRY_TYPE.redact,
  ENTRY_TYPE.lost,
  ENTRY_TYPE.itemPut,
  ENTRY_TYPE.itemDelete,
])
const BIRTH_BYTES = 8
const SUMMED_HEADER_BYTES = F.headerSum.at
const scratch = Buffer.alloc(BIRTH_BYTES + SUMMED_HEADER_BYTES + KEY_BYTES + META_BYTES_MAX)
/** What is summed of an entry without meta, the common ones: with and without a key. */
const summedBare = scratch.subarray(0, BIRTH_BYTES + SUMMED_HEADER_BYTES)
const summedKeyed = scratch.subarray(0, BIRTH_BYTES + SUMMED_HEADER_BYTES + KEY_BYTES)

/** Bytes that an entry takes in its segment, padding included. */
export function entryLength(keyBytes: number, metaBytes: number, payloadBytes: number): number {
  return align8(ENTRY_HEADER_BYTES + keyBytes + metaBytes + payloadBytes)
}

/** Writes one entry at `at`, born at `place`; returns its header checksum. */
export function encodeEntry(
  target: Buffer,
  at: number,
  place: Place,
  ordinal: number,
  fields: EntryFields,
  checksum: Checksum,
): bigint {
  const { key, meta, payload } = fields
  const keyLength = key?.length ?? 0
  const metaLength = meta?.length ?? 0
  const payloadLength = payload?.length ?? 0
  const length = entryLength(keyLength, metaLength, payloadLength)

  target[at + F.magic.at] = ENTRY_MAGIC
  target[at + F.type.at] = fields.type
  target[at + F.flags.at] = 0
  target[at + F.codec.at] = fields.codec ?? 0
  target.writeUInt32BE(payloadLength, at + F.payloadLength.at)
  target.writeUInt32BE(ordinal, at + F.ordinal.at)
  target[at + F.keyLength.at] = keyLength
  writeU56(target, fields.seq ?? 0, at + F.sequence.at)
  writeU48(target, fields.log ?? 0, at + F.log.at)
  writeU48(target, fields.receivedAt ?? 0, at + F.receivedAt.at)
  target.writeUInt16BE(metaLength, at + F.metaLength.at)
  target.writeUInt16BE(0, at + F.reserved.at)
  target.writeUInt32BE(fields.payloadAt ?? 0, at + F.payloadAt.at)
  writeBigU64(target, fields.payloadSum, at + F.payloadSum.at)

  let end = at + ENTRY_HEADER_BYTES
  if (key !== undefined) target.set(key, end)
  end += keyLength
  if (meta !== undefined) target.set(meta, end)
  end += metaLength
  const headerSum = sumHeader(target, at, end, place, checksum)
  writeBigU64(target, headerSum, at + F.headerSum.at)
  if (payload !== undefined) target.set(payload, end)
  for (let i = end + payloadLength; i < at + length; i += 1) target[i] = 0
  return headerSum
}

/**
 * The entry at `at`, or null when these bytes are no whole, undamaged entry header born at `place`. The payload is not
 * looked at, nor need it be in `source`.
 */
export function decodeEntry(source: Buffer, at: number, place: Place, checksum: Checksum): DecodedEntry | null {
  if (at + ENTRY_HEADER_BYTES > source.length || source[at] !== ENTRY_MAGIC) return null
  const keyLength = source[at + F.keyLength.at] ?? 0
  const metaLength = source.readUInt16BE(at + F.metaLength.at)
  const payloadLength = source.readUInt32BE(at + F.payloadLength.at)
  if ((keyLength !== 0 && keyLength !== KEY_BYTES) || metaLength > META_BYTES_MAX) return null
  if (payloadLength > PAYLOAD_BYTES_MAX) return null
  const keyAt = at + ENTRY_HEADER_BYTES
  const metaAt = keyAt + keyLength
  const payloadStart = metaAt + metaLength
  if (payloadStart > source.length) return null
  const headerSum = readBigU64(source, at + F.headerSum.at)
  if (headerSum !== sumHeader(source, at, payloadStart, place, checksum)) return null
  return {
    type: (source[at + F.type.at] ?? 0) as EntryType,
    codec: source[at + F.codec.at] ?? 0,
    ordinal: source.readUInt32BE(at + F.ordinal.at),
    log: readU48(source, at + F.log.at),
    seq: readU56(source, at + F.sequence.at),
    receivedAt: readU48(source, at + F.receivedAt.at),
    payloadLength,
    payloadAt: source.readUInt32BE(at + F.payloadAt.at),
    payloadSum: readBigU64(source, at + F.payloadSum.at),
    key: keyLength === 0 ? null : Buffer.from(source.subarray(keyAt, metaAt)),
    meta: metaLength === 0 ? null : Buffer.from(source.subarray(metaAt, payloadStart)),
    place,
    length: entryLength(keyLength, metaLength, payloadLength),
    headerSum,
    payloadStart: payloadStart - at,
  }
}

/** How long the entry at `at` says that it is, whether that is true or not; all of its header is there. */
export function saidLength(source: Buffer, at: number): number {
  const keyLength = source[at + F.keyLength.at] ?? 0
  return entryLength(keyLength, source.readUInt16BE(at + F.metaLength.at), source.readUInt32BE(at + F.payloadLength.at))
}

/** Whether an undamaged entry is of a type, and has only flags, that this version knows. */
export function isKnownEntry(source: Buffer, at: number): boolean {
  const type = source[at + F.type.at] ?? 0
  const flags = source[at + F.flags.at] ?? 0
  return KNOWN_TYPES.has(type) && (flags & CRITICAL_ENTRY_FLAGS) === 0
}

/** A copy of the payload of the decoded entry at `at`, or null when its checksum does not match or bytes are missing. */
export function payloadOf(source: Buffer, at: number, entry: DecodedEntry, checksum: Checksum): Buffer | null {
  const start = at + entry.payloadStart
  const end = start + entry.payloadLength
  if (end > source.length) return null
  const payload = source.subarray(start, end)
  if (checksum.sum(payload) !== entry.payloadSum) return null
  const copy = Buffer.allocUnsafe(payload.length)
  copy.set(payload)
  return copy
}

/** Whether the bytes between the payload and the next multiple of 8 are zero, as they must be. */
export function isPaddingZero(source: Buffer, at: number, entry: DecodedEntry): boolean {
  for (let i = at + entry.payloadStart + entry.payloadLength; i < at + entry.length; i += 1) {
    if (source[i] !== 0) return false
  }
  return true
}

function sumHeader(source: Buffer, at: number, end: number, place: Place, checksum: Checksum): bigint {
  scratch.writeUInt32BE(place.segment, 0)
  scratch.writeUInt32BE(place.offset, 4)
  source.copy(scratch, BIRTH_BYTES, at, at + SUMMED_HEADER_BYTES)
  const rest = end - at - ENTRY_HEADER_BYTES
  if (rest === 0) return checksum.sum(summedBare)
  source.copy(scratch, BIRTH_BYTES + SUMMED_HEADER_BYTES, at + ENTRY_HEADER_BYTES, end)
  return checksum.sum(rest === KEY_BYTES ? summedKeyed : scratch.subarray(0, summedBare.length + rest))
}
