/** Keys: the bytes are in the order of the numbers, and no key strays into another log's range. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as keys from '../../src/key-index/keys.ts'

const log = fc.integer({ min: 2, max: 2 ** 47 })
const near = fc.tuple(log, fc.integer({ min: -2, max: 2 })).map(([at, by]) => [at, Math.max(2, at + by)] as const)
const seq = fc.oneof(
  fc.integer({ min: 1, max: 1000 }),
  fc.maxSafeNat().filter(n => n > 0),
)
const text = fc.string({ unit: 'grapheme', maxLength: 8 })
const dedupe = fc.uint8Array({ minLength: 16, maxLength: 16 })

const isWithin = (key: Buffer, { gte, lt }: keys.KeyRange): boolean =>
  Buffer.compare(gte, key) <= 0 && Buffer.compare(key, lt) < 0

describe('the keys of a log', () => {
  it('begin with its number, lie in [log, log + 1), and in no other range', () => {
    fc.assert(
      fc.property(near, seq, dedupe, ([mine, other], number, bytes) => {
        const range = keys.logRange(mine)
        for (const key of [keys.headKey(mine), keys.entryKey(mine, number), keys.dedupeKey(mine, bytes)]) {
          expect(key.readUIntBE(0, 6)).toBe(mine)
          expect(isWithin(key, range)).toBe(true)
          expect(isWithin(key, keys.logRange(other))).toBe(mine === other)
        }
      }),
    )
  })

  it('are in the order of their sequences, the head first and the dedupe keys last', () => {
    fc.assert(
      fc.property(log, seq, seq, dedupe, (at, a, b, bytes) => {
        expect(Math.sign(Buffer.compare(keys.entryKey(at, a), keys.entryKey(at, b)))).toBe(Math.sign(a - b))
        expect(Buffer.compare(keys.headKey(at), keys.entryKey(at, a))).toBe(-1)
        expect(Buffer.compare(keys.entryKey(at, a), keys.dedupeKey(at, bytes))).toBe(-1)
        expect(keys.sequenceOf(keys.entryKey(at, a))).toBe(a)
        const inRange = isWithin(keys.entryKey(at, a), keys.entryRange(at, 1, b))
        expect(inRange).toBe(a <= b)
      }),
    )
  })

  it('look like this', () => {
    expect(keys.headKey(2).toString('hex')).toBe('00000000000200')
    expect(keys.entryKey(0x0102_0304_0506, 0x07_0809).toString('hex')).toBe('0102030405060100000000070809')
    expect(keys.dedupeKey(3, Buffer.alloc(16, 0xab)).toString('hex')).toBe(`00000000000302${'ab'.repeat(16)}`)
  })
})

describe('the keys of no log', () => {
  it('lie below every log, each kind by itself', () => {
    const kinds = [
      keys.checkpointKey(),
      keys.ledgerKey(Number.MAX_SAFE_INTEGER),
      keys.sweepKey(2 ** 47),
      keys.actorIdKey('\u{10ffff}'.repeat(512)),
      keys.actorNumberKey(2 ** 46),
      keys.itemKey('\u{10ffff}'.repeat(128)),
    ]
    for (const [i, key] of kinds.entries()) {
      expect(key[6]).toBe(i)
      expect(Buffer.compare(key, keys.headKey(2))).toBe(-1)
      if (i > 0) expect(Buffer.compare(kinds[i - 1]!, key)).toBe(-1)
    }
  })

  it('of items are in the byte order of their names, and a prefix selects what starts with it', () => {
    fc.assert(
      fc.property(text, text, fc.boolean(), (start, rest, isStart) => {
        const name = isStart ? start + rest : rest
        const prefix = start
        expect(isWithin(keys.itemKey(name), keys.itemRange(prefix))).toBe(
          Buffer.from(name).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix)),
        )
        expect(keys.itemNameOf(keys.itemKey(name))).toBe(name)
      }),
    )
  })
})
