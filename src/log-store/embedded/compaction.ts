/**
 * Gives space back: finds in the commit log itself what is dead, and writes the segments again that are worth it, one
 * after the other, while appends and reads go on. Whatever kills an entry is in the index by then, so nobody who reads
 * the log for the index, from wherever it stands, can miss both.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { Evidence } from '../../commit-log/evidence.ts'
import { LOG_START } from '../../commit-log/recovery.ts'
import { type Pace, rewriteSegment, surveySegment, type SegmentSurvey } from '../../commit-log/rewrite-segment.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import { SegmentWalk } from '../../commit-log/segment-walk.ts'
import { TwinlogError } from '../../errors.ts'
import { checkCompactOptions } from '../compact-options.ts'
import type { CompactOptions, CompactProgress, CompactReport } from '../compact-options.ts'
import { Throttle } from './throttle.ts'

interface CompactionSteps {
  readonly log: CommitLog
  /** Resolves when the index holds everything acknowledged before the call, and it is on disk. */
  flushIndex(): Promise<void>
  /** Gives the segment that is written now a successor. */
  sealSegment(): Promise<void>
  /** Lets LevelDB drop what was deleted from it. */
  purgeIndex(): Promise<void>
}

interface Plan {
  readonly cut: LogPoint
  readonly survey: SegmentSurvey
}

/** What became of a segment. */
interface Rewritten {
  readonly bytes: number
  readonly written: number
  readonly isRewritten: boolean
  readonly isDamaged: boolean
}

export class Compactions {
  readonly #steps: CompactionSteps
  readonly #closing = new AbortController()
  #last: Promise<unknown> = Promise.resolve()

  constructor(steps: CompactionSteps) {
    this.#steps = steps
  }

  /** @throws OUT_OF_RANGE, LOG_LOST, INDEX_FAILED, POISONED, LOW_SPACE, IO_ERROR, CLOSED; the signal's reason */
  compact(options: CompactOptions): Promise<CompactReport> {
    const run = this.#last.then(() => this.#compact(options))
    this.#last = run.catch(() => {})
    return run
  }

  /** Ends what is under way, with CLOSED. */
  async stop(): Promise<void> {
    this.#closing.abort(new TwinlogError('CLOSED', 'the store is closed', {}))
    await this.#last
  }

  async #compact(options: CompactOptions): Promise<CompactReport> {
    const { deadShareMin, bytesPerSecond } = checkCompactOptions(options)
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])]
    const throttle = new Throttle(bytesPerSecond, AbortSignal.any(signals))
    const pace: Pace = bytes => throttle.spend(bytes)
    await pace(0)
    const { end } = this.#steps.log
    await this.#steps.flushIndex()
    const evidence = await this.#evidenceUpTo(end, pace)
    const report = { segments: end.segment, rewritten: 0, damaged: 0, bytesBefore: 0, bytesAfter: 0, bytesWritten: 0 }
    let isPurged = false
    for (let segment = 1; segment <= end.segment; segment += 1) {
      tell(options, 'survey', segment - 1, end.segment)
      const { cut, survey } = await this.#plan(segment, evidence, pace)
      let after: Rewritten = { bytes: survey.bytes, written: 0, isRewritten: false, isDamaged: survey.isDamaged }
      if (isWorthIt(survey, deadShareMin)) {
        tell(options, 'rewrite', segment - 1, end.segment)
        if (options.dryRun === true) after = { ...after, bytes: survey.bytesAfter, isRewritten: true }
        else {
          // Before the first segment: a crash then leaves one that still asks for it.
          if (!isPurged) await this.#steps.purgeIndex()
          isPurged = true
          after = await this.#rewrite(cut, survey, evidence, end.commit, pace)
        }
      }
      report.bytesBefore += survey.bytes
      report.bytesAfter += after.bytes
      report.bytesWritten += after.written
      if (after.isRewritten) report.rewritten += 1
      if (after.isDamaged) report.damaged += 1
    }
    tell(options, 'rewrite', end.segment, end.segment)
    return report
  }

  async #evidenceUpTo(end: LogPoint, pace: Pace): Promise<Evidence> {
    const evidence = new Evidence()
    for await (const frame of this.#steps.log.frames(LOG_START, end)) {
      evidence.learn(frame)
      await pace(Math.max(0, frame.end.offset - frame.place.offset))
    }
    return evidence
  }

  async #rewrite(
    cut: LogPoint,
    survey: SegmentSurvey,
    evidence: Evidence,
    reclaimedThrough: number,
    pace: Pace,
  ): Promise<Rewritten> {
    const { log } = this.#steps
    const sealed = await this.#sealedCut(cut.segment)
    const made = await rewriteSegment(log.reading, sealed, evidence, reclaimedThrough, pace)
    if (made === null) return { bytes: survey.bytes, written: 0, isRewritten: false, isDamaged: true }
    await log.segmentRewritten(cut.segment, made.generation)
    return { bytes: made.bytes, written: made.bytes, isRewritten: true, isDamaged: false }
  }

  async #plan(segment: number, evidence: Evidence, pace: Pace): Promise<Plan> {
    const { log } = this.#steps
    // The last segment may have got a successor since `end` was taken.
    const cut = segment === log.end.segment ? log.end : await new SegmentWalk(log.reading).cutOf(segment)
    const isWritten = segment === log.pending.place.segment
    return { cut, survey: await surveySegment(log.reading, cut, isWritten, evidence, pace) }
  }

  /** Where the segment ends for good: only what has a successor is written again. */
  async #sealedCut(segment: number): Promise<LogPoint> {
    const { log } = this.#steps
    if (segment === log.end.segment) await this.#steps.sealSegment()
    return new SegmentWalk(log.reading).cutOf(segment)
  }
}

function isWorthIt({ bytes, bytesAfter, mustGo, isDamaged }: SegmentSurvey, deadShareMin: number): boolean {
  if (isDamaged) return false
  return mustGo || (bytesAfter < bytes && bytes - bytesAfter >= deadShareMin * bytes)
}

function tell({ onProgress }: CompactOptions, task: CompactProgress['task'], done: number, total: number): void {
  onProgress?.({ task, done, total, unit: 'segments' })
}
