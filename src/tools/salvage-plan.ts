/**
 * What of the source is not to be taken over, as the source itself says further on: known before the first record is
 * written, so that nothing that was redacted gets into the new store, and what was trimmed is not declared lost.
 */
import type { Survey } from '../commit-log/survey.ts'
import type { DecodedEntry } from '../record/entry.ts'
import { StoreFold } from './store-fold.ts'

export class SalvagePlan {
  readonly #firsts = new Map<number, number>()
  readonly #redacted = new Map<number, Set<number>>()

  /** One pass over the source. @param onBytes may throw, to end it */
  static async of(survey: Survey, onBytes: (readBytes: number) => void): Promise<SalvagePlan> {
    const plan = new SalvagePlan()
    const fold = new StoreFold()
    for await (const step of survey.steps()) {
      if (step.kind !== 'frame') continue
      onBytes(step.readBytes)
      for (const verdict of fold.judge(step.frame)) {
        if (verdict.is === 'bounds' && !verdict.isWrong) plan.#firsts.set(verdict.log.log, verdict.first)
        if (verdict.is !== 'redacted') continue
        const { log, seq } = verdict.entry
        const redacted = plan.#redacted.get(log) ?? new Set()
        plan.#redacted.set(log, redacted.add(seq))
      }
    }
    return plan
  }

  /** The first record of the log that is not trimmed. */
  firstOf(log: number): number {
    return this.#firsts.get(log) ?? 1
  }

  isRedacted({ log, seq }: DecodedEntry): boolean {
    return this.#redacted.get(log)?.has(seq) === true
  }
}
