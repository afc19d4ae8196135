/**
 * Whether a store is the one that a backup was made of, further on: else refreshing the backup would mix two pasts, or
 * take away what only the backup still has.
 */
import { join } from 'node:path'
import type { Disk } from '../commit-log/disk.ts'
import { SEGMENT_HEADER_BYTES } from '../commit-log/layout.ts'
import { nodeDisk } from '../commit-log/node-disk.ts'
import { type SegmentReading, startOf, tryReadSegmentHeader, withSegment } from '../commit-log/recovery.ts'
import { generationsOf, SEGMENT_FOLDER } from '../commit-log/segment-files.ts'
import { parseSegmentFileName, type SegmentHeader, type SegmentName } from '../commit-log/segment-header.ts'
import type { LogPoint, ScannedFrame } from '../commit-log/segment-scan.ts'
import { framesBetween, SegmentWalk } from '../commit-log/segment-walk.ts'
import { TwinlogError } from '../errors.ts'
import type { BackupManifest } from './backup-manifest.ts'
import type { Source } from './source.ts'

/** @throws NOT_A_BACKUP (diverged), LOG_LOST */
export async function assertSameHistory(
  source: Source,
  directory: string,
  { identity, end, files }: BackupManifest,
  sourceEnd: LogPoint,
): Promise<void> {
  const isBehind = sourceEnd.commit < end.commit || sourceEnd.segment < end.segment
  if (identity.timeline !== source.identity.timeline || isBehind) throw diverged(directory)
  // A segment's header holds the chain of all commits before it: where the headers agree, so does what came before.
  const generations = await generationsOf(source.disk)
  for (const { name } of files) {
    const taken = parseSegmentFileName(name)
    const isSame =
      taken === null || generations[taken.firstSegment - 1] === taken.generation
        ? await isSameHead(source.disk, nodeDisk(directory), join(SEGMENT_FOLDER, name))
        : await isSamePast(source.reading, directory, taken)
    if (!isSame) throw diverged(directory)
  }
  if (end.segment > 0 && !(await reaches(source, directory, end, sourceEnd))) throw diverged(directory)
}

/** Whether the segment that was the backup's last one led to where the backup ends. */
async function reaches(source: Source, directory: string, end: LogPoint, sourceEnd: LogPoint): Promise<boolean> {
  const { reading } = source
  const { segment } = end
  const walk = new SegmentWalk(reading)
  const { header } = await walk.look(segment)
  const start = startOf(header)
  const isLast = segment === sourceEnd.segment
  const cut = isLast ? sourceEnd : await walk.cutOf(segment)
  if (cut.offset >= end.offset) {
    // Of what was written again, only the end can be told.
    if (header.rewritten !== null) return cut.commit >= end.commit && (cut.commit > end.commit || isSameChain(cut, end))
    let at = start
    for await (const frame of framesBetween(reading, start, end)) at = frame.end
    return at.commit === end.commit && isSameChain(at, end)
  }
  // The backup took whole commits that nothing vouched for, and the next open wrote them again into a new segment.
  if (isLast) return false
  const taken = new Map<number, string>()
  let at = start
  for await (const frame of framesBetween({ ...reading, disk: nodeDisk(directory) }, start, end)) {
    if (frame.commit === cut.commit && !isSameChain(frame.end, cut)) return false
    if (frame.commit > cut.commit) taken.set(frame.commit, contentOf(frame))
    at = frame.end
  }
  if (at.commit !== end.commit) return false
  const generations = await generationsOf(reading.disk)
  for await (const frame of framesBetween(reading, cut, sourceEnd)) {
    if (frame.commit > end.commit) break
    const isWhole = generations[frame.place.segment - 1] === 0
    if (isWhole && contentOf(frame) !== taken.get(frame.commit)) return false
  }
  return sourceEnd.commit >= end.commit
}

/** What a commit says, wherever it stands. */
function contentOf({ commit, entries }: ScannedFrame): string {
  const told = entries.map(({ type, codec, log, seq, receivedAt, payloadLength, payloadSum, key, meta }) => {
    const bytes = [key, meta].map(each => (each === null ? '' : Buffer.from(each).toString('hex')))
    return [type, codec, log, seq, receivedAt, payloadLength, payloadSum, ...bytes].join(' ')
  })
  return [commit, ...told].join('\n')
}

function isSameChain(a: LogPoint, b: LogPoint): boolean {
  return a.chain === null || b.chain === null || a.chain === b.chain
}

/** Whether a segment that was written again since it was taken began after the same commits. */
async function isSamePast(reading: SegmentReading, directory: string, taken: SegmentName): Promise<boolean> {
  const { firstSegment: segment, generation } = taken
  const there = { ...reading, disk: nodeDisk(directory) }
  const before = await withSegment(
    there.disk,
    segment,
    file => tryReadSegmentHeader(there, file, segment, generation),
    generation,
  )
  const { header } = await new SegmentWalk(reading).look(segment)
  return before !== null && generation < header.generation && pastOf(before) === pastOf(header)
}

function pastOf({ cutOffset, cutCommit, cutChain, timeline }: SegmentHeader): string {
  return [cutOffset, cutCommit, cutChain, timeline].join()
}

/** Whether two files begin with the same segment header. */
export async function isSameHead(one: Disk, other: Disk, path: string): Promise<boolean> {
  return (await headOf(one, path)).equals(await headOf(other, path))
}

async function headOf(disk: Disk, path: string): Promise<Buffer> {
  const file = disk.open(path)
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    return bytes.subarray(0, await file.read(bytes, 0, bytes.length, 0))
  } finally {
    await file.close()
  }
}

function diverged(path: string): TwinlogError<'NOT_A_BACKUP'> {
  const message = `${path} holds commits that this store does not have: back it up into another directory`
  return new TwinlogError('NOT_A_BACKUP', message, { path, reason: 'diverged' })
}
