/**
 * CRC-32C (Castagnoli), the checksum of LevelDB's files; key-index/ checks them with it. Nothing that twinlog writes has
 * it, and Node's own zlib.crc32 has another polynomial. Eight bytes a step ("slicing by 8"), in plain JavaScript: 1.3
 * GB/s on one core where it was measured.
 */

const POLYNOMIAL = 0x82f6_3b78
const STEP_BYTES = 8
/** Eight tables of 256: what a byte makes of the checksum when 0 to 7 others come after it. */
const TABLES = makeTables()

/** Of the bytes from `from` up to `to`: 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = -1
  let at = from
  for (const end = to - STEP_BYTES; at <= end; at += STEP_BYTES) {
    const low = crc ^ view.getInt32(at, true)
    const high = view.getInt32(at + 4, true)
    crc =
      entry(7, low & 0xff) ^
      entry(6, (low >>> 8) & 0xff) ^
      entry(5, (low >>> 16) & 0xff) ^
      entry(4, low >>> 24) ^
      entry(3, high & 0xff) ^
      entry(2, (high >>> 8) & 0xff) ^
      entry(1, (high >>> 16) & 0xff) ^
      entry(0, high >>> 24)
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ entry(0, (crc ^ (bytes[at] ?? 0)) & 0xff)
  return ~crc >>> 0
}

function entry(table: number, byte: number): number {
  return TABLES[(table << 8) | byte] ?? 0
}

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP_BYTES << 8)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0
    tables[at] = (tables[before & 0xff] ?? 0) ^ (before >>> 8)
  }
  return tables
}
