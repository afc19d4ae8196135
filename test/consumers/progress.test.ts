/** How far a cursor may move, against the plainest way to say it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Place } from '../../src/consumers/place.ts'
import { Progress } from '../../src/consumers/progress.ts'

it('it has reached the last place below which everything is settled, in whatever order that happens', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('give' as const), skip: fc.nat(2) }),
      fc.record({ kind: fc.constantFrom('settle' as const, 'unsettle' as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('pass' as const) }),
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(steps, story => {
      const progress = new Progress([0, 0])
      const given: { place: Place; settled: boolean }[] = []
      let next = 0
      let passed = 0
      for (const step of story) {
        if (step.kind === 'give') {
          next += 1
          progress.give([next, 0])
          given.push({ place: [next, 0], settled: false })
          next += step.skip
          progress.lookedThrough([next, 0])
        } else if (step.kind === 'pass') {
          progress.pass(progress.reached)
          passed = progress.passed[0]
        } else {
          const one = given[step.which]
          if (one === undefined) continue
          progress.settle(one.place, step.kind === 'settle')
          if (one.place[0] > passed) one.settled = step.kind === 'settle'
        }
        const open = given.find(({ place, settled }) => place[0] > passed && !settled)
        const below = given.findLast(({ place }) => place[0] < (open?.place[0] ?? 0))?.place[0] ?? 0
        expect(progress.reached[0]).toBe(open === undefined ? Math.max(next, passed) : Math.max(below, passed))
        expect(progress.size).toBe(given.filter(({ place }) => place[0] > passed).length)
        for (const { place, settled } of given) expect(progress.has(place)).toBe(place[0] > passed && !settled)
      }
    }),
  )
})
