/**
 * What a record is in a peer: its payload behind a checksum of it, which every read verifies, as twinlog does by itself.
 */
import xxhash from 'xxhash-wasm'

const SUM_BYTES = 8
const hasher = await xxhash()

/** @param {Uint8Array} payload */
export function sealed(payload) {
  const value = Buffer.allocUnsafe(SUM_BYTES + payload.length)
  value.writeBigUInt64BE(hasher.h64Raw(payload), 0)
  value.set(payload, SUM_BYTES)
  return value
}

/**
 * @param {Uint8Array | undefined} value
 * @returns {Uint8Array}
 */
export function verified(value) {
  if (value === undefined) throw new Error('a record is not there')
  const payload = value.subarray(SUM_BYTES)
  const sum = new DataView(value.buffer, value.byteOffset, SUM_BYTES).getBigUint64(0)
  if (sum !== hasher.h64Raw(payload)) throw new Error('a record is damaged')
  return payload
}
