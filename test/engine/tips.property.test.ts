/** Invariants 2 and 3: a tip never goes back, and the sequences up to it are there without gaps. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { allLogs, change } from '../model/arbitraries.ts'
import type { Change, LogRef, ReadRecord } from '../model/operations.ts'
import { kinds } from './kinds.ts'
import { runs } from './runs.ts'
import type { Subject } from './subject.ts'
import { valueOf, withActors } from './with-subject.ts'

/** A change, or one of the things that happen to a store. */
type Step = Change | { readonly type: 'disturb'; readonly by: (typeof capabilities)[number]; readonly seed: number }

const capabilities = ['reopen', 'crash', 'pauseIndexer', 'resumeIndexer', 'damageIndex'] as const
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: change },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...capabilities), fc.nat())
      .map(([by, seed]): Step => ({ type: 'disturb', by, seed })),
  },
)
const story = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' })

async function take(subject: Subject, each: Step): Promise<void> {
  if (each.type !== 'disturb') await subject.run(each)
  else await subject.can[each.by]?.(each.seed)
}

async function tipOf(subject: Subject, log: LogRef): Promise<number | null> {
  return valueOf(await subject.run({ type: 'tip', log })) as number | null
}

/** The sequences that each way of reading gives, sorted upwards. */
async function waysToRead(subject: Subject, log: LogRef, first: number): Promise<readonly (readonly number[])[]> {
  const read = valueOf(await subject.run({ type: 'read', log, options: {} })) as ReadRecord[]
  const back = valueOf(await subject.run({ type: 'read', log, options: { reverse: true } })) as ReadRecord[]
  const down: ReadRecord[] = []
  for (let before: number | null | undefined; before !== null;) {
    const options = before === undefined ? { limit: 3 } : { limit: 3, before }
    const page = valueOf(await subject.run({ type: 'page', log, options })) as {
      items: ReadRecord[]
      older: number | null
    }
    down.push(...page.items)
    before = page.older
  }
  const up: ReadRecord[] = []
  for (let after: number | null = first - 1; after !== null;) {
    const result = await subject.run({ type: 'page', log, options: { limit: 3, after } })
    const page = valueOf(result) as { items: ReadRecord[]; newer: number | null }
    up.push(...page.items)
    after = page.newer
  }
  return [read, back.toReversed(), down.toReversed(), up].map(records => records.map(({ seq }) => seq))
}

for (const { kind, share } of kinds) {
  describe(kind.name, () => {
    it('invariant 2: a tip never goes back, except that an actor added again starts at 0', async () => {
      await fc.assert(
        fc.asyncProperty(story, steps =>
          withActors(kind, async subject => {
            const tips = new Map<LogRef, number | null>()
            for (const each of steps) {
              await take(subject, each)
              for (const log of allLogs) {
                const tip = await tipOf(subject, log)
                const before = tips.get(log)
                const isRemoved = each.type === 'remove' && each.actor === log.actor
                if (isRemoved) assert.equal(tip, null)
                else if (typeof before === 'number') assert(tip !== null && tip >= before, `${before} became ${tip}`)
                else if (before === null) assert(tip === null || tip === 0, `null became ${tip}`)
                tips.set(log, tip)
              }
            }
          }),
        ),
        runs(150 * share),
      )
    })

    it('invariant 3: the sequences from first to tip are there, each once, and no others', async () => {
      await fc.assert(
        fc.asyncProperty(story, steps =>
          withActors(kind, async subject => {
            for (const each of steps) await take(subject, each)
            for (const log of allLogs) {
              if ((await tipOf(subject, log)) === null) continue
              const bounds = valueOf(await subject.run({ type: 'bounds', log }))
              const { first, tip } = bounds as { first: number; tip: number }
              assert(first >= 1 && tip >= first - 1)
              const expected = Array.from({ length: tip - first + 1 }, (_, index) => first + index)
              for (const found of await waysToRead(subject, log, first)) assert.deepEqual(found, expected)
              for (const seq of expected) {
                const record = valueOf(await subject.run({ type: 'get', log, seq })) as ReadRecord
                assert.equal(record.seq, seq)
              }
              assert.deepEqual(await subject.run({ type: 'get', log, seq: tip + 1 }), { value: undefined })
              if (first === 1) continue
              const facts = { ...log, first, tip }
              assert.deepEqual(await subject.run({ type: 'get', log, seq: first - 1 }), { code: 'TRIMMED', facts })
            }
          }),
        ),
        runs(150 * share),
      )
    })
  })
}
