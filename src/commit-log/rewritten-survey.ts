/** One segment that was written again, for a survey: its frames, where it ends and whether its map is right. */
import type { DiskFile } from './disk.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import { mapBytes, readMapRows } from './map-rows.ts'
import { type SegmentReading, startOf } from './recovery.ts'
import { scanMoved } from './rewritten-scan.ts'
import type { SegmentHeader } from './segment-header.ts'
import type { LogPoint, ScannedFrame } from './segment-scan.ts'

interface RewrittenSurvey {
  readonly start: LogPoint
  readonly frames: AsyncGenerator<ScannedFrame>
  /** Where it ends, whatever could be read of it; null: where its frames end, and more may have followed. */
  readonly end: LogPoint | null
  /** Where its map stands, when that is damaged; else null. */
  readonly damagedMapAt: number | null
}

/**
 * @param header null when it is damaged: then its neighbours and its own frames have to say what it said
 * @param before where the segment before it ends
 * @param cut where the next segment's header says that this one ends
 */
export async function surveyRewritten(
  { checksum }: SegmentReading,
  file: DiskFile,
  header: SegmentHeader | null,
  before: LogPoint,
  cut: LogPoint | null,
): Promise<RewrittenSurvey> {
  if (header?.rewritten === undefined || header.rewritten === null) {
    const segment = before.segment + 1
    const start = { segment, offset: SEGMENT_HEADER_BYTES, commit: before.commit, chain: null }
    return { start, ...(await withoutHeader(file, start, cut, checksum)), damagedMapAt: null }
  }
  const start = startOf(header)
  const { mapOffset, lastCommit: commit, chainOut: chain } = header.rewritten
  const isRight = (await file.size()) === endOf(header.rewritten) && (await hasMap(file, header.rewritten, checksum))
  return {
    start,
    frames: scanMoved(file, start, header.rewritten, checksum),
    end: { segment: start.segment, offset: mapOffset, commit, chain },
    damagedMapAt: isRight ? null : mapOffset,
  }
}

/** Its frames, and where they end: before the map that has a row for each entry, when there is one. */
async function withoutHeader(
  file: DiskFile,
  start: LogPoint,
  cut: LogPoint | null,
  checksum: Checksum,
): Promise<Pick<RewrittenSurvey, 'frames' | 'end'>> {
  const size = await file.size()
  const { entries, lastCommit, isTorn } = await look(file, start, size, checksum)
  const map = { mapOffset: Math.max(start.offset, size - mapBytes(entries)), mapCount: entries }
  const isWhole = size === endOf(map) && (await hasMap(file, map, checksum))
  const commit = cut !== null && (isWhole || isTorn) ? cut.commit : lastCommit
  const chain = cut?.commit === commit ? cut.chain : null
  const { mapOffset, mapCount } = isWhole ? map : { mapOffset: size, mapCount: 0 }
  const stop = { mapOffset, mapCount, lastCommit: commit, chainOut: chain }
  const end = isWhole ? { segment: start.segment, offset: mapOffset, commit, chain } : null
  return { frames: scanMoved(file, start, stop, checksum), end }
}

/** What a file holds of which nothing is known; `isTorn`: it ends with something that is no frame, were it only the map. */
async function look(
  file: DiskFile,
  start: LogPoint,
  size: number,
  checksum: Checksum,
): Promise<{ readonly entries: number; readonly lastCommit: number; readonly isTorn: boolean }> {
  let [entries, lastCommit, isTorn] = [0, start.commit, false]
  const all = { mapOffset: size, mapCount: 0, lastCommit, chainOut: null }
  for await (const frame of scanMoved(file, start, all, checksum)) {
    entries += frame.entries.length
    lastCommit = Math.max(lastCommit, frame.commit)
    isTorn = frame.damage === 'entries'
  }
  return { entries, lastCommit, isTorn }
}

type Checksum = SegmentReading['checksum']
type MapPlace = Parameters<typeof readMapRows>[1]

async function hasMap(file: DiskFile, map: MapPlace, checksum: Checksum): Promise<boolean> {
  return (await readMapRows(file, map, checksum)) !== null
}

/** The map is the last that a file holds. */
function endOf({ mapOffset, mapCount }: MapPlace): number {
  return mapOffset + mapBytes(mapCount)
}
