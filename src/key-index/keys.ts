/**
 * Every LevelDB key of the index is made and read here, and nowhere else. All integers are big-endian, so byte order is
 * number order, and all ranges are half-open.
 *
 * Every key of a log starts with its 48-bit log number: `[log, log + 1)` is all of it. Log numbers begin at 2; what
 * belongs to no log stands under number 0. Frozen with the format version.
 */
import { readU48, readU56, writeU48, writeU56 } from '../bytes/integers.ts'

const LOG_BYTES = 6
const PREFIX_BYTES = LOG_BYTES + 1
const STORE = 0
export const HEAD_KEY_BYTES = PREFIX_BYTES
export const ENTRY_KEY_BYTES = PREFIX_BYTES + 7
export const DEDUPE_KEY_BYTES = PREFIX_BYTES + 16

/** The byte after the log number. Never change one. */
export const LOG_KEY_KIND = { head: 0, entry: 1, dedupe: 2 } as const
/** The byte after number 0. Never change one. */
export const STORE_KEY_KIND = { checkpoint: 0, ledger: 1, sweep: 2, actorId: 3, actorNumber: 4, item: 5 } as const

/** `[gte, lt)`. */
export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

function prefix(number: number, kind: number, rest: number): Buffer {
  return begin(Buffer.allocUnsafe(PREFIX_BYTES + rest), number, kind)
}

function begin(key: Buffer, number: number, kind: number): Buffer {
  writeU48(key, number, 0)
  key[LOG_BYTES] = kind
  return key
}

function kindRange(number: number, kind: number): KeyRange {
  return { gte: prefix(number, kind, 0), lt: prefix(number, kind + 1, 0) }
}

/** All keys of one log. */
export function logRange(log: number): KeyRange {
  const gte = Buffer.allocUnsafe(LOG_BYTES)
  const lt = Buffer.allocUnsafe(LOG_BYTES)
  writeU48(gte, log, 0)
  writeU48(lt, log + 1, 0)
  return { gte, lt }
}

/** The log a key belongs to; 0: none. */
export function logOfKey(key: Buffer): number {
  return readU48(key, 0)
}

/** Into `target`, when one is given. */
export function headKey(log: number, target: Buffer = Buffer.allocUnsafe(HEAD_KEY_BYTES)): Buffer {
  return begin(target, log, LOG_KEY_KIND.head)
}

/** Into `target`, when one is given. */
export function entryKey(log: number, seq: number, target: Buffer = Buffer.allocUnsafe(ENTRY_KEY_BYTES)): Buffer {
  begin(target, log, LOG_KEY_KIND.entry)
  writeU56(target, seq, PREFIX_BYTES)
  return target
}

export function sequenceOf(key: Buffer): number {
  return readU56(key, PREFIX_BYTES)
}

/** The entries `from..to`, both included. */
export function entryRange(log: number, from: number, to: number): KeyRange {
  return { gte: entryKey(log, from), lt: entryKey(log, to + 1) }
}

/** `key`: 16 bytes. Into `target`, when one is given. */
export function dedupeKey(log: number, key: Uint8Array, target: Buffer = Buffer.allocUnsafe(DEDUPE_KEY_BYTES)): Buffer {
  begin(target, log, LOG_KEY_KIND.dedupe)
  target.set(key, PREFIX_BYTES)
  return target
}

export function checkpointKey(): Buffer {
  return prefix(STORE, STORE_KEY_KIND.checkpoint, 0)
}

export function ledgerKey(batch: number): Buffer {
  const key = prefix(STORE, STORE_KEY_KIND.ledger, 7)
  writeU56(key, batch, PREFIX_BYTES)
  return key
}

export function batchOf(key: Buffer): number {
  return readU56(key, PREFIX_BYTES)
}

/** The ledger keys of the batches `from..to`, both included. */
export function ledgerRange(from: number, to: number): KeyRange {
  return { gte: ledgerKey(from), lt: ledgerKey(to + 1) }
}

export function actorIdKey(id: string): Buffer {
  const bytes = Buffer.from(id, 'utf8')
  const key = prefix(STORE, STORE_KEY_KIND.actorId, bytes.length)
  key.set(bytes, PREFIX_BYTES)
  return key
}

export function actorNumberKey(number: number): Buffer {
  const key = prefix(STORE, STORE_KEY_KIND.actorNumber, LOG_BYTES)
  writeU48(key, number, PREFIX_BYTES)
  return key
}

export function actorNumberOf(key: Buffer): number {
  return readU48(key, PREFIX_BYTES)
}

/** The actors with numbers above `after`. */
export function actorNumberRange(after: number): KeyRange {
  return { gte: actorNumberKey(after + 1), lt: prefix(STORE, STORE_KEY_KIND.actorNumber + 1, 0) }
}

/** Says that part of a log's range is yet to be cleared. */
export function sweepKey(log: number): Buffer {
  const key = prefix(STORE, STORE_KEY_KIND.sweep, LOG_BYTES)
  writeU48(key, log, PREFIX_BYTES)
  return key
}

export function sweptLogOf(key: Buffer): number {
  return readU48(key, PREFIX_BYTES)
}

export function sweepRange(): KeyRange {
  return kindRange(STORE, STORE_KEY_KIND.sweep)
}

export function itemKey(key: string): Buffer {
  const bytes = Buffer.from(key, 'utf8')
  const made = prefix(STORE, STORE_KEY_KIND.item, bytes.length)
  made.set(bytes, PREFIX_BYTES)
  return made
}

export function itemNameOf(key: Buffer): string {
  return key.toString('utf8', PREFIX_BYTES)
}

/** What belongs to no log and is derived from the commit log: actors and items. */
export function derivedRanges(): readonly KeyRange[] {
  return [STORE_KEY_KIND.actorId, STORE_KEY_KIND.actorNumber, STORE_KEY_KIND.item].map(kind => kindRange(STORE, kind))
}

/** The items whose key starts with `start`. UTF-8 has no byte 0xff, so it bounds the range. */
export function itemRange(start: string): KeyRange {
  const gte = itemKey(start)
  return { gte, lt: Buffer.concat([gte, Buffer.from([0xff])]) }
}
