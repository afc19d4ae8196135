/** Invariant 10: a flipped bit in the commit log is noticed or harmless; no wrong value is ever given out. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isTwinlogError } from '../../src/errors.ts'
import { allLogs, change } from '../model/arbitraries.ts'
import { emptyState, run } from '../model/model.ts'
import type { Change, Operation } from '../model/operations.ts'
import { kindsThatCan } from './kinds.ts'
import { runs } from './runs.ts'
import { runAll, withActors } from './with-subject.ts'

const story = fc.array(change, { minLength: 1, maxLength: 20, size: 'max' })

for (const { kind, share } of kindsThatCan('flipBit')) {
  describe(kind.name, () => {
    it('invariant 10: with any bit of the commit log flipped, a record is right or CORRUPT, and the bounds are right', async () => {
      await fc.assert(
        fc.asyncProperty(
          story,
          fc.nat({ max: 2 ** 31 - 1 }),
          fc.boolean(),
          (changes: readonly Change[], seed, compacts) =>
            withActors(kind, async subject => {
              const state = { now: emptyState }
              for (const log of allLogs) state.now = run(state.now, { type: 'add', actor: log.actor })[0]
              await runAll(subject, changes)
              for (const each of changes) state.now = run(state.now, each)[0]
              if (compacts) await subject.can.compact?.()
              const flipped = await subject.can.flipBit?.(seed)
              if (flipped?.refused !== undefined) {
                assert(isTwinlogError(flipped.refused))
                return
              }
              for (const log of allLogs) {
                const questions: Operation[] = [
                  { type: 'bounds', log },
                  ...Array.from({ length: 12 }, (_, index): Operation => ({ type: 'get', log, seq: index + 1 })),
                ]
                for (const question of questions) {
                  const result = await subject.run(question)
                  if ('code' in result && result.code === 'CORRUPT' && question.type === 'get') {
                    const { actor, box, seq } = result.facts
                    assert.deepEqual({ actor, box, seq }, { ...log, seq: question.seq })
                  } else assert.deepEqual(result, run(state.now, question)[1])
                }
              }
            }),
        ),
        runs(300 * share),
      )
    })
  })
}
