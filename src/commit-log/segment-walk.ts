/**
 * The frames between two points of the log, over segment borders: what replay, rebuild and the read-only driver fold.
 */
import type { DiskFile } from './disk.ts'
import { readSegmentHeader, type SegmentReading, startOf, withSegment } from './recovery.ts'
import { segmentPath } from './segment-files.ts'
import { type LogPoint, scanSegment, type ScannedFrame } from './segment-scan.ts'

/** Yields the frames after `from` up to `end`, which must be a point that is surely there. @throws LOG_LOST */
export async function* framesBetween(
  reading: SegmentReading,
  from: LogPoint,
  end: LogPoint,
): AsyncGenerator<ScannedFrame> {
  let point = from
  for (let segment = Math.max(1, from.segment); segment <= end.segment; segment += 1) {
    const cut = segment === end.segment ? end : await cutOf(reading, segment)
    if (point.segment < segment)
      point = startOf(await withSegment(reading.disk, segment, file => readSegmentHeader(reading, file, segment)))
    if (point.offset >= cut.offset) continue
    const file: DiskFile = reading.disk.open(segmentPath(segment))
    try {
      yield* scanSegment(file, point, { cut, durableCommit: cut.commit }, reading.checksum)
    } finally {
      await file.close()
    }
  }
}

/** Where a segment ends, as its successor's header says. */
async function cutOf(reading: SegmentReading, segment: number): Promise<LogPoint> {
  const header = await withSegment(reading.disk, segment + 1, file => readSegmentHeader(reading, file, segment + 1))
  return { segment, offset: header.cutOffset, commit: header.cutCommit, chain: header.cutChain }
}
