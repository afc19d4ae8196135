/** Looks at everything a subject holds, in every way there is: what must be there, and what must not. */
import assert from 'node:assert/strict'
import { actorIds, allLogs, keys } from '../model/arbitraries.ts'
import { logOf, run, type ModelState } from '../model/model.ts'
import type { LogRef, Operation, Question, Result } from '../model/operations.ts'
import type { Subject } from './subject.ts'

/** The answer is the expected one; a failure says what was asked. */
export function assertAnswer(actual: Result, expected: Result, operation: Operation): void {
  assert.deepEqual({ operation, result: actual }, { operation, result: expected })
}

/** Everything in the store is as the model has it. */
export async function audit(subject: Subject, state: ModelState): Promise<void> {
  const questions: Question[] = [
    { type: 'list' },
    ...actorIds.map((actor): Question => ({ type: 'status', actor })),
    ...allLogs.flatMap(log => questionsAbout(log, state)),
  ]
  const results = await Promise.all(questions.map(question => subject.run(question)))
  for (const [index, question] of questions.entries()) assertAnswer(results[index]!, run(state, question)[1], question)
}

/** Each way of reading the log, its ends and what lies beyond them, and each key, had or not. */
function questionsAbout(log: LogRef, state: ModelState): readonly Question[] {
  const { first, appends } = logOf(state, log) ?? { first: 1, appends: [], redacted: [] }
  const tip = appends.length
  const sequences = new Set([first - 1, first, tip, tip + 1, tip + 2].filter(seq => seq > 0))
  return [
    { type: 'tip', log },
    { type: 'bounds', log },
    { type: 'read', log, options: {} },
    { type: 'read', log, options: { reverse: true } },
    { type: 'page', log, options: { limit: 1000 } },
    { type: 'page', log, options: { limit: 3 } },
    ...[...sequences].map((seq): Question => ({ type: 'get', log, seq })),
    ...keys.map((key): Question => ({ type: 'find', log, key })),
  ]
}

/** What one log holds, for comparing before with after: bounds, records, and where each key is. */
export function holdings(subject: Subject, log: LogRef): Promise<readonly Result[]> {
  const questions: Question[] = [
    { type: 'bounds', log },
    { type: 'read', log, options: {} },
    ...keys.map((key): Question => ({ type: 'find', log, key })),
  ]
  return Promise.all(questions.map(question => subject.run(question)))
}
