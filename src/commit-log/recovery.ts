/**
 * Finds where the commit log ends: what is surely on disk, what is there but nobody vouches for, and what is torn.
 * Called by `CommitLog.open` and the read-only driver. Changes nothing.
 */
import { Checksum } from '../bytes/checksum.ts'
import { TwinlogError } from '../errors.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import type { Disk, DiskFile } from './disk.ts'
import type { StoreIdentity } from './identity.ts'
import { SEGMENT_FIELDS, SEGMENT_HEADER_BYTES } from './layout.ts'
import { lastSegmentOf, segmentPath, segmentsOf } from './segment-files.ts'
import { decodeSegmentHeader, type SegmentHeader } from './segment-header.ts'
import { type LogPoint, scanSegment, type ScannedFrame, surveyDurable } from './segment-scan.ts'

/** What the index last covered: a point, with the lowest log number never used; nothing when there is no index. */
export type Checkpoint = (LogPoint & { readonly nextLog: number }) | null

/** An actor's inbox and outbox have neighbouring numbers. */
const LOGS_OF_AN_ACTOR = 2

export const LOG_START: LogPoint = { segment: 0, offset: 0, commit: 0, chain: 0n }

export interface Tail {
  /** The end of what is surely on disk. */
  readonly cut: LogPoint
  /** The end of the frames that are there, undamaged, past the cut: they are to be made certain. */
  readonly end: LogPoint
  /** Bytes past `end`: a torn write, dead for ever once a new segment begins. */
  readonly droppedBytes: number
  /** The lowest log number that nothing up to `end` uses, as far as the last segment tells; a checkpoint may know more. */
  readonly nextLog: number
}

export interface SegmentReading {
  readonly disk: Disk
  readonly storeId: Uint8Array
  readonly checksum: Checksum
}

/**
 * @throws LOG_LOST when the log ends before the checkpoint, or its last segment's header is damaged and no checkpoint
 *   says what came before; FORMAT_UNSUPPORTED
 */
export async function findTail(
  reading: SegmentReading,
  lastSegment: number,
  checkpoint: LogPoint | null,
): Promise<Tail> {
  if (checkpoint !== null && checkpoint.segment > lastSegment) throw lost(checkpoint.segment, 'is missing')
  if (lastSegment === 0) return { cut: LOG_START, end: LOG_START, droppedBytes: 0, nextLog: 0 }
  return withSegment(reading.disk, lastSegment, async file => {
    const size = await file.size()
    const header = await tryReadSegmentHeader(reading, file, lastSegment)
    const start = startIn(lastSegment, header, size, checkpoint)
    let nextLog = header?.nextLog ?? 0
    if (size === start.offset) return { cut: start, end: start, droppedBytes: 0, nextLog }
    const durableCommit = Math.max(start.commit, await surveyDurable(file, start, reading.checksum))
    let cut = start
    let end = start
    for await (const frame of framesOf(file, start, durableCommit, reading.checksum)) {
      end = frame.end
      if (frame.commit <= durableCommit) cut = end
      for (const { type, log } of frame.entries)
        if (type === ENTRY_TYPE.actorAdded) nextLog = Math.max(nextLog, log + LOGS_OF_AN_ACTOR)
    }
    return { cut, end, droppedBytes: Math.max(0, size - end.offset), nextLog }
  })
}

/** Where to begin reading the last segment. */
function startIn(segment: number, header: SegmentHeader | null, size: number, checkpoint: LogPoint | null): LogPoint {
  if (checkpoint?.segment === segment) {
    if (size < checkpoint.offset) throw lost(segment, 'is shorter than the index says')
    return checkpoint
  }
  if (header === null) throw lost(segment, 'has a damaged header')
  return startOf(header)
}

/**
 * Looks at a log without touching anything: is it whole by its names, and of a version that this one reads?
 * @throws LOG_LOST when a segment file is missing; FORMAT_UNSUPPORTED
 */
export async function assertSupported(reading: SegmentReading): Promise<void> {
  const last = await lastSegmentOf(reading.disk)
  if (last > 0) await withSegment(reading.disk, last, file => tryReadSegmentHeader(reading, file, last))
}

/** The header of a segment, in a file of that generation. @throws LOG_LOST when it is damaged: then nobody knows where the one before it ends */
export async function readSegmentHeader(
  reading: SegmentReading,
  file: DiskFile,
  segment: number,
  generation = 0,
): Promise<SegmentHeader> {
  const header = await tryReadSegmentHeader(reading, file, segment, generation)
  if (header === null) throw lost(segment, 'has a damaged header')
  return header
}

/** Null when it is damaged. @throws FORMAT_UNSUPPORTED */
export async function tryReadSegmentHeader(
  reading: SegmentReading,
  file: DiskFile,
  segment: number,
  generation = 0,
): Promise<SegmentHeader | null> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  const count = await file.read(bytes, 0, bytes.length, 0)
  const place = segmentPath(segment, generation)
  const header = decodeSegmentHeader(bytes.subarray(0, count), reading.storeId, reading.checksum, place)
  return header?.firstSegment === segment && header.generation === generation ? header : null
}

/** What a segment's header says of the store: for a store whose identity file is damaged or gone. Null: none says it. */
export async function identityInSegments(disk: Disk): Promise<StoreIdentity | null> {
  for (const [segment, generation] of await segmentsOf(disk)) {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const count = await withSegment(disk, segment, file => file.read(bytes, 0, bytes.length, 0), generation)
    const { at, bytes: length } = SEGMENT_FIELDS.storeId
    const storeId = Buffer.from(bytes.subarray(at, at + length))
    const checksum = await Checksum.forStore(storeId)
    const header = decodeSegmentHeader(bytes.subarray(0, count), storeId, checksum, segmentPath(segment, generation))
    if (header !== null) return { storeId, timeline: header.timeline, createdAt: 0 }
  }
  return null
}

/** The point before a segment's first frame. */
export function startOf(header: SegmentHeader): LogPoint {
  return {
    segment: header.firstSegment,
    offset: SEGMENT_HEADER_BYTES,
    commit: header.cutCommit,
    chain: header.cutChain,
  }
}

export async function withSegment<Result>(
  disk: Disk,
  segment: number,
  use: (file: DiskFile) => Promise<Result>,
  generation = 0,
): Promise<Result> {
  const file = disk.open(segmentPath(segment, generation))
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

function framesOf(
  file: DiskFile,
  start: LogPoint,
  durableCommit: number,
  checksum: Checksum,
): AsyncGenerator<ScannedFrame> {
  return scanSegment(file, start, { cut: null, durableCommit, onlyType: ENTRY_TYPE.actorAdded }, checksum)
}

function lost(segment: number, what: string): TwinlogError<'LOG_LOST'> {
  const place = segmentPath(segment)
  return new TwinlogError('LOG_LOST', `the commit log lost something: ${place} ${what}`, { place })
}
