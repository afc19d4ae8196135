/**
 * The uncertain tail: frames that are whole but that nobody vouches for may sit in a page cache that the disk never
 * saw. `CommitLog.open` writes them again, same commits, same entries, before anything is served.
 */
import { TwinlogError } from '../errors.ts'
import type { DecodedEntry } from '../record/entry.ts'
import type { DiskFile } from './disk.ts'
import type { FrameBuilder } from './frame-builder.ts'
import { type SegmentReading, type Tail } from './recovery.ts'
import { segmentPath } from './segment-files.ts'
import { scanSegment, type ScannedFrame } from './segment-scan.ts'

/** The frames from the tail's cut to its end. */
export async function* uncertainFrames(reading: SegmentReading, tail: Tail): AsyncGenerator<ScannedFrame> {
  const file: DiskFile = reading.disk.open(segmentPath(tail.cut.segment))
  try {
    yield* scanSegment(file, tail.cut, { cut: tail.end, durableCommit: tail.cut.commit }, reading.checksum)
  } finally {
    await file.close()
  }
}

/** Puts a frame's entries into the empty `builder`. @throws CORRUPT when they are no longer what recovery saw */
export function copyFrame(frame: ScannedFrame, builder: FrameBuilder): void {
  /** Where the shared payloads of this frame went. */
  const moved = new Map<number, number>()
  for (const entry of frame.entries) {
    const location = builder.add({
      type: entry.type,
      codec: entry.codec,
      log: entry.log,
      seq: entry.seq,
      receivedAt: entry.receivedAt,
      payloadAt: entry.payloadAt === 0 ? 0 : (moved.get(entry.payloadAt) ?? damagedMeanwhile(frame)),
      payloadSum: entry.payloadSum,
      key: entry.key ?? undefined,
      meta: entry.meta ?? undefined,
      payload: payloadBytes(frame, entry),
    })
    moved.set(entry.place.offset, location.offset)
  }
}

function payloadBytes(frame: ScannedFrame, entry: DecodedEntry): Buffer | undefined {
  if (entry.payloadLength === 0) return undefined
  return frame.payload(entry) ?? damagedMeanwhile(frame)
}

function damagedMeanwhile(frame: ScannedFrame): never {
  const place = `${segmentPath(frame.place.segment)}, offset ${frame.place.offset}`
  throw new TwinlogError('CORRUPT', `the tail changed while it was read, at ${place}`, { place })
}
