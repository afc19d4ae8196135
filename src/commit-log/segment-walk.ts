/**
 * The frames between two points of the log, over segment borders: what replay, rebuild, reclaiming and the read-only
 * driver fold. A segment may be written again meanwhile: whatever goes is named by something that stays, further on.
 */
import { TwinlogError } from '../errors.ts'
import type { DiskFile } from './disk.ts'
import { readSegmentHeader, type SegmentReading, startOf } from './recovery.ts'
import { scanRewritten } from './rewritten-scan.ts'
import { generationsOf, segmentPath } from './segment-files.ts'
import type { RewrittenFacts, SegmentHeader } from './segment-header.ts'
import { type LogPoint, scanSegment, type ScannedFrame } from './segment-scan.ts'

/** Yields the frames after `from` up to `end`, which must be a point that is surely there. @throws LOG_LOST */
export async function* framesBetween(
  reading: SegmentReading,
  from: LogPoint,
  end: LogPoint,
): AsyncGenerator<ScannedFrame> {
  const walk = new SegmentWalk(reading)
  for (let segment = Math.max(1, from.segment); segment <= end.segment; segment += 1) {
    const isWhole = segment < end.segment
    yield* walk.frames(segment, from, isWhole ? await walk.cutOf(segment) : end, isWhole)
  }
}

/** Opens one segment after the other, each in the generation that counts. */
export class SegmentWalk {
  readonly #reading: SegmentReading
  #generations: readonly number[] | null = null

  constructor(reading: SegmentReading) {
    this.#reading = reading
  }

  /**
   * The frames of one segment after `from`, which may lie in an earlier one, up to `cut`.
   * @param isWhole that is where the segment ends; else a walk began when it had not ended yet
   */
  async *frames(segment: number, from: LogPoint, cut: LogPoint, isWhole = true): AsyncGenerator<ScannedFrame> {
    const { checksum } = this.#reading
    const isWithin = from.segment === segment
    if (isWithin && from.commit >= cut.commit) return
    const { file, generation } = await this.#open(segment)
    try {
      if (generation > 0) {
        const header = await readSegmentHeader(this.#reading, file, segment, generation)
        if (isWhole) assertEndsAt(segment, header.rewritten, cut)
        for await (const frame of scanRewritten(file, header, checksum, from.commit)) {
          if (frame.commit > cut.commit) return
          yield frame
        }
        return
      }
      const start = isWithin ? from : startOf(await readSegmentHeader(this.#reading, file, segment))
      yield* scanSegment(file, start, { cut, durableCommit: cut.commit }, checksum)
    } finally {
      await file.close()
    }
  }

  /** Where a segment ends, as its successor's header says. */
  async cutOf(segment: number): Promise<LogPoint> {
    const { cutOffset, cutCommit, cutChain } = (await this.look(segment + 1)).header
    return { segment, offset: cutOffset, commit: cutCommit, chain: cutChain }
  }

  /** The header and the size of a segment's file. */
  async look(segment: number): Promise<{ readonly header: SegmentHeader; readonly bytes: number }> {
    const { file, generation } = await this.#open(segment)
    try {
      const header = await readSegmentHeader(this.#reading, file, segment, generation)
      return { header, bytes: await file.size() }
    } finally {
      await file.close()
    }
  }

  async #open(segment: number): Promise<{ readonly file: DiskFile; readonly generation: number }> {
    for (;;) {
      const generation = await this.#generationOf(segment)
      try {
        return { file: this.#reading.disk.open(segmentPath(segment, generation)), generation }
      } catch (error) {
        this.#generations = null
        // Written again since its name was read.
        if ((await this.#generationOf(segment)) === generation) throw error
      }
    }
  }

  async #generationOf(segment: number): Promise<number> {
    this.#generations ??= await generationsOf(this.#reading.disk)
    return this.#generations[segment - 1] ?? 0
  }
}

/** What was written again ends where its successor says. */
function assertEndsAt(segment: number, facts: RewrittenFacts | null, cut: LogPoint): void {
  if (facts?.lastCommit === cut.commit && facts.chainOut === cut.chain) return
  const place = segmentPath(segment)
  throw new TwinlogError('LOG_LOST', `${place} does not end where the segment after it begins`, { place })
}
