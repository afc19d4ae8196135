/** The newest frames in memory: what is there is right, what is not there is null, and the bound is kept. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentFrames } from '../../src/commit-log/recent-frames.ts'

const SIZE = 256

interface Frame {
  readonly segment: number
  readonly offset: number
  readonly bytes: Buffer
}

const lengths = fc.array(fc.record({ length: fc.integer({ min: 8, max: 300 }), rolls: fc.boolean() }), {
  maxLength: 60,
})

it('gives the very bytes of a frame, or nothing; the newest ones are there as far as they fit', () => {
  fc.assert(
    fc.property(lengths, steps => {
      const recent = new RecentFrames(SIZE)
      const frames: Frame[] = []
      let place = { segment: 1, offset: 128 }
      for (const [i, { length, rolls }] of steps.entries()) {
        const bytes = Buffer.alloc(length, i + 1)
        recent.add(place, bytes)
        frames.push({ ...place, bytes })
        place = rolls ? { segment: place.segment + 1, offset: 128 } : { ...place, offset: place.offset + length }
        expect(recent.get(place, 1)).toBeNull()
        for (const { bytes: expected, ...at } of frames) {
          const found = recent.get(at, expected.length)
          if (found !== null) expect(found.subarray(0, expected.length)).toEqual(expected)
          const inside = recent.get({ ...at, offset: at.offset + 4 }, 4)
          expect(inside === null).toBe(found === null)
          if (inside !== null) expect(inside.subarray(0, 4)).toEqual(expected.subarray(4, 8))
        }
        if (length <= SIZE) expect(recent.get(frames.at(-1)!, length)).not.toBeNull()
        expect(recent.get({ segment: 1, offset: 120 }, 1)).toBeNull()
      }
    }),
  )
})

it('keeps nothing when there is no room for anything', () => {
  const recent = new RecentFrames(0)
  recent.add({ segment: 1, offset: 128 }, Buffer.from('frame'))
  expect(recent.get({ segment: 1, offset: 128 }, 1)).toBeNull()
})
