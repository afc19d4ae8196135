/**
 * Where the entries of a segment that was written again went: their birth places, which the index and readers in flight
 * hold, and the offsets at which they stand now. Encode and decode, side by side.
 */
import type { Checksum } from '../bytes/checksum.ts'
import type { DiskFile } from './disk.ts'
import { MAP_FIELDS as F, MAP_ROW_BYTES, MAP_SUM_BYTES } from './layout.ts'
import { type SegmentReading, tryReadSegmentHeader } from './recovery.ts'
import { scanRewritten } from './rewritten-scan.ts'
import type { SegmentHeader } from './segment-header.ts'

export interface MapRow {
  readonly birthOffset: number
  readonly newOffset: number
}

export class SegmentMap {
  readonly #births: Uint32Array
  readonly #offsets: Uint32Array
  /** False: what it does not have may be there all the same, because some of the segment is damaged. */
  readonly isComplete: boolean

  /** @param rows in the order of their birth */
  constructor(rows: readonly MapRow[], isComplete: boolean) {
    this.#births = Uint32Array.from(rows, row => row.birthOffset)
    this.#offsets = Uint32Array.from(rows, row => row.newOffset)
    this.isComplete = isComplete
  }

  /** Where the entry stands that was born there; null when it is gone. */
  offsetOf(birthOffset: number): number | null {
    let low = 0
    let high = this.#births.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#births[middle] ?? 0) < birthOffset) low = middle + 1
      else high = middle
    }
    return this.#births[low] === birthOffset ? (this.#offsets[low] ?? null) : null
  }
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

/**
 * The map of a segment that was written again. A damaged one is made from the entries, which say it too; where the
 * segment's header is damaged, from whatever entries are found in the file.
 */
export async function readMap(
  reading: SegmentReading,
  file: DiskFile,
  segment: number,
  generation: number,
): Promise<SegmentMap> {
  const header = await tryReadSegmentHeader(reading, file, segment, generation)
  if (header?.rewritten === undefined || header.rewritten === null)
    return mapFromEntries(reading, file, await unknownHeader(file, segment, generation))
  const { mapCount, mapOffset } = header.rewritten
  const bytes = Buffer.alloc(mapBytes(mapCount))
  let count = 0
  for (let more = 1; more > 0 && count < bytes.length; count += more)
    more = await file.read(bytes, count, bytes.length - count, mapOffset + count)
  const rows = count === bytes.length ? decodeMap(bytes, mapCount, reading.checksum) : null
  return rows === null ? mapFromEntries(reading, file, header) : new SegmentMap(rows, true)
}

async function mapFromEntries(reading: SegmentReading, file: DiskFile, header: SegmentHeader): Promise<SegmentMap> {
  const found: MapRow[] = []
  let isComplete = true
  for await (const frame of scanRewritten(file, header, reading.checksum)) {
    if (frame.damage === 'entries') isComplete = false
    for (const entry of frame.entries) found.push({ birthOffset: entry.place.offset, newOffset: frame.offsetOf(entry) })
  }
  return new SegmentMap(found, isComplete)
}

/** For looking through all of a file of which nothing is known. */
async function unknownHeader(file: DiskFile, segment: number, generation: number): Promise<SegmentHeader> {
  const facts = { reclaimedThrough: 0, lastCommit: Number.MAX_SAFE_INTEGER, chainOut: 0n, frameCount: 0, mapCount: 0 }
  return {
    firstSegment: segment,
    lastSegment: segment,
    generation,
    cutOffset: 0,
    cutCommit: 0,
    cutChain: 0n,
    nextLog: 0,
    timeline: 0,
    rewritten: { ...facts, mapOffset: await file.size() },
  }
}
