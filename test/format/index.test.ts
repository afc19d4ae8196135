/** The index's keys and values: golden vectors from a real LevelDB, literal bytes, byte order, and round trips. */
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { hashDedupeKey } from '../../src/actors/dedupe-key.ts'
import { Checksum } from '../../src/bytes/checksum.ts'
import * as keys from '../../src/key-index/keys.ts'
import { STORE_KEY_KIND } from '../../src/key-index/keys.ts'
import * as values from '../../src/key-index/values.ts'
import { ACTOR_NUMBER_MAX } from '../../src/record/layout.ts'
import { FixedStore, IDENTITY } from './fixed-store.ts'
import { expectVector, readVector } from './golden.ts'
import { pairRows, pairsOf, type Pair } from './index-rows.ts'
import { flipBit } from './segment-bytes.ts'
import { ALICE, BOB, tellEverything } from './stories.ts'

let checksum: Checksum
beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
})

/** All that bare LevelDB holds once the store is closed. */
async function pairsIn(store: FixedStore): Promise<Pair[]> {
  const level = new ClassicLevel<Buffer, Buffer>(join(store.directory, 'index'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  try {
    return (await level.iterator().all()).map(([key, value]) => ({ key, value }))
  } finally {
    await level.close()
  }
}

/** Kinds whose values tell of batches, not of what the store holds; and one that is gone when all is done. */
function pairsOfBatches(): Pair[] {
  const point = {
    batch: 7,
    ledgerFloor: 6,
    segment: 1,
    offset: 2160,
    commit: 11,
    chain: 0xdb3f_9d1b_ee0f_3bfan,
    nextLog: 6,
  }
  const body = values.encodePoint(point)
  const made = [
    [keys.checkpointKey(), body],
    [keys.ledgerKey(7), body],
    [keys.sweepKey(4), values.encodeSweep('all')],
  ] as const
  return made.map(([key, each]) => ({ key, value: values.seal(key, each, checksum) }))
}

const isOfBatches = ({ key }: Pair): boolean => keys.logOfKey(key) === 0 && key[6]! <= STORE_KEY_KIND.sweep

describe('golden', () => {
  it('index: every key and value that LevelDB holds after the story of every-entry', () =>
    FixedStore.with([], async store => {
      await store.write(tellEverything)
      const held = await pairsIn(store)
      const pairs = [...pairsOfBatches(), ...held.filter(pair => !isOfBatches(pair))]
      const lines = pairs.flatMap(pair => [...pairRows(pair, checksum)])
      const head = [
        'What LevelDB holds of the store of every-entry: all keys in order. Checkpoint, ledger and sweep are made up.',
      ]
      expectVector('index', head, lines)
      expect(pairsOf(readVector('index'))).toEqual(pairs)

      // The real ones: the newest batch's ledger key says what the checkpoint says.
      const bodyAt = (key: Buffer): Buffer =>
        values.unseal(key, held.find(pair => pair.key.equals(key))!.value, checksum)
      const point = values.decodePoint(bodyAt(keys.checkpointKey()))
      expect(point).toMatchObject({ segment: 1, offset: store.segment(1).length, nextLog: 6 })
      expect(values.decodePoint(bodyAt(keys.ledgerKey(point.batch)))).toEqual(point)
    }))

  it('index is read back', () => {
    const bodies = new Map(
      pairsOf(readVector('index')).map(({ key, value }) => [key.toString('hex'), values.unseal(key, value, checksum)]),
    )
    const body = (key: Buffer): Buffer => bodies.get(key.toString('hex'))!
    expect(values.decodeHead(body(keys.headKey(2)))).toEqual({ first: 2, tip: 2 })
    expect(values.decodeHead(body(keys.headKey(3)))).toEqual({ first: 1, tip: 3 })
    expect(bodies.has(keys.headKey(4).toString('hex'))).toBe(false)
    expect(values.decodeDedupe(body(keys.dedupeKey(2, hashDedupeKey('https://b.example/1')))).seq).toBe(1)
    expect(bodies.has(keys.entryKey(2, 1).toString('hex'))).toBe(false)
    expect(values.decodeLocation(body(keys.entryKey(2, 2))).segment).toBe(1)
    expect(values.decodeActor(body(keys.actorIdKey(ALICE)))).toEqual({ number: 1, isActive: true })
    expect(values.decodeActor(body(keys.actorIdKey(BOB)))).toEqual({ number: 2, isActive: false })
    expect(body(keys.actorNumberKey(1)).toString()).toBe(ALICE)
    expect(values.decodeItemValue(body(keys.itemKey('cursor/mail')))).toEqual({ version: 2, value: Buffer.from('8') })
    expect(values.decodeSweep(body(keys.sweepKey(4)))).toBe('all')
    expect([...values.encodeSweep('trimmed'), ...values.encodeSweep('all')]).toEqual([0, 1])
    const point = values.decodePoint(body(keys.checkpointKey()))
    expect(point).toMatchObject({ batch: 7, ledgerFloor: 6, segment: 1, offset: 2160, commit: 11, nextLog: 6 })
    expect(values.decodePoint(body(keys.ledgerKey(7)))).toEqual(point)
  })
})

const HEX = (key: Buffer): string => key.toString('hex')
/** The fields of a key or value, one by one. */
const joined = (...fields: string[]): string => fields.join('')
const KEY16 = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

describe('literal bytes', () => {
  it('keys', () => {
    expect(HEX(keys.headKey(0x0102_0304_0506))).toBe(joined('010203040506', '00'))
    expect(HEX(keys.entryKey(2, 0x01_0203_0405_0607))).toBe(joined('000000000002', '01', '01020304050607'))
    expect(HEX(keys.dedupeKey(3, KEY16))).toBe(joined('000000000003', '02', '00112233445566778899aabbccddeeff'))
    expect(HEX(keys.checkpointKey())).toBe(joined('000000000000', '00'))
    expect(HEX(keys.ledgerKey(258))).toBe(joined('000000000000', '01', '00000000000102'))
    expect(HEX(keys.sweepKey(258))).toBe(joined('000000000000', '02', '000000000102'))
    expect(HEX(keys.actorIdKey('é'))).toBe(joined('000000000000', '03', 'c3a9'))
    expect(HEX(keys.actorNumberKey(258))).toBe(joined('000000000000', '04', '000000000102'))
    expect(HEX(keys.itemKey('a/b'))).toBe(joined('000000000000', '05', '612f62'))
  })

  it('ranges are half-open', () => {
    const range = ({ gte, lt }: keys.KeyRange): string[] => [HEX(gte), HEX(lt)]
    expect(range(keys.logRange(0xff))).toEqual(['0000000000ff', '000000000100'])
    expect(range(keys.entryRange(2, 5, 0xff))).toEqual([
      joined('00000000000201', '00000000000005'),
      joined('00000000000201', '00000000000100'),
    ])
    expect(range(keys.ledgerRange(1, 2))).toEqual([
      joined('00000000000001', '00000000000001'),
      joined('00000000000001', '00000000000003'),
    ])
    expect(range(keys.actorNumberRange(7))).toEqual([joined('00000000000004', '000000000008'), '00000000000005'])
    expect(range(keys.sweepRange())).toEqual(['00000000000002', '00000000000003'])
    expect(range(keys.itemRange('a'))).toEqual(['0000000000000561', '0000000000000561ff'])
  })

  it('values, without their checksums', () => {
    const sum = 0x0102_0304_0506_0708n
    expect(HEX(values.encodeHead({ first: 3, tip: 2 ** 53 - 1 }))).toBe(joined('0000000000000003', '001fffffffffffff'))
    expect(HEX(values.encodeLocation({ segment: 1, offset: 128, length: 64 }))).toBe(
      joined('00000001', '00000080', '00000040'),
    )
    expect(HEX(values.encodeDedupe({ seq: 9, codec: 2, payloadSum: sum }))).toBe(
      joined('0000000000000009', '02', '0102030405060708'),
    )
    expect(HEX(values.encodeActor({ number: 7, isActive: true }))).toBe(joined('000000000007', '01'))
    expect(HEX(values.encodeActor({ number: 7, isActive: false }))).toBe(joined('000000000007', '00'))
    expect(HEX(values.encodeItemValue({ version: 2, value: Buffer.from('x') }))).toBe(joined('0000000000000002', '78'))
    const point = { batch: 1, ledgerFloor: 2, segment: 3, offset: 4, commit: 5, chain: sum, nextLog: 6 }
    expect(HEX(values.encodePoint(point))).toBe(
      joined(
        '0000000000000001',
        '0000000000000002',
        '00000003',
        '00000004',
        '0000000000000005',
        '0102030405060708',
        '0000000000000006',
      ),
    )
  })

  it('a value ends in the low half of the checksum over its key and itself', () => {
    const [key, body] = [keys.headKey(2), values.encodeHead({ first: 1, tip: 1 })]
    const sealed = values.seal(key, body, checksum)
    const sum = checksum.sum(Buffer.concat([key, body]))
    expect(HEX(sealed)).toBe(HEX(body) + sum.toString(16).padStart(16, '0').slice(8))
  })
})

const log = fc.integer({ min: 2, max: 2 * ACTOR_NUMBER_MAX + 1 })
const actorNumber = fc.integer({ min: 1, max: ACTOR_NUMBER_MAX })
const whole = fc.oneof(fc.maxSafeNat(), fc.nat(1000))
const u32 = fc.nat(0xffff_ffff)
const u64 = fc.bigInt(0n, 2n ** 64n - 1n)
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
const key16 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const bytes = fc.uint8Array({ maxLength: 60 }).map(array => Buffer.from(array))

describe('round trips', () => {
  it('keys give back what they were made of', () => {
    fc.assert(
      fc.property(log, whole, text, actorNumber, (number, seq, name, actor) => {
        expect(keys.logOfKey(keys.headKey(number))).toBe(number)
        expect(keys.logOfKey(keys.entryKey(number, seq))).toBe(number)
        expect(keys.sequenceOf(keys.entryKey(number, seq))).toBe(seq)
        expect(keys.batchOf(keys.ledgerKey(seq))).toBe(seq)
        expect(keys.sweptLogOf(keys.sweepKey(number))).toBe(number)
        expect(keys.actorNumberOf(keys.actorNumberKey(actor))).toBe(actor)
        expect(keys.itemNameOf(keys.itemKey(name))).toBe(name)
      }),
    )
  })

  it('values', () => {
    fc.assert(
      fc.property(whole, whole, u32, u32, u64, bytes, fc.boolean(), (a, b, c, d, sum, value, isActive) => {
        const head = { first: a, tip: b }
        expect(values.decodeHead(values.encodeHead(head))).toEqual(head)
        const location = { segment: c, offset: d, length: c }
        expect(values.decodeLocation(values.encodeLocation(location))).toEqual(location)
        const dedupe = { seq: a, codec: c % 256, payloadSum: sum }
        expect(values.decodeDedupe(values.encodeDedupe(dedupe))).toEqual(dedupe)
        const point = { batch: a, ledgerFloor: b, segment: c, offset: d, commit: b, chain: sum, nextLog: a }
        expect(values.decodePoint(values.encodePoint(point))).toEqual(point)
        const actor = { number: c, isActive }
        expect(values.decodeActor(values.encodeActor(actor))).toEqual(actor)
        expect(values.decodeItemValue(values.encodeItemValue({ version: a, value }))).toEqual({ version: a, value })
      }),
    )
  })

  it('byte order is order by log, then kind, then number', () => {
    const made = fc.oneof(fc.tuple(log, fc.constant(0), fc.constant(0)), fc.tuple(log, fc.constant(1), whole))
    const keyOf = ([of, kind, seq]: [number, number, number]): Buffer =>
      kind === 0 ? keys.headKey(of) : keys.entryKey(of, seq)
    const near = fc.tuple(made, made).chain(([a, b]) => fc.constantFrom([a, b], [a, [a[0], b[1], b[2]] as typeof a]))
    fc.assert(
      fc.property(near, ([a, b]) => {
        const order = a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
        expect(Buffer.compare(keyOf(a), keyOf(b))).toBe(Math.sign(order))
      }),
    )
  })

  it("a log's keys lie in its range and in no other's", () => {
    fc.assert(
      fc.property(log, log, whole, key16, (number, other, seq, key) => {
        const isIn = (at: Buffer, { gte, lt }: keys.KeyRange): boolean =>
          Buffer.compare(at, gte) >= 0 && Buffer.compare(at, lt) < 0
        for (const at of [keys.headKey(number), keys.entryKey(number, seq), keys.dedupeKey(number, key)]) {
          expect(isIn(at, keys.logRange(number))).toBe(true)
          expect(isIn(at, keys.logRange(other))).toBe(other === number)
        }
      }),
    )
  })
})

describe('damage', () => {
  it('every flipped bit of a key or a sealed value is found', () => {
    for (const { key, value } of pairsOf(readVector('index'))) {
      for (let bit = 0; bit < 8 * value.length; bit += 1) {
        const flipped = flipBit(value, bit >> 3, bit & 7)
        expect(() => values.unseal(key, flipped, checksum)).toThrow(values.DamagedValueError)
      }
      for (let bit = 0; bit < 8 * key.length; bit += 1) {
        const flipped = flipBit(key, bit >> 3, bit & 7)
        expect(() => values.unseal(flipped, value, checksum)).toThrow(values.DamagedValueError)
      }
    }
  })

  it('random bytes are no value, and nothing but that is said of them', () => {
    fc.assert(
      fc.property(bytes, bytes, (key, sealed) => {
        expect(() => values.unseal(key, sealed, checksum)).toThrow(values.DamagedValueError)
      }),
    )
  })

  it('a value of another store is none of this one', async () => {
    const other = await Checksum.forStore(Buffer.alloc(16, 0xff))
    const sealed = values.seal(keys.headKey(2), values.encodeHead({ first: 1, tip: 0 }), other)
    expect(() => values.unseal(keys.headKey(2), sealed, checksum)).toThrow(values.DamagedValueError)
  })
})
