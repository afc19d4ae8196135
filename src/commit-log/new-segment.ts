/**
 * Begins a segment. It is written under a temporary name and gets its real one when everything it must hold from the
 * start is on disk, so a crash on the way leaves nothing that a later open takes for a segment. Called by commit-log.ts.
 */
import type { Checksum } from '../bytes/checksum.ts'
import type { Disk, DiskFile } from './disk.ts'
import type { StoreIdentity } from './identity.ts'
import { SEGMENT_FOLDER, segmentPath, unfinishedSegmentPath } from './segment-files.ts'
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts'
import type { LogPoint } from './segment-scan.ts'

interface NewSegment {
  readonly disk: Disk
  readonly identity: StoreIdentity
  readonly checksum: Checksum
  readonly number: number
  /** Where the log ends now: the predecessor is cut there. */
  readonly end: LogPoint
  readonly nextLog: number
  /** Whether later writes are to be durable on return. */
  readonly durable: boolean
}

/**
 * Creates the segment's file, header first, then what `fill` writes; all of it is on disk on return.
 * @throws the disk's error; the temporary file stays for the next open to remove
 */
export async function createSegment(segment: NewSegment, fill: (file: DiskFile) => Promise<void>): Promise<DiskFile> {
  const { disk, identity, checksum, number, end } = segment
  const header: SegmentHeader = {
    firstSegment: number,
    lastSegment: number,
    generation: 0,
    cutOffset: end.offset,
    cutCommit: end.commit,
    cutChain: end.chain ?? 0n,
    nextLog: segment.nextLog,
    timeline: identity.timeline,
    rewritten: null,
  }
  const file = await disk.create(unfinishedSegmentPath(number), { durable: segment.durable })
  try {
    await file.write(encodeSegmentHeader(header, identity.storeId, checksum), 0)
    await fill(file)
    await file.sync()
    await disk.rename(unfinishedSegmentPath(number), segmentPath(number))
    await disk.syncFolder(SEGMENT_FOLDER)
    return file
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
}
