/** One segment that was written again, for a survey: its frames, where it ends and whether its map is right. */
import type { DiskFile } from './disk.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import { type SegmentReading, startOf } from './recovery.ts'
import { scanMoved } from './rewritten-scan.ts'
import type { SegmentHeader } from './segment-header.ts'
import { decodeMap, mapBytes } from './segment-map.ts'
import type { LogPoint, ScannedFrame } from './segment-scan.ts'

interface RewrittenSurvey {
  readonly start: LogPoint
  readonly frames: AsyncGenerator<ScannedFrame>
  /** Where it ends, whatever could be read of it. */
  readonly end: LogPoint
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
    const { mapOffset, lastCommit } = await guessEnd(file, start, checksum)
    const stop = { mapOffset, lastCommit: cut?.commit ?? lastCommit, chainOut: cut?.chain ?? null }
    return { start, ...movedBetween(file, start, stop, checksum), damagedMapAt: null }
  }
  const start = startOf(header)
  const { mapOffset, mapCount } = header.rewritten
  const isRight = await isMapAt(file, mapOffset, mapCount, checksum)
  return { start, ...movedBetween(file, start, header.rewritten, checksum), damagedMapAt: isRight ? null : mapOffset }
}

type Checksum = SegmentReading['checksum']

function movedBetween(
  file: DiskFile,
  start: LogPoint,
  stop: Parameters<typeof scanMoved>[2],
  checksum: Checksum,
): Pick<RewrittenSurvey, 'frames' | 'end'> {
  const { mapOffset: offset, lastCommit: commit, chainOut: chain } = stop
  return { frames: scanMoved(file, start, stop, checksum), end: { segment: start.segment, offset, commit, chain } }
}

/** Where the frames end, by the map that has a row for each entry, and the last commit that is there. */
async function guessEnd(
  file: DiskFile,
  start: LogPoint,
  checksum: Checksum,
): Promise<{ readonly mapOffset: number; readonly lastCommit: number }> {
  const size = await file.size()
  let entries = 0
  let lastCommit = start.commit
  for await (const frame of scanMoved(file, start, { mapOffset: size, lastCommit, chainOut: null }, checksum)) {
    entries += frame.entries.length
    lastCommit = Math.max(lastCommit, frame.commit)
  }
  const mapOffset = Math.max(start.offset, size - mapBytes(entries))
  return { mapOffset: (await isMapAt(file, mapOffset, entries, checksum)) ? mapOffset : size, lastCommit }
}

/** Whether a right map of so many rows stands there, and nothing behind it. */
async function isMapAt(file: DiskFile, offset: number, rows: number, checksum: Checksum): Promise<boolean> {
  const bytes = Buffer.alloc(mapBytes(rows))
  if ((await file.size()) !== offset + bytes.length) return false
  const count = bytes.length === 0 ? 0 : await file.read(bytes, 0, bytes.length, offset)
  return decodeMap(bytes.subarray(0, count), rows, checksum) !== null
}
