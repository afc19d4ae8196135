/** Deletes the files that a crash left of segments which were written again, once what replaced them can be read. */
import { readSegmentHeader, type SegmentReading, withSegment } from './recovery.ts'
import { SEGMENT_FOLDER, segmentPath, supersededFiles } from './segment-files.ts'

/** @throws LOG_LOST when the header of what counts is damaged: then nothing is deleted of that segment */
export async function removeSuperseded(reading: SegmentReading, generations: readonly number[]): Promise<void> {
  const { disk } = reading
  const superseded = await supersededFiles(disk, generations)
  for (const { firstSegment: segment, generation } of superseded) {
    const newest = generations[segment - 1] ?? 0
    await withSegment(disk, segment, file => readSegmentHeader(reading, file, segment, newest), newest)
    await disk.remove(segmentPath(segment, generation))
  }
  if (superseded.length > 0) await disk.syncFolder(SEGMENT_FOLDER)
}
