/** Entries and their bodies: literal bytes, round trips, and every flipped bit. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { decodeItem, decodePair, encodeItem, encodePair } from '../../src/record/bodies.ts'
import {
  decodeEntry,
  type EntryFields,
  encodeEntry,
  entryLength,
  isKnownEntry,
  isPaddingZero,
  payloadOf,
  type Place,
} from '../../src/record/entry.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { IDENTITY } from './fixed-store.ts'
import { flipBit } from './segment-bytes.ts'

let checksum: Checksum
beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
})

const PLACE: Place = { segment: 0x0102_0304, offset: 0x0506_0708 }
const EVERY_FIELD: EntryFields = {
  type: ENTRY_TYPE.append,
  codec: 2,
  log: 0x0a0b_0c0d_0e0f,
  seq: 0x01_0203_0405_0607,
  receivedAt: 0x0102_0304_0506,
  payloadAt: 0,
  payloadSum: 0n,
  key: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  meta: Buffer.from('aabb', 'hex'),
  payload: Buffer.from('313233', 'hex'),
}

function encoded(fields: EntryFields, place = PLACE, ordinal = 7): Buffer {
  const bytes = Buffer.alloc(
    entryLength(fields.key?.length ?? 0, fields.meta?.length ?? 0, fields.payload?.length ?? 0),
  )
  encodeEntry(bytes, 0, place, ordinal, fields, checksum)
  return bytes
}

function summed(fields: EntryFields): EntryFields {
  return { ...fields, payloadSum: checksum.sum(fields.payload ?? Buffer.alloc(0)) }
}

/** Whether whoever reads these bytes as an entry at `PLACE` would notice something. */
function isFound(bytes: Buffer): boolean {
  const entry = decodeEntry(bytes, 0, PLACE, checksum)
  if (entry === null || entry.length !== bytes.length) return true
  return payloadOf(bytes, 0, entry, checksum) === null || !isPaddingZero(bytes, 0, entry)
}

describe('literal bytes', () => {
  it('every field stands where it belongs, big-endian', () => {
    const bytes = encoded({ ...EVERY_FIELD, payloadAt: 0x0908_0706, payloadSum: 0xf1f2_f3f4_f5f6_f7f8n })
    const header =
      'e5 01 00 02 00000003 00000007 10 01020304050607 0a0b0c0d0e0f 010203040506 0002 0000 09080706 f1f2f3f4f5f6f7f8'
    const key = '00112233445566778899aabbccddeeff'
    expect(bytes.toString('hex', 0, 48)).toBe(header.replaceAll(' ', ''))
    expect(bytes.toString('hex', 56)).toBe(`${key}aabb3132330000`.padEnd(48, '0'))

    const [segment, offset] = ['01020304', '05060708']
    const input = Buffer.from(`${segment}${offset}${header.replaceAll(' ', '')}${key}aabb`, 'hex')
    expect(bytes.readBigUInt64BE(48)).toBe(checksum.sum(input))
  })

  it('bodies', () => {
    expect(encodePair(2, 2 ** 53 - 1).toString('hex')).toBe('0000000000000002001fffffffffffff')
    const item = encodeItem(Buffer.from('ab'), 258, Buffer.from('v'))
    const [version, keyLength, key, value] = ['0000000000000102', '0002', '6162', '76']
    expect(item.toString('hex')).toBe(`${version}${keyLength}${key}${value}`)
  })
})

const bytes = (max: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: max }).map(array => Buffer.from(array))
const place: fc.Arbitrary<Place> = fc.record({ segment: fc.nat(0xffff_ffff), offset: fc.nat(0xffff_ffff) })
const fields: fc.Arbitrary<EntryFields> = fc
  .record({
    type: fc.constantFrom(...Object.values(ENTRY_TYPE)),
    codec: fc.nat(255),
    log: fc.nat(2 ** 48 - 1),
    seq: fc.maxSafeNat(),
    receivedAt: fc.nat(2 ** 48 - 1),
    payloadAt: fc.nat(0xffff_ffff),
    payloadSum: fc.bigInt(0n, 2n ** 64n - 1n),
    key: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined }),
    meta: fc.option(bytes(100), { nil: undefined }),
    payload: fc.option(bytes(300), { nil: undefined }),
  })
  .map(summed)

describe('round trips', () => {
  it('an entry, wherever it stands in a buffer', () => {
    fc.assert(
      fc.property(fields, place, fc.nat(0xffff_ffff), fc.nat(9), (given, born, ordinal, words) => {
        const one = encoded(given, born, ordinal)
        const at = 8 * words
        const buffer = Buffer.concat([Buffer.alloc(at, 0xe5), one, Buffer.alloc(24, 0xe5)])
        const entry = decodeEntry(buffer, at, born, checksum)!
        expect(entry.length).toBe(one.length)
        expect(entry.length % 8).toBe(0)
        expect(payloadOf(buffer, at, entry, checksum)).toEqual(Buffer.from(given.payload ?? []))
        expect(isPaddingZero(buffer, at, entry)).toBe(true)
        const { type, codec, log, seq, receivedAt, payloadAt, payloadSum } = given
        expect(entry).toMatchObject({ type, codec, log, seq, receivedAt, payloadAt, payloadSum, ordinal, place: born })
        expect(entry.key).toEqual(given.key === undefined ? null : Buffer.from(given.key))
        expect(entry.meta).toEqual(given.meta === undefined || given.meta.length === 0 ? null : given.meta)
      }),
    )
  })

  it('a pair and an item', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), bytes(80), bytes(80), (a, b, key, value) => {
        expect(decodePair(encodePair(a, b))).toEqual([a, b])
        expect(decodeItem(encodeItem(key, a, value))).toEqual({ key, version: a, value })
      }),
    )
  })
})

describe('damage', () => {
  it('every flipped bit is found', () => {
    const whole = encoded(summed(EVERY_FIELD))
    expect(isFound(whole)).toBe(false)
    for (let bit = 0; bit < 8 * whole.length; bit += 1) {
      expect(isFound(flipBit(whole, bit >> 3, bit & 7)), `bit ${bit & 7} of byte ${bit >> 3}`).toBe(true)
    }
  })

  it('one flipped bit of any entry is found', () => {
    const any = fc.tuple(fields, fc.nat(), fc.nat(7))
    fc.assert(
      fc.property(any, ([given, at, bit]) => {
        const whole = encoded(given)
        expect(isFound(flipBit(whole, at % whole.length, bit))).toBe(true)
      }),
    )
  })

  it('an entry is none elsewhere, nor in another store', async () => {
    const whole = encoded(summed(EVERY_FIELD))
    expect(decodeEntry(whole, 0, { ...PLACE, segment: PLACE.segment + 1 }, checksum)).toBe(null)
    expect(decodeEntry(whole, 0, { ...PLACE, offset: PLACE.offset + 8 }, checksum)).toBe(null)
    expect(decodeEntry(whole, 0, PLACE, await Checksum.forStore(Buffer.alloc(16)))).toBe(null)
  })

  it('a short one is none, or has no payload', () => {
    const whole = encoded(summed(EVERY_FIELD))
    for (let length = 0; length < 56 + 16 + 2; length += 1) {
      expect(decodeEntry(whole.subarray(0, length), 0, PLACE, checksum)).toBe(null)
    }
    const entry = decodeEntry(whole, 0, PLACE, checksum)!
    expect(payloadOf(whole.subarray(0, 56 + 16 + 2 + 2), 0, entry, checksum)).toBe(null)
  })
})

describe('random bytes', () => {
  it('are no entry, no pair and no item, and do no harm', () => {
    fc.assert(
      fc.property(bytes(200), fc.nat(220), (random, at) => {
        if (at < random.length) random[at] = 0xe5
        expect(decodeEntry(random, at, PLACE, checksum)).toBe(null)
        if (random.length !== 16) expect(decodePair(random)).toBe(null)
        const item = decodeItem(random)
        if (item !== null) expect(encodeItem(item.key, item.version, item.value).length).toBe(random.length)
      }),
    )
  })

  it('do no harm under a right checksum either', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 200, maxLength: 200 }), fc.constantFrom(0, 16), (random, keyLength) => {
        const buffer = Buffer.from(random)
        buffer[0] = 0xe5
        buffer[12] = keyLength
        buffer.writeUInt16BE(buffer.readUInt16BE(32) % 100, 32)
        buffer.writeUInt32BE(buffer.readUInt32BE(4) % 2 ** 20, 4)
        const end = 56 + keyLength + buffer.readUInt16BE(32)
        const birth = Buffer.from('0102030405060708', 'hex')
        const sum = checksum.sum(Buffer.concat([birth, buffer.subarray(0, 48), buffer.subarray(56, end)]))
        buffer.writeBigUInt64BE(sum, 48)
        const entry = decodeEntry(buffer, 0, PLACE, checksum)!
        expect(entry.headerSum).toBe(sum)
        expect(payloadOf(buffer, 0, entry, checksum)).toBe(null)
        isPaddingZero(buffer, 0, entry)
        expect(isKnownEntry(buffer, 0)).toBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].includes(buffer[1]!) && buffer[2]! < 16)
      }),
    )
  })
})
