/** Invariant 8: the index is derived. Rebuilt, it answers as the one that was maintained; and LevelDB alone can read it. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { actorIds, allLogs, change } from '../model/arbitraries.ts'
import { emptyState, logOf, run, type ModelState } from '../model/model.ts'
import { audit } from './audit.ts'
import { kindsThatCan } from './kinds.ts'
import { runs } from './runs.ts'
import { runAll, withActors } from './with-subject.ts'

const story = fc.array(change, { minLength: 1, maxLength: 40, size: 'max' })

/** The model's state after a story told to a store that has all actors. */
function stateAfter(changes: readonly Parameters<typeof run>[1][]): ModelState {
  const adds = actorIds.map(actor => ({ type: 'add' as const, actor }))
  let state = emptyState
  for (const each of [...adds, ...changes]) state = run(state, each)[0]
  return state
}

for (const { kind, share } of kindsThatCan('damageIndex')) {
  describe(kind.name, () => {
    it('invariant 8: bare classic-level finds in the range of each log its head and exactly first..tip', async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.boolean(), (changes, pauses) =>
          withActors(kind, async subject => {
            if (pauses) await subject.can.pauseIndexer?.()
            await runAll(subject, changes)
            await subject.can.resumeIndexer?.()
            const state = stateAfter(changes)
            for (const actor of actorIds) {
              const bare = await subject.can.bareIndex?.(actor)
              for (const box of ['inbox', 'outbox'] as const) {
                const log = logOf(state, { actor, box })
                if (log === undefined) assert.equal(bare, undefined)
                else {
                  const tip = log.appends.length
                  const sequences = log.appends.map((_, index) => index + 1).filter(seq => seq >= log.first)
                  assert.deepEqual(bare?.[box], { first: log.first, tip, sequences })
                }
              }
            }
          }),
        ),
        runs(100 * share),
      )
    })

    it('invariant 8: an index that was damaged or lost is made anew, and answers as the one before', async () => {
      await fc.assert(
        fc.asyncProperty(story, story, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), (before, after, seeds) =>
          withActors(kind, async subject => {
            await runAll(subject, before)
            for (const seed of seeds) {
              await subject.can.damageIndex?.(seed)
              await audit(subject, stateAfter(before))
            }
            await runAll(subject, after)
            await audit(subject, stateAfter([...before, ...after]))
          }),
        ),
        runs(150 * share),
      )
    })

    it('invariant 8: a range rebuilt at any moment answers as the one that was maintained', async () => {
      await fc.assert(
        fc.asyncProperty(story, story, fc.constantFrom(...allLogs), (before, after, log) =>
          withActors(kind, async subject => {
            await runAll(subject, before)
            // Not waited for: what is appended meanwhile is no less there.
            const rebuilt = subject.can.rebuildIndex?.(log)
            await runAll(subject, after)
            await rebuilt
            await audit(subject, stateAfter([...before, ...after]))
            await subject.can.reopen?.()
            await audit(subject, stateAfter([...before, ...after]))
          }),
        ),
        runs(100 * share),
      )
    })
  })
}
