/**
 * Reads all of a store from its segment files and says everything that is wrong with it, beside a running owner or
 * without one. It judges as a reader does (store-fold.ts), and looks at what no reader looks at besides.
 */
import { IDENTITY_FILE } from '../commit-log/identity.ts'
import { surveyLog, type SurveyEnd, type SurveyStep } from '../commit-log/survey.ts'
import type { Box } from '../log-store/types.ts'
import type { ScannedFrame } from '../commit-log/segment-scan.ts'
import type { DecodedEntry } from '../record/entry.ts'
import { type Finding, type FindingCode, type FindingFacts, findingOf, findingOfDamage } from './findings.ts'
import { KeySet } from './key-set.ts'
import { checkToolOptions, Progress, type ToolOptions } from './progress.ts'
import { openSource } from './source.ts'
import { type FoldedLog, StoreFold, type Verdict } from './store-fold.ts'

export interface VerifyOptions extends ToolOptions {
  /** Only what concerns this actor's logs, and what is wrong with the store as a whole. */
  readonly actor?: string
  /** Only one of its two logs. Only together with `actor`. */
  readonly box?: Box
  /** Told of each finding, in the order of the log; of what may have been taken away, at the end. */
  readonly onFinding?: (finding: Finding) => void
}

/** Records that are not there or can't be read, of a log that exists; trimmed ones are none. */
export interface MissingRecords {
  readonly actor: string
  readonly box: Box
  readonly from: number
  readonly to: number
}

export interface VerifyReport {
  readonly path: string
  /** 32 hex digits. */
  readonly storeId: string
  readonly timeline: number
  /** Nothing is wrong. A torn tail is nothing wrong. */
  readonly isClean: boolean
  /** The last commit that is there. */
  readonly commit: number
  readonly segments: number
  readonly bytes: number
  readonly actors: number
  /** Records that are there and right, trimmed ones included as long as their bytes are there. */
  readonly records: number
  /** A write that was cut short: never acknowledged, and no damage. */
  readonly tornTail: { readonly file: string; readonly offset: number; readonly bytes: number } | null
  /** In the order of the log, and then what may have been taken away and was not; the first 10,000. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
  /** What the findings amount to, for each log that exists. */
  readonly missing: readonly MissingRecords[]
}

const FINDINGS_KEPT_MAX = 10_000

/**
 * Reads everything: identity, segments, commits and their chain, entries, payloads, sequences, dedupe keys. Damage is a
 * result, not an error. What is appended meanwhile in later segments is left for the next time.
 * @throws STORE_NOT_FOUND, FORMAT_UNSUPPORTED, IO_ERROR, READ_ONLY; CORRUPT when nothing says which store it is
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  checkToolOptions('verify', options, ['actor', 'box', 'onFinding'])
  const { actor, box } = options
  if (box !== undefined && box !== 'inbox' && box !== 'outbox') throw new TypeError('box must be inbox or outbox')
  if (box !== undefined && actor === undefined) throw new TypeError('box is of an actor: say which')
  const source = await openSource(path)
  const inspection = new Inspection(options)
  if (source.isIdentityDamaged)
    inspection.find('IDENTITY_DAMAGED', { file: IDENTITY_FILE, offset: 0, costs: 'unknown' })
  const survey = await surveyLog(source.reading)
  const progress = new Progress('verify', survey.totalBytes, options)
  progress.at(0)
  const steps = survey.steps()
  let step = await steps.next()
  while (step.done !== true) {
    inspection.look(step.value, survey.hasRewritten())
    if (step.value.kind === 'frame') progress.at(step.value.readBytes)
    step = await steps.next()
  }
  progress.end()
  inspection.settle()
  const { identity } = source
  return {
    path: source.path,
    storeId: identity.storeId.toString('hex'),
    timeline: identity.timeline,
    segments: survey.segments,
    bytes: survey.totalBytes,
    ...inspection.report(step.value),
  }
}

class Inspection {
  readonly #options: VerifyOptions
  readonly #fold = new StoreFold()
  readonly #keys = new KeySet()
  readonly #findings: Finding[] = []
  readonly #unknownLogs = new Set<number>()
  #findingCount = 0
  #records = 0
  #file = ''
  /** Set with each step that is a frame. */
  #frame: ScannedFrame | null = null
  /** What is not there may have been taken away: what takes it away comes later, and then it is nothing wrong. */
  #mayBeGone = false
  readonly #held: {
    readonly code: 'RECORDS_MISSING' | 'LOG_UNKNOWN'
    readonly log: FoldedLog
    readonly facts: FindingFacts
  }[] = []

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  look(step: SurveyStep, hasRewritten: boolean): void {
    this.#mayBeGone ||= hasRewritten
    if (step.kind === 'damage') return this.#tell(findingOfDamage(step.damage))
    const { frame, file, firstCommit } = step
    this.#file = file
    this.#frame = frame
    const commits = { from: firstCommit, to: frame.commit }
    const at = { file, offset: frame.place.offset, commits }
    if (frame.damage === 'header') this.find('COMMIT_HEADER_DAMAGED', at)
    if (frame.damage === 'entries') this.find('COMMIT_DAMAGED', { ...at, costs: 'unknown' })
    const unusedShared = new Map<number, DecodedEntry>()
    for (const verdict of this.#fold.judge(frame)) {
      this.#judge(verdict, frame.commit, unusedShared)
      if (!frame.isPaddingRight(verdict.entry)) this.find('PADDING_DAMAGED', this.#placeOf(verdict.entry))
    }
    for (const entry of unusedShared.values()) this.find('PAYLOAD_DAMAGED', this.#placeOf(entry))
  }

  find(code: FindingCode, facts: FindingFacts): void {
    this.#tell(findingOf(code, facts))
  }

  /** Tells of what nothing took away, now that all is read. */
  settle(): void {
    for (const { code, log, facts } of this.#held) {
      if (this.#fold.wasRemoved(log.log)) continue
      const { sequences = null } = facts
      if (code === 'LOG_UNKNOWN' || sequences === null) this.#findIn(log, code, facts)
      else
        for (const { from, to } of log.missing.from(Math.max(log.first, sequences.from)))
          if (from <= sequences.to)
            this.#findIn(log, code, { ...facts, sequences: { from, to: Math.min(to, sequences.to) } })
    }
  }

  report(end: SurveyEnd): Omit<VerifyReport, 'path' | 'storeId' | 'timeline' | 'segments' | 'bytes'> {
    const missing: MissingRecords[] = []
    for (const log of this.#fold.logs.values()) {
      const { actor, box, first } = log
      if (actor === null || !this.#isWanted(log)) continue
      for (const { from, to } of log.missing.from(first)) missing.push({ actor, box, from, to })
    }
    return {
      isClean: this.#findingCount === 0,
      commit: end.end.commit,
      actors: this.#fold.actors.size,
      records: this.#records,
      tornTail: end.tornTail,
      findings: this.#findings,
      findingCount: this.#findingCount,
      missing,
    }
  }

  #judge(verdict: Verdict, commit: number, unusedShared: Map<number, DecodedEntry>): void {
    const { entry } = verdict
    const at = this.#placeOf(entry)
    switch (verdict.is) {
      case 'record':
      case 'damaged':
        return this.#judgeRecord(verdict, unusedShared)
      case 'lost':
        return this.#gap(verdict.log, verdict.from, verdict.lost.from - 1, entry)
      case 'bounds':
        if (verdict.isWrong) this.#findIn(verdict.log, 'BOUNDS_WRONG', { ...at, costs: 'unknown' })
        return this.#gap(verdict.log, Math.max(verdict.from, verdict.first), verdict.tip, entry)
      case 'key':
      case 'redacted':
        this.#mayBeGone = true
        if (verdict.is === 'key') this.#checkKey(verdict.log, entry)
        return this.#gap(verdict.log, verdict.from, entry.seq, entry)
      case 'repeated':
        return this.#findIn(verdict.log, 'SEQUENCE_REPEATED', { ...at, sequences: { from: entry.seq, to: entry.seq } })
      case 'shared':
        if (!verdict.isRight) unusedShared.set(entry.place.offset, entry)
        return
      case 'unknown':
        return this.find('ENTRY_UNKNOWN', { ...at, commits: { from: commit, to: commit }, costs: 'unknown' })
      case 'stray':
        return this.find('LOG_UNKNOWN', at)
      default:
    }
  }

  #judgeRecord(
    verdict: Verdict & { readonly is: 'record' | 'damaged' },
    unusedShared: Map<number, DecodedEntry>,
  ): void {
    const { entry, log, from } = verdict
    const at = this.#placeOf(entry)
    if (log.actor === null && !this.#unknownLogs.has(log.log)) {
      this.#unknownLogs.add(log.log)
      this.#tellIn(log, 'LOG_UNKNOWN', { ...at, costs: 'unknown' })
    }
    const sequences = { from: entry.seq, to: entry.seq }
    this.#gap(log, from, entry.seq - 1, entry)
    this.#checkKey(log, entry)
    if (verdict.is === 'record') {
      this.#records += 1
      return
    }
    unusedShared.delete(verdict.at)
    const offset = this.#offsetOf(verdict.at)
    this.#findIn(log, 'RECORD_DAMAGED', { ...at, offset, sequences, costs: 'records' })
  }

  /** The sequences before an entry that should have been there. */
  #gap(log: FoldedLog, from: number, to: number, entry: DecodedEntry): void {
    if (from > to) return
    this.#tellIn(log, 'RECORDS_MISSING', { ...this.#placeOf(entry), sequences: { from, to }, costs: 'records' })
  }

  #checkKey(log: FoldedLog, entry: DecodedEntry): void {
    if (entry.key === null || this.#keys.add(log.log, entry.key)) return
    this.#findIn(log, 'KEY_REPEATED', { ...this.#placeOf(entry), sequences: { from: entry.seq, to: entry.seq } })
  }

  /** At once, or when all is read. */
  #tellIn(log: FoldedLog, code: 'RECORDS_MISSING' | 'LOG_UNKNOWN', facts: FindingFacts): void {
    if (this.#mayBeGone) this.#held.push({ code, log, facts })
    else this.#findIn(log, code, facts)
  }

  /** Where the entry stands that was born there. */
  #offsetOf(birthOffset: number): number {
    const entry = this.#frame?.entries.find(each => each.place.offset === birthOffset)
    return entry === undefined ? birthOffset : (this.#frame?.offsetOf(entry) ?? birthOffset)
  }

  #placeOf(entry: DecodedEntry): { readonly file: string; readonly offset: number } {
    return { file: this.#file, offset: this.#frame?.offsetOf(entry) ?? entry.place.offset }
  }

  #findIn(log: FoldedLog, code: FindingCode, facts: FindingFacts): void {
    if (this.#isWanted(log)) this.find(code, { ...facts, actor: log.actor, box: log.box })
  }

  #isWanted({ actor, box }: FoldedLog): boolean {
    const wanted = this.#options
    if (wanted.actor === undefined) return true
    return actor === wanted.actor && (wanted.box === undefined || box === wanted.box)
  }

  #tell(finding: Finding): void {
    this.#findingCount += 1
    if (this.#findings.length < FINDINGS_KEPT_MAX) this.#findings.push(finding)
    this.#options.onFinding?.(finding)
  }
}
