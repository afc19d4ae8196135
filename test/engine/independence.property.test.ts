/** Invariant 1: no operation on one log changes any other, nor does clearing and rebuilding its key range. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { allLogs, change } from '../model/arbitraries.ts'
import { isNamed } from '../model/named.ts'
import type { Result } from '../model/operations.ts'
import { holdings } from './audit.ts'
import { kinds, kindsThatCan } from './kinds.ts'
import { runs } from './runs.ts'
import type { Subject } from './subject.ts'
import { runAll, withActors } from './with-subject.ts'

const story = fc.array(change, { minLength: 5, maxLength: 30, size: 'max' })

const everything = (subject: Subject): Promise<readonly (readonly Result[])[]> =>
  Promise.all(allLogs.map(log => holdings(subject, log)))

for (const { kind, share } of kinds) {
  describe(kind.name, () => {
    it('invariant 1: no operation on one log changes another', async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.array(change, { minLength: 1, maxLength: 10 }), (before, changes) =>
          withActors(kind, async subject => {
            await runAll(subject, before)
            let holds = await everything(subject)
            for (const each of changes) {
              await subject.run(each)
              const holdsNow = await everything(subject)
              for (const [index, log] of allLogs.entries()) {
                if (!isNamed(log, each)) assert.deepEqual(holdsNow[index], holds[index])
              }
              holds = holdsNow
            }
          }),
        ),
        runs(150 * share),
      )
    })
  })
}

for (const { kind, share } of kindsThatCan('rebuildIndex')) {
  describe(kind.name, () => {
    it('invariant 1: rebuilding the index of one log changes no log, with the indexer paused anywhere', async () => {
      await fc.assert(
        fc.asyncProperty(story, story, fc.nat({ max: 29 }), fc.boolean(), (before, after, pauseAt, resumes) =>
          withActors(kind, async subject => {
            await runAll(subject, before.slice(0, pauseAt))
            await subject.can.pauseIndexer?.()
            await runAll(subject, before.slice(pauseAt))
            if (resumes) await subject.can.resumeIndexer?.()
            const holds = await everything(subject)
            for (const log of allLogs) {
              if ('value' in (await subject.run({ type: 'bounds', log }))) await subject.can.rebuildIndex?.(log)
              assert.deepEqual(await everything(subject), holds)
            }
            await subject.can.resumeIndexer?.()
            assert.deepEqual(await everything(subject), holds)
            await runAll(subject, after)
          }),
        ),
        runs(50 * share),
      )
    })
  })
}
