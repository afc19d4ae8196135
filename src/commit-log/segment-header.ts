/**
 * Segment file names and headers: encode and decode, side by side. Called by the writer when a segment begins and by
 * recovery. docs/format.md is the specification; layout.ts holds the offsets.
 */
import { readU64, writeU64 } from '../bytes/integers.ts'
import type { Checksum } from '../bytes/checksum.ts'
import { TwinlogError } from '../errors.ts'
import { FORMAT_VERSION, SEGMENT_FIELDS as F, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC } from './layout.ts'

export interface SegmentName {
  readonly firstSegment: number
  readonly lastSegment: number
  readonly generation: number
}

export interface SegmentHeader extends SegmentName {
  /** Where the predecessor ends: its offset, last commit and that commit's chain. What lies past it is dead. */
  readonly cutOffset: number
  readonly cutCommit: number
  readonly cutChain: bigint
  /** The lowest log number never used when the segment began. */
  readonly nextLog: number
  readonly timeline: number
  /** Null in generation 0. */
  readonly rewritten: RewrittenFacts | null
}

/** What only the header of a segment that was written again says: it ends with what it names, and holds so much. */
export interface RewrittenFacts {
  /** Trims, redactions and removals up to this commit have been applied. */
  readonly reclaimedThrough: number
  /** The segment's last commit, whether anything of it is left, and its chain before anything was written again. */
  readonly lastCommit: number
  readonly chainOut: bigint
  readonly frameCount: number
  readonly mapCount: number
  /** Where the frames end and the map begins. */
  readonly mapOffset: number
}

const NAME = /^(\d{10})-(\d{10})\.(\d+)\.seg$/
const SEGMENT_NUMBER_MAX = 0xffff_ffff

export function segmentFileName(name: SegmentName): string {
  return `${pad(name.firstSegment)}-${pad(name.lastSegment)}.${name.generation}.seg`
}

/** Null when it is no segment file's name. */
export function parseSegmentFileName(file: string): SegmentName | null {
  const match = NAME.exec(file)
  if (match === null) return null
  const [firstSegment, lastSegment, generation] = match.slice(1).map(Number) as [number, number, number]
  if (firstSegment < 1 || lastSegment < firstSegment || lastSegment > SEGMENT_NUMBER_MAX) return null
  return { firstSegment, lastSegment, generation }
}

export function encodeSegmentHeader(header: SegmentHeader, storeId: Uint8Array, checksum: Checksum): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  SEGMENT_MAGIC.copy(bytes, F.magic.at)
  bytes.writeUInt16BE(FORMAT_VERSION, F.version.at)
  bytes.writeUInt16BE(SEGMENT_HEADER_BYTES, F.headerLength.at)
  bytes.set(storeId, F.storeId.at)
  bytes.writeUInt32BE(header.firstSegment, F.firstSegment.at)
  bytes.writeUInt32BE(header.lastSegment, F.lastSegment.at)
  bytes.writeUInt32BE(header.generation, F.generation.at)
  bytes.writeUInt32BE(header.cutOffset, F.cutOffset.at)
  writeU64(bytes, header.cutCommit, F.cutCommit.at)
  bytes.writeBigUInt64BE(header.cutChain, F.cutChain.at)
  writeU64(bytes, header.nextLog, F.nextLog.at)
  writeU64(bytes, header.timeline, F.timeline.at)
  const { rewritten } = header
  if (rewritten !== null) {
    writeU64(bytes, rewritten.reclaimedThrough, F.reclaimedThrough.at)
    writeU64(bytes, rewritten.lastCommit, F.lastCommit.at)
    bytes.writeBigUInt64BE(rewritten.chainOut, F.chainOut.at)
    bytes.writeUInt32BE(rewritten.frameCount, F.frameCount.at)
    bytes.writeUInt32BE(rewritten.mapCount, F.mapCount.at)
    writeU64(bytes, rewritten.mapOffset, F.mapOffset.at)
  }
  bytes.writeBigUInt64BE(checksum.sum(bytes.subarray(0, F.headerSum.at)), F.headerSum.at)
  return bytes
}

/**
 * Null when these are no undamaged header of this store.
 * @throws FORMAT_UNSUPPORTED for a newer version or a critical flag
 */
export function decodeSegmentHeader(
  bytes: Buffer,
  storeId: Uint8Array,
  checksum: Checksum,
  place: string,
): SegmentHeader | null {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return null
  if (checksum.sum(bytes.subarray(0, F.headerSum.at)) !== bytes.readBigUInt64BE(F.headerSum.at)) return null
  if (!bytes.subarray(F.storeId.at, F.storeId.at + F.storeId.bytes).equals(storeId)) return null
  const version = bytes.readUInt16BE(F.version.at)
  const generation = bytes.readUInt32BE(F.generation.at)
  if (version > FORMAT_VERSION || bytes.readUInt32BE(F.criticalFlags.at) !== 0) {
    throw new TwinlogError('FORMAT_UNSUPPORTED', `${place} was written by a newer version of twinlog`, {
      place,
      version,
    })
  }
  return {
    firstSegment: bytes.readUInt32BE(F.firstSegment.at),
    lastSegment: bytes.readUInt32BE(F.lastSegment.at),
    generation,
    cutOffset: bytes.readUInt32BE(F.cutOffset.at),
    cutCommit: readU64(bytes, F.cutCommit.at),
    cutChain: bytes.readBigUInt64BE(F.cutChain.at),
    nextLog: readU64(bytes, F.nextLog.at),
    timeline: readU64(bytes, F.timeline.at),
    rewritten: generation === 0 ? null : rewrittenIn(bytes),
  }
}

function rewrittenIn(bytes: Buffer): RewrittenFacts {
  return {
    reclaimedThrough: readU64(bytes, F.reclaimedThrough.at),
    lastCommit: readU64(bytes, F.lastCommit.at),
    chainOut: bytes.readBigUInt64BE(F.chainOut.at),
    frameCount: bytes.readUInt32BE(F.frameCount.at),
    mapCount: bytes.readUInt32BE(F.mapCount.at),
    mapOffset: readU64(bytes, F.mapOffset.at),
  }
}

function pad(segment: number): string {
  return segment.toString().padStart(10, '0')
}
