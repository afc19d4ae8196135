/**
 * Walks all of a commit log, whatever state it is in, and tells its frames and its damage in order. Called by the tools
 * (verify, salvage, diff), which must go on where recovery and replay refuse. Changes nothing, works beside an owner.
 */
import type { DiskFile } from './disk.ts'
import { FileWindow } from './file-window.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import { LOG_START, type SegmentReading, startOf, tryReadSegmentHeader } from './recovery.ts'
import { surveyRewritten } from './rewritten-survey.ts'
import { segmentPath } from './segment-files.ts'
import type { SegmentHeader } from './segment-header.ts'
import { findFrame, type LogPoint, scanSegment, type ScannedFrame, surveyDurable } from './segment-scan.ts'
import { SurveyedFiles } from './surveyed-files.ts'

/** Damage that is not in a frame. A damaged frame says so itself. */
export type LogDamage =
  /** The files of these segments are missing. */
  | { readonly kind: 'segment-missing'; readonly file: string; readonly from: number; readonly to: number }
  | { readonly kind: 'segment-header'; readonly file: string }
  /** Of a segment that was written again, where its entries went. They say it too. */
  | { readonly kind: 'segment-map'; readonly file: string; readonly offset: number }
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
  /** Whether some of what was read so far was written again: then what is not there need not be missing. */
  hasRewritten(): boolean
  /** Whether segments were written again while it was read: who reads it twice may have met two states. */
  isChanged(): boolean
  /** One walk over what is there when it begins: what an index said before that is in it, as far as it is there at all. */
  steps(): AsyncGenerator<SurveyStep, SurveyEnd>
}

export interface SurveyEnd {
  readonly end: LogPoint
  /** What follows the end in the last segment: a torn write. */
  readonly tornTail: { readonly file: string; readonly offset: number; readonly bytes: number } | null
  /** No segment's header knows of a log number from this one on. */
  readonly nextLog: number
}

/** One segment as it is to be walked. */
interface SegmentPlan {
  readonly header: SegmentHeader | null
  readonly start: LogPoint
  readonly frames: AsyncGenerator<ScannedFrame>
  /** Where it ends itself, whatever its frames say; null: where its frames end. */
  readonly end: LogPoint | null
  /** Where the next segment's header says that this one ends. */
  readonly cut: LogPoint | null
  readonly damagedMapAt: number | null
}

/**
 * What a running owner adds in later segments during a walk is left out of it, unless it writes segments again meanwhile:
 * what is gone from those is named further on. @throws FORMAT_UNSUPPORTED
 */
export async function surveyLog(reading: SegmentReading): Promise<Survey> {
  const files = await SurveyedFiles.in(reading.disk)
  let totalBytes = 0
  for (const segment of files.segments) totalBytes += await files.using(segment, file => file.size())
  return {
    segments: files.segments.length,
    totalBytes,
    hasRewritten: () => files.hasRewritten,
    isChanged: () => files.isChanged,
    steps: () => stepsOf(reading, files),
  }
}

async function* stepsOf(reading: SegmentReading, files: SurveyedFiles): AsyncGenerator<SurveyStep, SurveyEnd> {
  let point = LOG_START
  let tornTail: SurveyEnd['tornTail'] = null
  let nextLog = 2
  let bytesBefore = 0
  let isLast = false
  /** Whether it is known where the segment before ended. */
  let isSure = true
  await files.lookAgain()
  for (let segment = files.after(0); segment !== null && !isLast; segment = files.after(segment)) {
    if (segment !== point.segment + 1) {
      yield segmentsMissing(point.segment + 1, segment - 1)
      point = { segment: segment - 1, offset: 0, commit: point.commit, chain: null }
      isSure = false
    }
    const { file, generation } = await files.open(segment)
    const path = segmentPath(segment, generation)
    try {
      isLast = files.after(segment) === null
      const plan = await planOf(reading, files, file, generation, point)
      if (plan.header === null) yield { kind: 'damage', damage: { kind: 'segment-header', file: path } }
      nextLog = Math.max(nextLog, plan.header?.nextLog ?? 0)
      yield* seam(point, plan.start, path)
      point = plan.start
      // One that was written again lacks commits of which nothing was left: only its header says with which it begins.
      let mayLack: boolean = !isSure && plan.header === null && generation > 0
      for await (const frame of plan.frames) {
        if (mayLack) yield* seam(point, { ...point, commit: frame.commit - 1 }, path)
        mayLack = false
        // A frame that was written again, where nothing says so, goes back over what was read.
        const isAlone = generation > 0 && frame.damage === null
        const firstCommit = isAlone ? frame.commit : Math.min(point.commit + 1, frame.commit)
        yield { kind: 'frame', frame, file: path, firstCommit, readBytes: bytesBefore + frame.end.offset }
        point = frame.end
      }
      const offset = plan.damagedMapAt
      if (offset !== null) yield { kind: 'damage', damage: { kind: 'segment-map', file: path, offset } }
      if (mayLack && plan.end !== null) yield* seam(point, plan.end, path)
      isSure = plan.cut !== null || (plan.end !== null && !mayLack)
      point = plan.end ?? point
      if (plan.cut !== null) {
        yield* seam(point, plan.cut, segmentPath(segment + 1))
        point = plan.cut
      }
      const size = await file.size()
      if (isLast && generation === 0 && size > point.offset)
        tornTail = { file: path, offset: point.offset, bytes: size - point.offset }
      // Only what has a successor is ever written again.
      if (isLast && generation > 0) yield segmentsMissing(segment + 1, segment + 1)
      bytesBefore += size
    } finally {
      await file.close()
    }
  }
  return { end: point, tornTail, nextLog }
}

function segmentsMissing(from: number, to: number): SurveyStep {
  return { kind: 'damage', damage: { kind: 'segment-missing', file: segmentPath(from), from, to } }
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

async function planOf(
  reading: SegmentReading,
  files: SurveyedFiles,
  file: DiskFile,
  generation: number,
  before: LogPoint,
): Promise<SegmentPlan> {
  const segment = before.segment + 1
  const header = await tryReadSegmentHeader(reading, file, segment, generation)
  const { cut, lastCommit } = await endOf(reading, files, segment)
  if (generation > 0) return { header, cut, ...(await surveyRewritten(reading, file, header, before, cut)) }
  const start = header === null ? await startWithoutHeader(reading, file, segment, before) : startOf(header)
  const frames = framesIn(reading, file, start, cut, lastCommit)
  return { header, start, frames, end: null, cut, damagedMapAt: null }
}

/**
 * Where the segment ends, as the next one says: by its header, or else its last commit by the first frame there, unless
 * frames may be gone from it.
 */
async function endOf(
  reading: SegmentReading,
  files: SurveyedFiles,
  segment: number,
): Promise<{ readonly cut: LogPoint | null; readonly lastCommit: number | null }> {
  const next = segment + 1
  if (files.after(segment) !== next) return { cut: null, lastCommit: null }
  return files.using(next, async (file, generation) => {
    const header = await tryReadSegmentHeader(reading, file, next, generation)
    if (header !== null) {
      const { cutOffset: offset, cutCommit: commit, cutChain: chain } = header
      return { cut: { segment, offset, commit, chain }, lastCommit: commit }
    }
    const first = generation > 0 ? null : await firstFrameOf(reading, file, next)
    return { cut: null, lastCommit: first === null ? null : first.commit - 1 }
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
  start: LogPoint,
  cut: LogPoint | null,
  lastCommit: number | null,
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
