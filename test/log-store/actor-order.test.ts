/** In the index's batches the changes of one actor stand together, in the order in which they came. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { IndexBatch } from '../../src/key-index/index-batch.ts'
import type { Change } from '../../src/log-store/change.ts'
import { actorOrder } from '../../src/log-store/embedded/actor-order.ts'
import { IndexFold } from '../../src/log-store/embedded/index-fold.ts'

const ACTOR_MAX = 2 ** 47 - 1

function changeOf(actor: number, kind: 'bounds' | 'actorAdded' | 'actorRemoved'): Change {
  if (actor === 0) return { kind: 'item', key: 'k', version: 1, value: null }
  return kind === 'bounds' ? { kind, log: 2 * actor + 1, first: 1, tip: 0 } : { kind, id: 'a', number: actor }
}

const someActor = fc.oneof(fc.nat({ max: 3 }), fc.integer({ min: ACTOR_MAX - 3, max: ACTOR_MAX }))
const kind = fc.constantFrom('bounds' as const, 'actorAdded' as const, 'actorRemoved' as const)
const changes = fc.array(fc.tuple(someActor, kind).map(([actor, each]) => ({ actor, change: changeOf(actor, each) })))

it('takes all of them, by actor, and those of one actor as they were', () => {
  fc.assert(
    fc.property(changes, some => {
      const byActor = new Map<number, number[]>()
      for (const [at, { actor }] of some.entries()) byActor.set(actor, [...(byActor.get(actor) ?? []), at])
      const expected = [...byActor].toSorted(([one], [other]) => one - other).flatMap(([, positions]) => positions)
      expect([...actorOrder(some.map(({ change }) => change))]).toEqual(expected)
    }),
  )
})

it('any other order is refused: a head would be written twice', () => {
  const fold = new IndexFold({ putSweep: () => {}, putHead: () => {} } as unknown as IndexBatch, new Map())
  fold.apply(changeOf(2, 'bounds'))
  expect(() => fold.apply(changeOf(1, 'bounds'))).toThrow()
})
