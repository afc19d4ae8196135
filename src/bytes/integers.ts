/**
 * Big-endian integers that `Buffer` lacks: unsigned, up to 2^53 - 1, as plain numbers. Everything on disk goes through
 * these or through Buffer's own methods. Frozen: the byte order is part of the format.
 */

const TWO_32 = 0x1_0000_0000
const wide = new DataView(new ArrayBuffer(8))

/** Writes an unsigned 56-bit integer; `value` must be a safe integer, so the top 3 bits stay zero. */
export function writeU56(target: Buffer, value: number, at: number): void {
  target.writeUIntBE(Math.floor(value / TWO_32), at, 3)
  target.writeUInt32BE(value % TWO_32, at + 3)
}

/** The unsigned 56-bit integer at `at`. Above 2^53 - 1 it is no safe integer: the caller checks. */
export function readU56(source: Buffer, at: number): number {
  return source.readUIntBE(at, 3) * TWO_32 + source.readUInt32BE(at + 3)
}

/** Writes an unsigned 48-bit integer. */
export function writeU48(target: Buffer, value: number, at: number): void {
  target.writeUIntBE(value, at, 6)
}

/** The unsigned 48-bit integer at `at`. */
export function readU48(source: Buffer, at: number): number {
  return source.readUIntBE(at, 6)
}

/** Writes a safe integer as 64 bits. */
export function writeU64(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / TWO_32), at)
  target.writeUInt32BE(value % TWO_32, at + 4)
}

/** The 64-bit integer at `at`. Above 2^53 - 1 it is no safe integer: the caller checks. */
export function readU64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * TWO_32 + source.readUInt32BE(at + 4)
}

/** Buffer's own method makes three bigints on the way; this one makes none, and is on the path of every append. */
export function writeBigU64(target: Buffer, value: bigint, at: number): void {
  wide.setBigUint64(0, value)
  target.writeUInt32BE(wide.getUint32(0), at)
  target.writeUInt32BE(wide.getUint32(4), at + 4)
}

/** As `writeBigU64`: one bigint is made, where Buffer's own method makes four. */
export function readBigU64(source: Buffer, at: number): bigint {
  wide.setUint32(0, source.readUInt32BE(at))
  wide.setUint32(4, source.readUInt32BE(at + 4))
  return wide.getBigUint64(0)
}

/** The next multiple of 8: everything in a segment starts at one. */
export function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

/** Into a view: quicker than into a Buffer, and on the path of every append. What does not fit throws, as there. */
export function setU32(target: DataView, at: number, value: number): void {
  if (value >>> 0 !== value) throw tooLarge(value)
  target.setUint32(at, value)
}

/** As `setU32`, for 48 bits. */
export function setU48(target: DataView, at: number, value: number): void {
  if (!(value >= 0 && value < TWO_32 * 0x1_0000)) throw tooLarge(value)
  target.setUint16(at, value / TWO_32)
  target.setUint32(at + 2, value)
}

/** As `setU32`, for 56 bits; `value` must be a safe integer. */
export function setU56(target: DataView, at: number, value: number): void {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw tooLarge(value)
  const high = Math.floor(value / TWO_32)
  target.setUint8(at, high >>> 16)
  target.setUint16(at + 1, high)
  target.setUint32(at + 3, value)
}

function tooLarge(value: number): RangeError {
  return new RangeError(`${value} does not fit`)
}
