/**
 * Where the entries of a segment that was written again went: for whoever knows where one was born, the index and readers
 * in flight.
 */
import type { DiskFile } from './disk.ts'
import { type MapRow, readMapRows } from './map-rows.ts'
import { type SegmentReading, tryReadSegmentHeader } from './recovery.ts'
import { scanRewritten } from './rewritten-scan.ts'
import type { SegmentHeader } from './segment-header.ts'

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
  const rows = await readMapRows(file, header.rewritten, reading.checksum)
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
