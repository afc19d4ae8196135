/**
 * The payloads of entries that are twinlog's own (bounds, lost, key-value items): encode and decode, side by side.
 * The host's payloads are in codecs/.
 */
import { readU64, writeU64 } from '../bytes/integers.ts'
import { LOST_SEQUENCES_MAX } from './layout.ts'

/** Two 64-bit integers: `first, tip` of a `bounds` entry, `from, to` of a `lost` entry. */
export function encodePair(a: number, b: number): Buffer {
  const body = Buffer.alloc(16)
  writeU64(body, a, 0)
  writeU64(body, b, 8)
  return body
}

/** Null when it is no pair. */
export function decodePair(body: Buffer): [number, number] | null {
  return body.length === 16 ? [readU64(body, 0), readU64(body, 8)] : null
}

/** The first and the last sequence that a `lost` entry declares; null when it is none. */
export function decodeLost(body: Buffer): { readonly from: number; readonly to: number } | null {
  const pair = decodePair(body)
  if (pair === null) return null
  const [from, to] = pair
  const isStretch = from >= 1 && from <= to && to - from < LOST_SEQUENCES_MAX && Number.isSafeInteger(to)
  return isStretch ? { from, to } : null
}

/** An item's version (u64), the key's length (u16), the key, the value (empty for a delete). */
export function encodeItem(key: Uint8Array, version: number, value: Uint8Array): Buffer {
  const body = Buffer.alloc(10 + key.length + value.length)
  writeU64(body, version, 0)
  body.writeUInt16BE(key.length, 8)
  body.set(key, 10)
  body.set(value, 10 + key.length)
  return body
}

/** Null when it is no item. */
export function decodeItem(body: Buffer): { key: Buffer; version: number; value: Buffer } | null {
  const keyEnd = body.length < 10 ? 10 : 10 + body.readUInt16BE(8)
  if (keyEnd > body.length) return null
  return { version: readU64(body, 0), key: body.subarray(10, keyEnd), value: body.subarray(keyEnd) }
}
