/** Opens a subject, and closes it whatever happens. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { actorIds } from '../model/arbitraries.ts'
import type { Operation, Result } from '../model/operations.ts'
import type { Subject, SubjectKind } from './subject.ts'

export async function withSubject(kind: SubjectKind, body: (subject: Subject) => Promise<void>): Promise<void> {
  const subject = await kind.open()
  try {
    await body(subject)
  } finally {
    await subject.close()
  }
}

export async function runAll(subject: Subject, operations: readonly Operation[]): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const operation of operations) results.push(await subject.run(operation))
  return results
}

/** All actors of the arbitraries are there from the start. */
export async function withActors(kind: SubjectKind, body: (subject: Subject) => Promise<void>): Promise<void> {
  await withSubject(kind, async subject => {
    await runAll(
      subject,
      actorIds.map(actor => ({ type: 'add', actor })),
    )
    await body(subject)
  })
}

/** The value of a result that must not be a failure. */
export function valueOf(result: Result): unknown {
  if ('code' in result) assert.fail(inspect(result))
  return result.value
}
