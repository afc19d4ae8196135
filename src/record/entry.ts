/**
 * Entries: encode and decode, side by side. An entry is the smallest thing in a segment that verifies alone: its
 * header checksum covers where it was born, its header, key and meta; its payload has a checksum of its own.
 * docs/format.md is the specification; layout.ts holds the offsets.
 */
import { align8, readBigU64, readU48, readU56, setU32, setU48, setU56 } from '../bytes/integers.ts'
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
const SUMMED_BYTES = BIRTH_BYTES + SUMMED_HEADER_BYTES
const SUM_BYTES = F.headerSum.bytes
/** The birthplace, then the header: as it is summed, without its own sum, and at last as it is written, with it. */
const scratch = Buffer.alloc(SUMMED_BYTES + SUM_BYTES + KEY_BYTES + META_BYTES_MAX)
const birth = new DataView(scratch.buffer, scratch.byteOffset, BIRTH_BYTES)
const header = new DataView(scratch.buffer, scratch.byteOffset + BIRTH_BYTES, ENTRY_HEADER_BYTES)
/** What is summed and what is written of an entry without meta, the common ones: with and without a key. */
const summedBare = scratch.subarray(0, SUMMED_BYTES)
const summedKeyed = scratch.subarray(0, SUMMED_BYTES + KEY_BYTES)
const wholeBare = whole(0)
const wholeKeyed = whole(KEY_BYTES)

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

  header.setUint8(F.magic.at, ENTRY_MAGIC)
  header.setUint8(F.type.at, fields.type)
  header.setUint8(F.flags.at, 0)
  header.setUint8(F.codec.at, fields.codec ?? 0)
  setU32(header, F.payloadLength.at, payloadLength)
  setU32(header, F.ordinal.at, ordinal)
  header.setUint8(F.keyLength.at, keyLength)
  setU56(header, F.sequence.at, fields.seq ?? 0)
  setU48(header, F.log.at, fields.log ?? 0)
  setU48(header, F.receivedAt.at, fields.receivedAt ?? 0)
  header.setUint16(F.metaLength.at, metaLength)
  header.setUint16(F.reserved.at, 0)
  setU32(header, F.payloadAt.at, fields.payloadAt ?? 0)
  header.setBigUint64(F.payloadSum.at, fields.payloadSum)
  if (key !== undefined) scratch.set(key, SUMMED_BYTES)
  if (meta !== undefined) scratch.set(meta, SUMMED_BYTES + keyLength)

  const rest = keyLength + metaLength
  const headerSum = sumScratch(place, rest, checksum)
  if (rest > 0) scratch.copyWithin(SUMMED_BYTES + SUM_BYTES, SUMMED_BYTES, SUMMED_BYTES + rest)
  header.setBigUint64(F.headerSum.at, headerSum)
  const end = at + ENTRY_HEADER_BYTES + rest
  target.set(rest === 0 ? wholeBare : rest === KEY_BYTES ? wholeKeyed : whole(rest), at)
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
  const rest = end - at - ENTRY_HEADER_BYTES
  source.copy(scratch, BIRTH_BYTES, at, at + SUMMED_HEADER_BYTES)
  if (rest > 0) source.copy(scratch, SUMMED_BYTES, at + ENTRY_HEADER_BYTES, end)
  return sumScratch(place, rest, checksum)
}

/** Once the header is in the scratch, and behind it the `rest`: key and meta. */
function sumScratch(place: Place, rest: number, checksum: Checksum): bigint {
  setU32(birth, 0, place.segment)
  setU32(birth, 4, place.offset)
  if (rest === 0) return checksum.sum(summedBare)
  return checksum.sum(rest === KEY_BYTES ? summedKeyed : scratch.subarray(0, SUMMED_BYTES + rest))
}

function whole(rest: number): Buffer {
  return scratch.subarray(BIRTH_BYTES, SUMMED_BYTES + SUM_BYTES + rest)
}
