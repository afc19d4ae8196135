/** The two ways of writing an integer make the same bytes, and neither writes one that does not fit. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setU32, setU48, setU56, writeU48, writeU56 } from '../../src/bytes/integers.ts'

const widths = [
  {
    bits: 32,
    bytes: 4,
    max: 2 ** 32 - 1,
    set: setU32,
    write: (to: Buffer, value: number) => to.writeUInt32BE(value, 1),
  },
  { bits: 48, bytes: 6, max: 2 ** 48 - 1, set: setU48, write: (to: Buffer, value: number) => writeU48(to, value, 1) },
  {
    bits: 56,
    bytes: 7,
    max: Number.MAX_SAFE_INTEGER,
    set: setU56,
    write: (to: Buffer, value: number) => writeU56(to, value, 1),
  },
] as const

for (const { bits, bytes, max, set, write } of widths) {
  describe(`${bits} bits into a view`, () => {
    it('are the bytes that a Buffer gets, and no other byte is touched', () => {
      fc.assert(
        fc.property(fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max - 1, max)), value => {
          const [viewed, written] = [Buffer.alloc(bytes + 2, 0xff), Buffer.alloc(bytes + 2, 0xff)]
          set(new DataView(viewed.buffer, viewed.byteOffset, viewed.length), 1, value)
          write(written, value)
          expect(viewed).toEqual(written)
        }),
      )
    })

    it('are refused when they do not fit, and nothing is written', () => {
      for (const value of [-1, max + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
        const target = Buffer.alloc(bytes)
        expect(() => set(new DataView(target.buffer, target.byteOffset, bytes), 0, value)).toThrow(RangeError)
        expect(target).toEqual(Buffer.alloc(bytes))
      }
    })
  })
}
