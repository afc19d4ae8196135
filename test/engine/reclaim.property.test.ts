/**
 * Invariants 1 to 4, 6 and 8 while space is given back: whatever is compacted, crashed in the middle of it, opened again
 * or made anew from what is left, the store goes on as the model tells it.
 */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { actorIds, change } from '../model/arbitraries.ts'
import { emptyState, run } from '../model/model.ts'
import type { Change, Operation } from '../model/operations.ts'
import { assertAnswer, audit } from './audit.ts'
import { kindsThatCan } from './kinds.ts'
import { runs } from './runs.ts'
import { withSubject } from './with-subject.ts'

type Step =
  | { readonly do: 'change'; readonly change: Change }
  | { readonly do: 'compact' | 'reopen' }
  /** The power goes in the middle of a compaction, after so many of its disk operations. */
  | { readonly do: 'crash'; readonly after: number; readonly seed: number }
  | { readonly do: 'damageIndex'; readonly seed: number }

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: change.map((each): Step => ({ do: 'change', change: each })) },
    { weight: 2, arbitrary: fc.constant<Step>({ do: 'compact' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'reopen' }) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.nat({ max: 40 }), fc.nat()).map(([after, seed]): Step => ({ do: 'crash', after, seed })),
    },
    // A seed that 5 divides removes the index altogether.
    { weight: 1, arbitrary: fc.nat().map((seed): Step => ({ do: 'damageIndex', seed })) },
  ),
  { minLength: 8, maxLength: 60, size: 'max' },
)

for (const { kind, share } of kindsThatCan('compact')) {
  describe(kind.name, () => {
    it('invariants 1, 2, 3, 4, 6 and 8: giving space back changes nothing, wherever it is cut short', async () => {
      await fc.assert(
        fc.asyncProperty(steps, story =>
          withSubject(kind, async subject => {
            let state = emptyState
            const apply = async (operation: Operation): Promise<void> => {
              const [next, expected] = run(state, operation)
              state = next
              assertAnswer(await subject.run(operation), expected, operation)
            }
            for (const actor of actorIds.slice(0, 2)) await apply({ type: 'add', actor })
            for (const step of story) {
              if (step.do === 'change') {
                await apply(step.change)
                continue
              }
              if (step.do === 'compact') await subject.can.compact?.()
              if (step.do === 'reopen') await subject.can.reopen?.()
              if (step.do === 'crash') await subject.can.compact?.(step.after, step.seed)
              if (step.do === 'damageIndex') await subject.can.damageIndex?.(step.seed)
              await audit(subject, state)
            }
            await subject.can.compact?.()
            await subject.can.damageIndex?.(0)
            await audit(subject, state)
          }),
        ),
        runs(70 * share),
      )
    })
  })
}
