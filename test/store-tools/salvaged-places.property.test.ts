/** Whatever records are taken over, and wherever they go: a place is moved behind those that it was behind, and no others. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { comparePlaces, type Place } from '../../src/consumers/place.ts'
import { COMMIT_END } from '../../src/log-store/feed-slice.ts'
import { SalvagedPlaces } from '../../src/tools/salvaged-places.ts'
import { runs } from '../engine/runs.ts'

const ordinal = fc.nat({ max: 4 })
const place = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.oneof(ordinal, fc.constant(COMMIT_END)))
/** Of a record; what comes after it in the old feed may come in the same new commit, or some further on. */
const moves = fc.uniqueArray(
  fc.record({ old: fc.tuple(fc.integer({ min: 1, max: 9 }), ordinal), by: fc.nat({ max: 2 }) }),
  { selector: ({ old }) => old.join(), maxLength: 20 },
)

function noted(some: readonly { readonly old: Place; readonly by: number }[]) {
  const places = new SalvagedPlaces()
  const records: { readonly old: Place; readonly now: Place }[] = []
  let now: Place = [1, -1]
  let commit = 0
  for (const { old, by } of some.toSorted((left, right) => comparePlaces(left.old, right.old))) {
    // One old commit is one new one.
    now = old[0] === commit ? [now[0], now[1] + 1 + by] : [now[0] + 1 + by, by]
    commit = old[0]
    places.note(old, now)
    records.push({ old, now })
  }
  return { places, records }
}

it('a consumer stands behind the same records', () => {
  fc.assert(
    fc.property(moves, place, (some, at) => {
      const { places, records } = noted(some)
      for (const { old, now } of records)
        expect(comparePlaces(now, places.at(at)) <= 0).toBe(comparePlaces(old, at) <= 0)
    }),
    runs(1000),
  )
})

it("a delivery gets the place of its record, or one that is nobody else's, also in a store that was salvaged before", () => {
  fc.assert(
    fc.property(moves, fc.array(place), moves, (some, lost, again) => {
      const first = noted(some)
      const all = [...first.records.map(({ old }) => old), ...lost]
      for (const { old, now } of first.records) expect(first.places.of(old)).toEqual(now)
      const texts = new Set(all.map(each => each.join()))
      const moved = new Map(all.map(each => [first.places.of(each).join(), first.places.of(each)]))
      expect(moved.size).toBe(texts.size)
      const second = noted(again)
      expect(new Set([...moved.values()].map(each => second.places.of(each).join())).size).toBe(moved.size)
    }),
    runs(1000),
  )
})

it('a delivery that was given a place keeps it, whatever is taken over after that', () => {
  // What a worker wrote of a lost record went to one place; its removal, read further on, to another: it was tried for ever.
  fc.assert(
    fc.property(moves, fc.array(place), (some, asked) => {
      const places = new SalvagedPlaces()
      const given = new Map<string, Place>()
      const records = new Set(some.map(({ old }) => old.join()))
      for (const { old } of some.toSorted((left, right) => comparePlaces(left.old, right.old))) {
        places.note(old, old)
        // A record comes before what is written of its delivery; a lost one never comes.
        for (const each of asked.filter(other => comparePlaces(other, old) <= 0 || !records.has(other.join()))) {
          const known = given.get(each.join())
          if (known === undefined) given.set(each.join(), places.of(each))
          else expect(places.of(each)).toEqual(known)
        }
      }
    }),
    runs(1000),
  )
})
