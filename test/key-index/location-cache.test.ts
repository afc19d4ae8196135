/** What is remembered of locations is what was said last, or nothing: never another record's, never an older place. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LocationCache } from '../../src/key-index/location-cache.ts'

/** Few enough that they meet on the same slots; far enough apart that each of their bits counts. */
const log = fc.constantFrom(2, 3, 10, 2 ** 32 + 2, 2 ** 40 + 3, 2 ** 47)
const seq = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(2 ** 32 + 1, 2 ** 32 + 5, 2 ** 53 - 1))
const u32 = fc.nat({ max: 2 ** 32 - 1 })
const location = fc.record({ segment: u32, offset: u32, length: u32 })

it('gives what was put last for that log and sequence, or nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 50, arbitrary: fc.tuple(log, seq, location) }, fc.constant('clear' as const))),
      steps => {
        const cache = new LocationCache(8)
        const model = new Map<string, unknown>()
        for (const step of steps) {
          if (step === 'clear') {
            cache.clear()
            model.clear()
          } else {
            const [of, at, there] = step
            cache.put(of, at, there)
            model.set(`${of} ${at}`, there)
            expect(cache.get(of, at)).toEqual(there)
          }
          for (const [name, expected] of model) {
            const [of, at] = name.split(' ').map(Number)
            expect([undefined, expected]).toContainEqual(cache.get(of!, at!))
          }
        }
      },
    ),
  )
})

it('knows nothing at first, and keeps the sequences of one log side by side', () => {
  const cache = new LocationCache(64)
  expect(Array.from({ length: 200 }, (_, i) => cache.get(i + 1, i + 1))).toEqual(Array(200).fill(undefined))
  const located = (at: number) => ({ segment: 1, offset: at, length: 8 })
  for (let at = 1; at <= 64; at += 1) cache.put(7, at, located(at))
  for (let at = 1; at <= 64; at += 1) expect(cache.get(7, at)).toEqual(located(at))
})
