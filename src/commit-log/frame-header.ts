/**
 * Frame headers: encode and decode, side by side. A frame is one group commit. Its chain checksum covers its header,
 * which covers its entries' header checksums, the chain before it and the place it was born at.
 */
import { readU64, writeBigU64, writeU64 } from '../bytes/integers.ts'
import type { Checksum } from '../bytes/checksum.ts'
import type { Place } from '../record/entry.ts'
import { FRAME_FIELDS as F, FRAME_HEADER_BYTES, FRAME_MAGIC } from './layout.ts'

export interface FrameHeader {
  readonly flags: number
  readonly bodyLength: number
  readonly entryCount: number
  readonly commit: number
  /** The last commit that was surely on disk when this frame was written. */
  readonly durableCommit: number
  readonly previousChain: bigint
  readonly entriesSum: bigint
}

/** Writes the header at `at`; returns the frame's chain. */
export function encodeFrameHeader(
  target: Buffer,
  at: number,
  place: Place,
  header: FrameHeader,
  checksum: Checksum,
): bigint {
  target.writeUInt32BE(FRAME_MAGIC, at + F.magic.at)
  target.writeUInt16BE(header.flags, at + F.flags.at)
  target.writeUInt16BE(0, at + F.reserved.at)
  target.writeUInt32BE(header.bodyLength, at + F.bodyLength.at)
  target.writeUInt32BE(header.entryCount, at + F.entryCount.at)
  target.writeUInt32BE(place.segment, at + F.birthSegment.at)
  target.writeUInt32BE(place.offset, at + F.birthOffset.at)
  writeU64(target, header.commit, at + F.commit.at)
  writeU64(target, header.durableCommit, at + F.durableCommit.at)
  writeBigU64(target, header.previousChain, at + F.previousChain.at)
  writeBigU64(target, header.entriesSum, at + F.entriesSum.at)
  const chain = checksum.sum(target.subarray(at, at + F.chain.at))
  writeBigU64(target, chain, at + F.chain.at)
  return chain
}

/** Null when these bytes are no undamaged frame header born at `place`. */
export function decodeFrameHeader(
  source: Buffer,
  at: number,
  place: Place,
  checksum: Checksum,
): (FrameHeader & { readonly chain: bigint }) | null {
  if (at + FRAME_HEADER_BYTES > source.length || source.readUInt32BE(at) !== FRAME_MAGIC) return null
  if (source.readUInt32BE(at + F.birthSegment.at) !== place.segment) return null
  if (source.readUInt32BE(at + F.birthOffset.at) !== place.offset) return null
  const chain = source.readBigUInt64BE(at + F.chain.at)
  if (checksum.sum(source.subarray(at, at + F.chain.at)) !== chain) return null
  return {
    flags: source.readUInt16BE(at + F.flags.at),
    bodyLength: source.readUInt32BE(at + F.bodyLength.at),
    entryCount: source.readUInt32BE(at + F.entryCount.at),
    commit: readU64(source, at + F.commit.at),
    durableCommit: readU64(source, at + F.durableCommit.at),
    previousChain: source.readBigUInt64BE(at + F.previousChain.at),
    entriesSum: source.readBigUInt64BE(at + F.entriesSum.at),
    chain,
  }
}
