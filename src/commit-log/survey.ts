/**
 * Walks all of a commit log, whatever state it is in, and tells its frames and its damage in order. Called by the tools
 * (verify, salvage, diff), which must go on where recovery and replay refuse. Changes nothing, works beside an owner.
 */
import type { DiskFile } from './disk.ts'
import { FileWindow } from './file-window.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import { LOG_START, type SegmentReading, startOf, tryReadSegmentHeader, withSegment } from './recovery.ts'
import { segmentPath, segmentsOf } from './segment-files.ts'
import type { SegmentHeader } from './segment-header.ts'
import { findFrame, type LogPoint, scanSegment, type ScannedFrame, surveyDurable } from './segment-scan.ts'

/** Damage that is not in a frame. A damaged frame says so itself. */
export type LogDamage =
  /** The files of these segments are missing. */
  | { readonly kind: 'segment-missing'; readonly file: string; readonly from: number; readonly to: number }
  | { readonly kind: 'segment-header'; readonly file: string }
  /** Between two segments: nothing at all is left of these commits. */
  | { readonly kind: 'commits-missing'; readonly file: string; readonly from: number; readonly to: number }
  /** The frames before the segment's begin are not the ones it was written after. */
  | { readonly kind: 'chain-broken'; readonly file: string; readonly commit: number }

export type SurveyStep =
  | { readonly kind: 'damage'; readonly damage: LogDamage }
  | {
      readonly kind: 'frame'
      readonly frame: ScannedFrame
      readonly file: string
      /** The first commit that it stands for; more than one, up to the frame's own, where frames are unreadable. */
      readonly firstCommit: number
      /** Bytes of the log up to the frame's end. */
      readonly readBytes: number
    }

export interface Survey {
  readonly segments: number
  readonly totalBytes: number
  steps(): AsyncGenerator<SurveyStep, SurveyEnd>
}

export interface SurveyEnd {
  readonly end: LogPoint
  /** What follows the end in the last segment: a torn write. */
  readonly tornTail: { readonly file: string; readonly offset: number; readonly bytes: number } | null
  /** No segment's header knows of a log number from this one on. */
  readonly nextLog: number
}

/** What lies in the way of reading one segment to its end. */
interface Bounds {
  readonly header: SegmentHeader | null
  readonly start: LogPoint
  /** Where the next segment's header says that this one ends. */
  readonly cut: LogPoint | null
  /** The last commit here, as the next segment's first frame says; null when nothing says so. */
  readonly lastCommit: number | null
}

/** What is there now; what a running owner adds in later segments is left out. @throws FORMAT_UNSUPPORTED */
export async function surveyLog(reading: SegmentReading): Promise<Survey> {
  const segments = await segmentsOf(reading.disk)
  const sizes = new Map<number, number>()
  for (const segment of segments) sizes.set(segment, await withSegment(reading.disk, segment, file => file.size()))
  const totalBytes = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
  return { segments: segments.length, totalBytes, steps: () => stepsOf(reading, segments, sizes) }
}

async function* stepsOf(
  reading: SegmentReading,
  segments: readonly number[],
  sizes: ReadonlyMap<number, number>,
): AsyncGenerator<SurveyStep, SurveyEnd> {
  let point = LOG_START
  let tornTail: SurveyEnd['tornTail'] = null
  let nextLog = 2
  let bytesBefore = 0
  for (const [i, segment] of segments.entries()) {
    const path = segmentPath(segment)
    if (segment !== point.segment + 1) {
      const from = point.segment + 1
      yield { kind: 'damage', damage: { kind: 'segment-missing', file: segmentPath(from), from, to: segment - 1 } }
      point = { segment: segment - 1, offset: 0, commit: point.commit, chain: null }
    }
    const file = reading.disk.open(path)
    try {
      const bounds = await boundsOf(reading, file, segment, point, segments[i + 1] === segment + 1)
      if (bounds.header === null) yield { kind: 'damage', damage: { kind: 'segment-header', file: path } }
      nextLog = Math.max(nextLog, bounds.header?.nextLog ?? 0)
      yield* seam(point, bounds.start, path)
      point = bounds.start
      for await (const frame of framesIn(reading, file, bounds)) {
        // A frame that was written again, where nothing says so, goes back over what was read.
        const firstCommit = Math.min(point.commit + 1, frame.commit)
        yield { kind: 'frame', frame, file: path, firstCommit, readBytes: bytesBefore + frame.end.offset }
        point = frame.end
      }
      if (bounds.cut !== null) {
        yield* seam(point, bounds.cut, segmentPath(segment + 1))
        point = bounds.cut
      }
      const bytes = (await file.size()) - point.offset
      if (i === segments.length - 1 && bytes > 0) tornTail = { file: path, offset: point.offset, bytes }
    } finally {
      await file.close()
    }
    bytesBefore += sizes.get(segment) ?? 0
  }
  return { end: point, tornTail, nextLog }
}

/** Whether what was read up to `before` is what `after` was written behind. */
function* seam(before: LogPoint, after: LogPoint, file: string): Generator<SurveyStep> {
  if (after.commit > before.commit) {
    const [from, to] = [before.commit + 1, after.commit]
    yield { kind: 'damage', damage: { kind: 'commits-missing', file, from, to } }
  } else if (before.chain !== null && after.chain !== null && before.chain !== after.chain) {
    yield { kind: 'damage', damage: { kind: 'chain-broken', file, commit: after.commit } }
  }
}

async function boundsOf(
  reading: SegmentReading,
  file: DiskFile,
  segment: number,
  before: LogPoint,
  hasNext: boolean,
): Promise<Bounds> {
  const header = await tryReadSegmentHeader(reading, file, segment)
  const start = header === null ? await startWithoutHeader(reading, file, segment, before) : startOf(header)
  if (!hasNext) return { header, start, cut: null, lastCommit: null }
  const next = segment + 1
  return withSegment(reading.disk, next, async nextFile => {
    const nextHeader = await tryReadSegmentHeader(reading, nextFile, next)
    if (nextHeader !== null) {
      const { cutOffset: offset, cutCommit: commit, cutChain: chain } = nextHeader
      return { header, start, cut: { segment, offset, commit, chain }, lastCommit: commit }
    }
    const first = await firstFrameOf(reading, nextFile, next)
    return { header, start, cut: null, lastCommit: first === null ? null : first.commit - 1 }
  })
}

/** A damaged header's first frame still says what came before it. */
async function startWithoutHeader(
  reading: SegmentReading,
  file: DiskFile,
  segment: number,
  before: LogPoint,
): Promise<LogPoint> {
  const first = await firstFrameOf(reading, file, segment)
  const offset = SEGMENT_HEADER_BYTES
  if (first === null) return { segment, offset, commit: before.commit, chain: null }
  return { segment, offset, commit: first.commit - 1, chain: first.previousChain }
}

async function firstFrameOf(
  { checksum }: SegmentReading,
  file: DiskFile,
  segment: number,
): Promise<{ readonly commit: number; readonly previousChain: bigint } | null> {
  const at = SEGMENT_HEADER_BYTES
  const found = await findFrame(new FileWindow(file), segment, at, at + 1, checksum)
  return found?.header ?? null
}

/** The frames of a segment. Where nothing says how it ends, those that are whole or vouched for. */
async function* framesIn(
  { checksum }: SegmentReading,
  file: DiskFile,
  { start, cut, lastCommit }: Bounds,
): AsyncGenerator<ScannedFrame> {
  if (cut !== null) {
    yield* scanSegment(file, start, { cut, durableCommit: cut.commit }, checksum)
    return
  }
  if (lastCommit !== null && start.commit >= lastCommit) return
  const durableCommit = lastCommit ?? Math.max(start.commit, await surveyDurable(file, start, checksum))
  for await (const frame of scanSegment(file, start, { cut, durableCommit }, checksum)) {
    yield frame
    // What follows is dead: the next segment begins with the commit after this one.
    if (lastCommit !== null && frame.commit >= lastCommit) return
  }
}
