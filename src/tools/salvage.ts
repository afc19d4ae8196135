/**
 * Takes what is good of a damaged store into a new one, and says exactly what is not in it. The source is only read. It
 * judges as verify does (store-fold.ts); what damaged commits held, the index may still know (index-witness.ts).
 */
import { join, resolve, sep } from 'node:path'
import { inNewTimeline } from '../commit-log/identity.ts'
import { type Survey, surveyLog, type SurveyEnd, type SurveyStep } from '../commit-log/survey.ts'
import { TwinlogError } from '../errors.ts'
import type { Box } from '../log-store/types.ts'
import { openWitness } from './index-witness.ts'
import { checkToolOptions, Progress, type ToolOptions } from './progress.ts'
import { Ranges, type SequenceRange } from './ranges.ts'
import { SalvagePlan } from './salvage-plan.ts'
import { SalvageRun } from './salvage-run.ts'
import { SalvageWriter } from './salvage-writer.ts'
import { checkPath, openSource } from './source.ts'
import { makeStore } from './target.ts'

export interface SalvageOptions extends ToolOptions {
  /**
   * Do not ask the store's index what damaged commits held: should LevelDB end the process over a damaged file. False by
   * default.
   */
  readonly ignoreIndex?: boolean
}

/** Records of a log that are not in the new store, where reading them is `LOST`. */
export interface LostRecords {
  readonly actor: string
  readonly box: Box
  readonly from: number
  readonly to: number
}

export interface SalvageReport {
  readonly path: string
  readonly newPath: string
  /** 32 hex digits: that of the source. */
  readonly storeId: string
  /** The new store's own. */
  readonly timeline: number
  /** Nothing is lost, and no commit is left of which something is not known. */
  readonly isComplete: boolean
  /** Records that were taken over. */
  readonly records: number
  readonly actors: number
  /** Every record that is known to be lost, of every log that exists. Trimmed ones are not among them. */
  readonly lost: readonly LostRecords[]
  /**
   * Commits of the source of which something could not be read. They may have held more than `lost` says: records after
   * the last one that is known of a log, actors, trims, removals.
   */
  readonly unknownCommits: readonly SequenceRange[]
  /** Records that could be read, of logs whose actor nothing names any more: they are not in the new store. */
  readonly unnamed: readonly { readonly log: number; readonly box: Box; readonly tip: number }[]
  /** Whether the index could say what damaged commits held. */
  readonly usedIndex: boolean
}

/**
 * Makes a new store, in a new timeline, of what is good of an old one. Sequences, tips, bytes, times, keys and meta stay;
 * lost records keep their sequences and say that they are lost. What stops it leaves nothing.
 * @throws STORE_NOT_FOUND, NOT_EMPTY, FORMAT_UNSUPPORTED, LOW_SPACE, READ_ONLY, IO_ERROR; CORRUPT when nothing says which
 *   store it is
 */
export async function salvage(path: string, newPath: string, options: SalvageOptions = {}): Promise<SalvageReport> {
  checkPath('newPath', newPath)
  checkToolOptions('salvage', options, ['ignoreIndex'])
  const source = await openSource(path)
  if (resolve(newPath).startsWith(source.path + sep))
    throw new TwinlogError('NOT_EMPTY', `${newPath} lies within ${source.path}`, { path: resolve(newPath) })
  const survey = await surveyLog(source.reading)
  const identity = inNewTimeline(source.identity)
  const { checksum } = source.reading
  return makeStore(newPath, identity, async target => {
    // It is read twice.
    const progress = new Progress('salvage', 2 * survey.totalBytes, options)
    progress.at(0)
    const plan = await SalvagePlan.of(survey, bytes => progress.at(bytes))
    const witness =
      options.ignoreIndex === true
        ? null
        : await openWitness(source.path, join(target.path, 'index-of-the-source'), checksum)
    const writer = await SalvageWriter.open(target.disk, identity, checksum, plan)
    try {
      const run = new SalvageRun(writer, witness, plan)
      const unknown = new Ranges()
      const end = await takeAll(survey, run, unknown, progress)
      await run.settle()
      if (witness !== null && witness.commit > end.end.commit) unknown.add(end.end.commit + 1, witness.commit)
      await writer.finish(Math.max(end.nextLog, run.fold.nextLog, witness?.nextLog ?? 0))
      const { lost, unnamed, records } = run
      const unknownCommits = [...unknown.from(1)]
      return {
        path: source.path,
        newPath: target.path,
        storeId: identity.storeId.toString('hex'),
        timeline: identity.timeline,
        isComplete: lost.length === 0 && unknownCommits.length === 0 && unnamed.length === 0,
        records,
        actors: run.fold.actors.size,
        lost,
        unknownCommits,
        unnamed,
        usedIndex: witness !== null,
      }
    } finally {
      await writer.close()
      await witness?.close()
    }
  })
}

async function takeAll(survey: Survey, run: SalvageRun, unknown: Ranges, progress: Progress): Promise<SurveyEnd> {
  const steps = survey.steps()
  let step = await steps.next()
  while (step.done !== true) {
    const commits = await take(step.value, run)
    if (commits !== null) unknown.add(commits.from, commits.to)
    if (step.value.kind === 'frame') progress.at(survey.totalBytes + step.value.readBytes)
    step = await steps.next()
  }
  progress.end()
  return step.value
}

/** The commits of which this step leaves something unknown. */
async function take(step: SurveyStep, run: SalvageRun): Promise<SequenceRange | null> {
  if (step.kind === 'damage') {
    const { damage } = step
    return damage.kind === 'commits-missing' ? { from: damage.from, to: damage.to } : null
  }
  const { frame, firstCommit } = step
  const isKnown = await run.take(frame, firstCommit)
  return isKnown && frame.damage !== 'entries' ? null : { from: firstCommit, to: frame.commit }
}
