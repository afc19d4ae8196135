/** Invariant 6: for one key in one log there is at most one record, however often and from wherever it is tried. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { allLogs, keys } from '../model/arbitraries.ts'
import type { LogRef, Part, ReadRecord } from '../model/operations.ts'
import { kinds } from './kinds.ts'
import { runs } from './runs.ts'
import type { Subject } from './subject.ts'
import { valueOf, withActors } from './with-subject.ts'

/** One try at several keyed appends; tries of one round are not waited for one by one. */
interface Round {
  readonly tries: readonly (readonly Target[])[]
  readonly ending: 'nothing' | 'reopen' | 'crash' | 'trim'
  readonly seed: number
}

interface Target {
  readonly log: LogRef
  readonly key: string
}

const target: fc.Arbitrary<Target> = fc.record(
  { log: fc.constantFrom(...allLogs.slice(0, 3)), key: fc.constantFrom(...keys) },
  { noNullPrototype: true },
)
const rounds: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record(
    {
      tries: fc.array(fc.array(target, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12, size: 'max' }),
      ending: fc.constantFrom('nothing' as const, 'reopen' as const, 'crash' as const, 'trim' as const),
      seed: fc.nat(),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 4 },
)

/** The body is the key, so that a record tells which key it was appended with. */
const partOf = ({ log, key }: Target): Part => ({ log, key, body: { codec: 'msgpack', value: { key } } })

async function end(subject: Subject, { ending, seed }: Round): Promise<void> {
  if (ending === 'reopen') await subject.can.reopen?.()
  if (ending === 'crash') await subject.can.crash?.(seed)
  if (ending !== 'trim') return
  const log = allLogs[seed % 3]!
  const tip = valueOf(await subject.run({ type: 'tip', log })) as number
  valueOf(await subject.run({ type: 'trim', log, before: 1 + (seed % (tip + 1)) }))
}

for (const { kind, share } of kinds) {
  describe(kind.name, () => {
    it('invariant 6: one record for each key, whose sequence every try is told', async () => {
      await fc.assert(
        fc.asyncProperty(rounds, all =>
          withActors(kind, async subject => {
            const told = new Map<string, number>()
            const appended = new Map<string, number>()
            for (const round of all) {
              const results = round.tries.map(targets => subject.run({ type: 'flush', parts: targets.map(partOf) }))
              for (const [index, targets] of round.tries.entries()) {
                const outcomes = valueOf((await Promise.all(results))[index]!) as { seq: number; duplicate: boolean }[]
                for (const [at, { seq, duplicate }] of outcomes.entries()) {
                  const { log, key } = targets[at]!
                  const name = `${log.actor} ${log.box} ${key}`
                  assert.equal(seq, told.get(name) ?? seq, `${name} was told two sequences`)
                  assert.equal(duplicate, told.has(name))
                  told.set(name, seq)
                  if (!duplicate)
                    appended.set(`${log.actor} ${log.box}`, (appended.get(`${log.actor} ${log.box}`) ?? 0) + 1)
                }
              }
              await end(subject, round)
            }
            for (const log of allLogs) {
              const { tip } = valueOf(await subject.run({ type: 'bounds', log })) as { tip: number }
              assert.equal(tip, appended.get(`${log.actor} ${log.box}`) ?? 0)
              const records = valueOf(await subject.run({ type: 'read', log, options: {} })) as ReadRecord[]
              const found = new Map(records.map(({ seq, value }) => [(value as Target).key, seq]))
              assert.equal(found.size, records.length, 'a key has two records')
              for (const key of keys) {
                const expected = told.get(`${log.actor} ${log.box} ${key}`)
                assert.deepEqual(await subject.run({ type: 'find', log, key }), { value: expected })
                assert.equal(found.get(key) ?? expected, expected)
              }
            }
          }),
        ),
        runs(100 * share),
      )
    })
  })
}
