/**
 * The values of the index: encode and decode, side by side. Every value ends in 32 bits of checksum over key and value,
 * seeded with the store's id, because LevelDB checks none of its own when it reads.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { readBigU64, readU48, readU64, writeBigU64, writeU48, writeU64 } from '../bytes/integers.ts'

export const HEAD_BYTES = 16
export const LOCATION_BYTES = 12
export const DEDUPE_BYTES = 17
export const SUM_BYTES = 4
const POINT_BYTES = 48
/** A point as it is stored. */
export const SEALED_POINT_BYTES = POINT_BYTES + SUM_BYTES

/** A log's bounds as the index has them. */
export interface Head {
  readonly first: number
  readonly tip: number
}

/** Where an entry was born, and its length. */
export interface IndexedLocation {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

export interface DedupeValue {
  readonly seq: number
  readonly codec: number
  readonly payloadSum: bigint
}

/** What one synced batch brought the index to; the newest one is the checkpoint. */
export interface IndexPoint {
  readonly batch: number
  /** The oldest batch whose ledger key is kept. */
  readonly ledgerFloor: number
  readonly segment: number
  readonly offset: number
  readonly commit: number
  readonly chain: bigint
  readonly nextLog: number
}

export interface ActorValue {
  readonly number: number
  readonly isActive: boolean
}

export interface ItemValue {
  readonly version: number
  readonly value: Buffer
}

/** A stored value did not match its checksum: the index is damaged. Never reaches a host: the range is rebuilt. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError'
  readonly key: Buffer

  constructor(key: Buffer) {
    super(`the index value at ${key.toString('hex')} does not match its checksum`)
    this.key = Buffer.from(key)
  }
}

/** Key and body side by side, for the checksum over both: thousands are checked one after the other. */
const scratch = Buffer.alloc(256)
const stretches: Buffer[] = []

function sumOf(key: Buffer, source: Buffer, bodyBytes: number, checksum: Checksum): number {
  const bytes = key.length + bodyBytes
  if (bytes > scratch.length) return checksum.sum32(Buffer.concat([key, source.subarray(0, bodyBytes)]))
  scratch.set(key)
  source.copy(scratch, key.length, 0, bodyBytes)
  return checksum.sum32((stretches[bytes] ??= scratch.subarray(0, bytes)))
}

export function seal(key: Buffer, body: Buffer, checksum: Checksum): Buffer {
  const sealed = Buffer.allocUnsafe(body.length + SUM_BYTES)
  body.copy(sealed)
  sealed.writeUInt32BE(sumOf(key, body, body.length, checksum), body.length)
  return sealed
}

/** @throws DamagedValueError */
export function unseal(key: Buffer, sealed: Buffer, checksum: Checksum): Buffer {
  if (!isSealed(key, sealed, checksum)) throw new DamagedValueError(key)
  return sealed.subarray(0, sealed.length - SUM_BYTES)
}

/** Whether a value matches its checksum, and belongs to that key. */
export function isSealed(key: Buffer, sealed: Buffer, checksum: Checksum): boolean {
  if (sealed.length < SUM_BYTES) return false
  const end = sealed.length - SUM_BYTES
  return sumOf(key, sealed, end, checksum) === sealed.readUInt32BE(end)
}

export function encodeHead(head: Head, body: Buffer = Buffer.allocUnsafe(HEAD_BYTES)): Buffer {
  writeU64(body, head.first, 0)
  writeU64(body, head.tip, 8)
  return body
}

export function decodeHead(body: Buffer): Head {
  return { first: readU64(body, 0), tip: readU64(body, 8) }
}

export function encodeLocation(location: IndexedLocation, body: Buffer = Buffer.allocUnsafe(LOCATION_BYTES)): Buffer {
  body.writeUInt32BE(location.segment, 0)
  body.writeUInt32BE(location.offset, 4)
  body.writeUInt32BE(location.length, 8)
  return body
}

export function decodeLocation(body: Buffer): IndexedLocation {
  return { segment: body.readUInt32BE(0), offset: body.readUInt32BE(4), length: body.readUInt32BE(8) }
}

export function encodeDedupe(value: DedupeValue, body: Buffer = Buffer.allocUnsafe(DEDUPE_BYTES)): Buffer {
  writeU64(body, value.seq, 0)
  body[8] = value.codec
  writeBigU64(body, value.payloadSum, 9)
  return body
}

export function decodeDedupe(body: Buffer): DedupeValue {
  return { seq: readU64(body, 0), codec: body[8] ?? 0, payloadSum: readBigU64(body, 9) }
}

export function encodePoint(point: IndexPoint): Buffer {
  const body = Buffer.allocUnsafe(POINT_BYTES)
  writeU64(body, point.batch, 0)
  writeU64(body, point.ledgerFloor, 8)
  body.writeUInt32BE(point.segment, 16)
  body.writeUInt32BE(point.offset, 20)
  writeU64(body, point.commit, 24)
  body.writeBigUInt64BE(point.chain, 32)
  writeU64(body, point.nextLog, 40)
  return body
}

export function decodePoint(body: Buffer): IndexPoint {
  return {
    batch: readU64(body, 0),
    ledgerFloor: readU64(body, 8),
    segment: body.readUInt32BE(16),
    offset: body.readUInt32BE(20),
    commit: readU64(body, 24),
    chain: body.readBigUInt64BE(32),
    nextLog: readU64(body, 40),
  }
}

/** Whether these bytes may be a point: each number in 64 bits is a safe integer, which its first bytes show. */
export function looksLikePoint(sealed: Buffer): boolean {
  return [0, 8, 24, 40].every(at => sealed.readUInt16BE(at) < 0x20) && readU64(sealed, 8) <= readU64(sealed, 0)
}

export function encodeActor(actor: ActorValue): Buffer {
  const body = Buffer.allocUnsafe(7)
  writeU48(body, actor.number, 0)
  body[6] = actor.isActive ? 1 : 0
  return body
}

export function decodeActor(body: Buffer): ActorValue {
  return { number: readU48(body, 0), isActive: body[6] === 1 }
}

/** What is to be cleared of a log: entries below its head's `first`, or (the actor was removed) all of its range. */
export type SweepExtent = 'trimmed' | 'all'

export function encodeSweep(extent: SweepExtent): Buffer {
  return Buffer.from([extent === 'all' ? 1 : 0])
}

export function decodeSweep(body: Buffer): SweepExtent {
  return body[0] === 1 ? 'all' : 'trimmed'
}

export function encodeItemValue(item: ItemValue): Buffer {
  const body = Buffer.allocUnsafe(8 + item.value.length)
  writeU64(body, item.version, 0)
  item.value.copy(body, 8)
  return body
}

export function decodeItemValue(body: Buffer): ItemValue {
  return { version: readU64(body, 0), value: Buffer.from(body.subarray(8)) }
}
