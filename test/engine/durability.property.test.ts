/** Invariants 4 and 5: what was acknowledged survives a crash, and a flush is there as a whole or not at all. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { allLogs } from '../model/arbitraries.ts'
import type { LogRef, Part, ReadRecord } from '../model/operations.ts'
import { kinds, kindsThatCan } from './kinds.ts'
import { runs } from './runs.ts'
import type { Subject } from './subject.ts'
import { valueOf, withActors } from './with-subject.ts'

/** A flush to several logs. Its number is in the body of each of its records, so that they are known again. */
interface Burst {
  readonly number: number
  readonly logs: readonly LogRef[]
  readonly fillingLength: number
}

/** Bursts that do not wait for each other, and when the power goes: after so many acknowledgements. */
interface Round {
  readonly bursts: readonly Omit<Burst, 'number'>[]
  readonly crashAfter: number
  readonly seed: number
}

interface Acknowledged {
  readonly burst: Burst
  readonly sequences: readonly number[]
}

/** For each burst number: the sequence of its record in each log. */
type Places = ReadonlyMap<number, ReadonlyMap<LogRef, number>>

const burst: fc.Arbitrary<Omit<Burst, 'number'>> = fc.record({
  logs: fc.uniqueArray(fc.constantFrom(...allLogs), { minLength: 1, maxLength: 6 }),
  fillingLength: fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })),
})
const bursts = fc.array(burst, { minLength: 1, maxLength: 12, size: 'max' })
const rounds: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({ bursts, crashAfter: fc.nat({ max: 12 }), seed: fc.nat() }),
  { minLength: 1, maxLength: 3 },
)

const partsOf = ({ number, logs, fillingLength }: Burst): readonly Part[] => {
  const value = { number, filling: 'x'.repeat(fillingLength) }
  return logs.map(log => ({ log, key: `${number}`, body: { codec: 'msgpack', value } }))
}

/** Appends without waiting, and cuts the power when so many were acknowledged. What is cut off is no acknowledgement. */
async function appendUntilCrash(subject: Subject, all: readonly Burst[], round: Round): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = []
  let left = Math.min(round.crashAfter, all.length)
  await new Promise<void>((resolve, reject) => {
    if (left === 0) resolve()
    for (const each of all) {
      const answer = subject.run({ type: 'flush', parts: partsOf(each) })
      answer.then(
        result => {
          if ('value' in result) {
            const sequences = (result.value as { seq: number }[]).map(({ seq }) => seq)
            acknowledged.push({ burst: each, sequences })
          }
          left -= 1
          if (left === 0) resolve()
        },
        (error: unknown) => reject(error as Error),
      )
    }
  })
  await subject.can.crash?.(round.seed)
  return acknowledged
}

/** Where each burst is. Each is there once in each of its logs, or in none. */
async function placesOf(subject: Subject, all: readonly Burst[]): Promise<Places> {
  const places = new Map<number, Map<LogRef, number>>()
  for (const log of allLogs) {
    const records = valueOf(await subject.run({ type: 'read', log, options: {} })) as ReadRecord[]
    for (const { seq, value } of records) {
      const { number } = value as { number: number }
      const place = places.get(number) ?? new Map<LogRef, number>()
      assert(!place.has(log), `burst ${number} is there twice`)
      places.set(number, place.set(log, seq))
    }
  }
  for (const [number, place] of places) {
    assert.deepEqual(new Set(place.keys()), new Set(all[number]?.logs), `burst ${number} is there in part`)
  }
  return places
}

for (const { kind, share } of kindsThatCan('crash')) {
  describe(kind.name, () => {
    it('invariants 4 and 5: after any crash, what was acknowledged is there, and every flush is whole or absent', async () => {
      await fc.assert(
        fc.asyncProperty(rounds, story =>
          withActors(kind, async subject => {
            const all: Burst[] = []
            const acknowledged: Acknowledged[] = []
            for (const round of story) {
              const next = round.bursts.map((each, index): Burst => ({ ...each, number: all.length + index }))
              all.push(...next)
              acknowledged.push(...(await appendUntilCrash(subject, next, round)))
              const places = await placesOf(subject, all)
              for (const { burst: each, sequences } of acknowledged) {
                const found = each.logs.map(log => places.get(each.number)?.get(log))
                assert.deepEqual(found, sequences)
              }
              // A retry of everything adds what is missing, and nothing twice.
              for (const each of all) valueOf(await subject.run({ type: 'flush', parts: partsOf(each) }))
              assert.equal((await placesOf(subject, all)).size, all.length)
            }
          }),
        ),
        runs(100 * share),
      )
    })
  })
}

for (const { kind, share } of kinds) {
  describe(kind.name, () => {
    it('invariant 5: of a flush with a conflict in it no part is there, before and after reopening', async () => {
      const conflicts: readonly [string, Part][] = [
        ['NO_ACTOR', { log: { actor: 'nobody', box: 'inbox' }, body: { codec: 'json', value: '1' } }],
        ['TIP_CONFLICT', { log: allLogs[0]!, body: { codec: 'json', value: '1' }, expectedTip: 1000 }],
      ]
      const conflict = fc.constantFrom(...conflicts)
      await fc.assert(
        fc.asyncProperty(bursts, burst, fc.nat({ max: 6 }), conflict, (before, last, at, [code, bad]) =>
          withActors(kind, async subject => {
            const all = [...before, last].map((each, number): Burst => ({ ...each, number }))
            const good = partsOf(all.at(-1)!)
            for (const each of all.slice(0, -1)) valueOf(await subject.run({ type: 'flush', parts: partsOf(each) }))
            const places = await placesOf(subject, all)
            const result = await subject.run({ type: 'flush', parts: good.toSpliced(at, 0, bad) })
            assert.equal('code' in result && result.code, code)
            assert.deepEqual(await placesOf(subject, all), places)
            await subject.can.reopen?.()
            assert.deepEqual(await placesOf(subject, all), places)
            valueOf(await subject.run({ type: 'flush', parts: good }))
            assert.equal((await placesOf(subject, all)).size, all.length)
          }),
        ),
        runs(100 * share),
      )
    })
  })
}
