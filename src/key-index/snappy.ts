/**
 * Decodes Snappy, which LevelDB's blocks may be compressed with. twinlog writes none; whoever opens an index with bare
 * LevelDB and its usual settings leaves some. Pure.
 */

/** No block of LevelDB is anywhere near this long. */
const BYTES_MAX = 64 * 1024 * 1024

/** Null when it makes no sense. */
export function decodeSnappy(source: Buffer): Buffer | null {
  const header = lengthOf(source)
  // A copy of 64 bytes takes three.
  if (header === null || header.bytes > BYTES_MAX || header.bytes > 22 * source.length) return null
  const target = Buffer.alloc(header.bytes)
  let at = header.end
  let done = 0
  while (at < source.length) {
    const tag = source[at] ?? 0
    const literal = (tag & 3) === 0 ? literalAt(source, at) : null
    const copy = (tag & 3) === 0 ? null : copyAt(source, at)
    if (literal !== null) {
      if (literal.end > source.length || done + literal.end - literal.from > target.length) return null
      done += source.copy(target, done, literal.from, literal.end)
      at = literal.end
    } else if (copy !== null) {
      const { distance, bytes, end } = copy
      if (end > source.length || distance === 0 || distance > done || done + bytes > target.length) return null
      // Byte by byte: a copy may reach into what it makes.
      for (let i = 0; i < bytes; i += 1) target[done + i] = target[done + i - distance] ?? 0
      done += bytes
      at = end
    } else return null
  }
  return done === target.length ? target : null
}

function lengthOf(source: Buffer): { readonly bytes: number; readonly end: number } | null {
  let bytes = 0
  for (let i = 0; i < 5 && i < source.length; i += 1) {
    const byte = source[i] ?? 0
    bytes += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { bytes, end: i + 1 }
  }
  return null
}

/** A literal's length is in its tag, or in the one to four bytes after it. */
function literalAt(source: Buffer, at: number): { readonly from: number; readonly end: number } | null {
  const short = (source[at] ?? 0) >>> 2
  if (short < 60) return { from: at + 1, end: at + 2 + short }
  const lengthBytes = short - 59
  const from = at + 1 + lengthBytes
  return from > source.length ? null : { from, end: from + source.readUIntLE(at + 1, lengthBytes) + 1 }
}

function copyAt(
  source: Buffer,
  at: number,
): { readonly distance: number; readonly bytes: number; readonly end: number } | null {
  const tag = source[at] ?? 0
  const kind = tag & 3
  const end = at + (kind === 3 ? 5 : kind + 1)
  if (end > source.length) return null
  if (kind === 1) return { distance: ((tag >>> 5) << 8) | (source[at + 1] ?? 0), bytes: ((tag >>> 2) & 7) + 4, end }
  return { distance: source.readUIntLE(at + 1, end - at - 1), bytes: (tag >>> 2) + 1, end }
}
