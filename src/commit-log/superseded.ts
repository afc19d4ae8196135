/** What a compaction that was cut short left: the older file of a segment whose newer one has its name already. */
import type { DiskFile } from './disk.ts'
import { type SegmentReading, tryReadSegmentHeader, withSegment } from './recovery.ts'
import { SEGMENT_FOLDER, segmentPath, supersededFiles } from './segment-files.ts'

/**
 * Deletes the files that a newer generation has taken the place of. Where the newer one's header is damaged it leaves
 * them: they are the best that a salvage could find.
 * @throws FORMAT_UNSUPPORTED, IO_ERROR
 */
export async function removeSuperseded(reading: SegmentReading, generations: readonly number[]): Promise<void> {
  const { disk } = reading
  const superseded = await supersededFiles(disk, generations)
  for (const { firstSegment: segment, generation } of superseded) {
    const newest = generations[segment - 1] ?? 0
    const look = (file: DiskFile): Promise<unknown> => tryReadSegmentHeader(reading, file, segment, newest)
    if ((await withSegment(disk, segment, look, newest)) !== null) await disk.remove(segmentPath(segment, generation))
  }
  if (superseded.length > 0) await disk.syncFolder(SEGMENT_FOLDER)
}
