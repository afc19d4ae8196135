/**
 * The rows of the map in a segment that was written again: the birth places of its entries, which the index and readers in
 * flight hold, and the offsets at which they stand now. Encode and decode, side by side.
 */
import type { Checksum } from '../bytes/checksum.ts'
import type { DiskFile } from './disk.ts'
import { MAP_FIELDS as F, MAP_ROW_BYTES, MAP_SUM_BYTES } from './layout.ts'

export interface MapRow {
  readonly birthOffset: number
  readonly newOffset: number
}

/** What a map of so many rows takes. A segment of which nothing is left has none. */
export function mapBytes(rows: number): number {
  return rows === 0 ? 0 : rows * MAP_ROW_BYTES + MAP_SUM_BYTES
}

export function encodeMap(segment: number, rows: readonly MapRow[], checksum: Checksum): Buffer {
  const bytes = Buffer.alloc(mapBytes(rows.length))
  if (rows.length === 0) return bytes
  for (const [i, row] of rows.entries()) {
    bytes.writeUInt32BE(segment, i * MAP_ROW_BYTES + F.birthSegment.at)
    bytes.writeUInt32BE(row.birthOffset, i * MAP_ROW_BYTES + F.birthOffset.at)
    bytes.writeUInt32BE(row.newOffset, i * MAP_ROW_BYTES + F.newOffset.at)
  }
  const end = rows.length * MAP_ROW_BYTES
  bytes.writeBigUInt64BE(checksum.sum(bytes.subarray(0, end)), end)
  return bytes
}

/** Null when it does not match its checksum. */
export function decodeMap(bytes: Buffer, rows: number, checksum: Checksum): MapRow[] | null {
  if (bytes.length !== mapBytes(rows)) return null
  const end = rows * MAP_ROW_BYTES
  if (rows > 0 && checksum.sum(bytes.subarray(0, end)) !== bytes.readBigUInt64BE(end)) return null
  return Array.from({ length: rows }, (_, i) => ({
    birthOffset: bytes.readUInt32BE(i * MAP_ROW_BYTES + F.birthOffset.at),
    newOffset: bytes.readUInt32BE(i * MAP_ROW_BYTES + F.newOffset.at),
  }))
}

/** Null when the map that stands there is damaged, or is not all there. */
export async function readMapRows(
  file: DiskFile,
  { mapOffset, mapCount }: { readonly mapOffset: number; readonly mapCount: number },
  checksum: Checksum,
): Promise<MapRow[] | null> {
  const bytes = Buffer.alloc(mapBytes(mapCount))
  let count = 0
  for (let more = 1; more > 0 && count < bytes.length; count += more)
    more = await file.read(bytes, count, bytes.length - count, mapOffset + count)
  return count === bytes.length ? decodeMap(bytes, mapCount, checksum) : null
}
