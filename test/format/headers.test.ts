/** Segment header, frame header and identity file: literal bytes, round trips, every flipped bit, newer versions. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { decodeFrameHeader, encodeFrameHeader, type FrameHeader } from '../../src/commit-log/frame-header.ts'
import { decodeIdentity, encodeIdentity } from '../../src/commit-log/identity.ts'
import { FRAME_HEADER_BYTES } from '../../src/commit-log/layout.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  parseSegmentFileName,
  segmentFileName,
  type SegmentHeader,
} from '../../src/commit-log/segment-header.ts'
import { isTwinlogError } from '../../src/errors.ts'
import type { Place } from '../../src/record/entry.ts'
import { IDENTITY } from './fixed-store.ts'
import { flipBit } from './segment-bytes.ts'

let checksum: Checksum
let plain: Checksum
beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
  plain = await Checksum.plain()
})

const { storeId } = IDENTITY
const SEGMENT: SegmentHeader = {
  firstSegment: 0x0102_0304,
  lastSegment: 0x0102_0305,
  generation: 0,
  cutOffset: 0x1122_3344,
  cutCommit: 0x1_0203_0405_0607,
  cutChain: 0xf1f2_f3f4_f5f6_f7f8n,
  nextLog: 0x2_0203_0405_0607,
  timeline: 0x3_0203_0405_0607,
  rewritten: null,
}
const PLACE: Place = { segment: 0x0102_0304, offset: 0x0506_0708 }
const FRAME: FrameHeader = {
  flags: 0x0a0b,
  bodyLength: 0x1122_3344,
  entryCount: 0x5566_7788,
  commit: 0x1_0203_0405_0607,
  durableCommit: 0x1_0203_0405_0606,
  previousChain: 0xf1f2_f3f4_f5f6_f7f8n,
  entriesSum: 0xe1e2_e3e4_e5e6_e7e8n,
}

const readSegment = (bytes: Buffer): SegmentHeader | null => decodeSegmentHeader(bytes, storeId, checksum, 'a place')
const readFrame = (bytes: Buffer, at = 0, place = PLACE): unknown => decodeFrameHeader(bytes, at, place, checksum)

function frame(header: FrameHeader, place = PLACE): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES)
  encodeFrameHeader(bytes, 0, place, header, checksum)
  return bytes
}

/** The same bytes with others in between, and the right checksum over all before the last eight. */
function resummed(bytes: Buffer, at: number, others: string, by: Checksum): Buffer {
  const copy = Buffer.from(bytes)
  copy.write(others, at, 'hex')
  copy.writeBigUInt64BE(by.sum(copy.subarray(0, -8)), copy.length - 8)
  return copy
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'no error'
  } catch (error) {
    if (!isTwinlogError(error)) throw error
    return error.code
  }
}

describe('literal bytes', () => {
  it('segment header', () => {
    const bytes = encodeSegmentHeader(SEGMENT, storeId, checksum)
    const expected = [
      ['5457494e5345470a', '0001', '0080', '00000000', storeId.toString('hex')],
      ['01020304', '01020305', '00000000', '11223344', '0001020304050607', 'f1f2f3f4f5f6f7f8'],
      ['0002020304050607', '0003020304050607', '00'.repeat(40)],
    ]
    expect(bytes.toString('hex', 0, 120)).toBe(expected.flat().join(''))
    expect(bytes.readBigUInt64BE(120)).toBe(checksum.sum(bytes.subarray(0, 120)))
    expect(bytes.length).toBe(128)
  })

  it('frame header', () => {
    const bytes = frame(FRAME)
    const expected = [
      ['54574652', '0a0b', '0000', '11223344', '55667788', '01020304', '05060708'],
      ['0001020304050607', '0001020304050606', 'f1f2f3f4f5f6f7f8', 'e1e2e3e4e5e6e7e8'],
    ]
    expect(bytes.toString('hex', 0, 56)).toBe(expected.flat().join(''))
    expect(bytes.readBigUInt64BE(56)).toBe(checksum.sum(bytes.subarray(0, 56)))
  })

  it('identity file', () => {
    const bytes = encodeIdentity(IDENTITY, plain)
    const expected = ['5457494e4c4f470a', '0001', '0000', '00000000', '000102030405060708090a0b0c0d0e0f']
    expect(bytes.toString('hex', 0, 56)).toBe(
      [...expected, '0000000000000001', '0000019b7ca98c8e', '0000000000000000'].join(''),
    )
    expect(bytes.readBigUInt64BE(56)).toBe(plain.sum(bytes.subarray(0, 56)))
    expect(bytes.length).toBe(64)
  })

  it('file names', () => {
    expect(segmentFileName({ firstSegment: 1, lastSegment: 12, generation: 3 })).toBe('0000000001-0000000012.3.seg')
    expect(parseSegmentFileName('0000000001-0000000012.3.seg')).toEqual({
      firstSegment: 1,
      lastSegment: 12,
      generation: 3,
    })
    for (const other of ['1-1.0.seg', '0000000001-0000000001.0.seg.tmp', '0000000002-0000000001.0.seg', 'LOCK']) {
      expect(parseSegmentFileName(other)).toBe(null)
    }
  })
})

const u32 = fc.nat(0xffff_ffff)
const u64 = fc.bigInt(0n, 2n ** 64n - 1n)
const whole = fc.maxSafeNat()
const rewritten = fc.record({
  reclaimedThrough: whole,
  lastCommit: whole,
  chainOut: u64,
  frameCount: u32,
  mapCount: u32,
  mapOffset: whole,
})
const plainSegments = fc.record({
  firstSegment: u32,
  lastSegment: u32,
  generation: fc.constant(0),
  cutOffset: u32,
  cutCommit: whole,
  cutChain: u64,
  nextLog: whole,
  timeline: whole,
  rewritten: fc.constant(null),
})
/** Generation 0, and one that was written again. */
const segments: fc.Arbitrary<SegmentHeader> = fc.oneof(
  plainSegments,
  fc.tuple(plainSegments, fc.integer({ min: 1, max: 0xffff_ffff }), rewritten).map(([header, generation, facts]) => ({
    ...header,
    generation,
    rewritten: facts,
  })),
)
const frames: fc.Arbitrary<FrameHeader> = fc.record({
  flags: fc.nat(0xffff),
  bodyLength: u32,
  entryCount: u32,
  commit: whole,
  durableCommit: whole,
  previousChain: u64,
  entriesSum: u64,
})

describe('round trips', () => {
  it('segment header', () => {
    fc.assert(
      fc.property(segments, header => {
        expect(readSegment(encodeSegmentHeader(header, storeId, checksum))).toEqual(header)
      }),
    )
  })

  it('frame header, wherever it stands in a buffer', () => {
    fc.assert(
      fc.property(frames, u32, u32, fc.nat(50), (header, segment, offset, at) => {
        const bytes = Buffer.alloc(at + FRAME_HEADER_BYTES)
        const place = { segment, offset }
        const chain = encodeFrameHeader(bytes, at, place, header, checksum)
        expect(readFrame(bytes, at, place)).toEqual({ ...header, chain })
      }),
    )
  })

  it('identity', () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(id, whole, whole, (given, timeline, createdAt) => {
        const identity = { storeId: given, timeline, createdAt }
        expect(decodeIdentity(encodeIdentity(identity, plain), plain)).toEqual(identity)
      }),
    )
  })
})

describe('damage', () => {
  it('every flipped bit is found', () => {
    const [segment, one, identity] = [
      encodeSegmentHeader(SEGMENT, storeId, checksum),
      frame(FRAME),
      encodeIdentity(IDENTITY, plain),
    ]
    for (let bit = 0; bit < 8 * 128; bit += 1) expect(readSegment(flipBit(segment, bit >> 3, bit & 7))).toBe(null)
    for (let bit = 0; bit < 8 * 64; bit += 1) {
      expect(readFrame(flipBit(one, bit >> 3, bit & 7))).toBe(null)
      expect(codeOf(() => decodeIdentity(flipBit(identity, bit >> 3, bit & 7), plain))).toBe('CORRUPT')
    }
  })

  it('a short one is none', () => {
    const segment = encodeSegmentHeader(SEGMENT, storeId, checksum)
    for (let length = 0; length < 128; length += 1) expect(readSegment(segment.subarray(0, length))).toBe(null)
    for (let length = 0; length < 64; length += 1) expect(readFrame(frame(FRAME).subarray(0, length))).toBe(null)
    const identity = encodeIdentity(IDENTITY, plain)
    expect(codeOf(() => decodeIdentity(identity.subarray(0, 63), plain))).toBe('CORRUPT')
    expect(codeOf(() => decodeIdentity(Buffer.concat([identity, Buffer.alloc(1)]), plain))).toBe('CORRUPT')
  })

  it('one of another store, or a frame born elsewhere, is none', async () => {
    const otherId = Buffer.alloc(16, 9)
    const other = await Checksum.forStore(otherId)
    expect(readSegment(encodeSegmentHeader(SEGMENT, otherId, other))).toBe(null)
    expect(readSegment(encodeSegmentHeader(SEGMENT, otherId, checksum))).toBe(null)
    expect(decodeFrameHeader(frame(FRAME), 0, PLACE, other)).toBe(null)
    expect(readFrame(frame(FRAME), 0, { ...PLACE, segment: 1 })).toBe(null)
    expect(readFrame(frame(FRAME), 0, { ...PLACE, offset: 128 })).toBe(null)
  })

  it('random bytes are none, and do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(220), (random, at) => {
        const bytes = Buffer.from(random)
        expect(readSegment(bytes)).toBe(null)
        expect(readFrame(bytes, at)).toBe(null)
        expect(codeOf(() => decodeIdentity(bytes, plain))).toBe('CORRUPT')
      }),
    )
  })
})

describe('newer versions', () => {
  const refusals = [
    ['a version', 8, '0002'],
    ['a critical flag', 12, '00000001'],
  ] as const

  it.each(refusals)('a segment with %s is refused', (_, at, others) => {
    const bytes = resummed(encodeSegmentHeader(SEGMENT, storeId, checksum), at, others, checksum)
    expect(codeOf(() => readSegment(bytes))).toBe('FORMAT_UNSUPPORTED')
  })

  it.each(refusals)('an identity with %s is refused', (_, at, others) => {
    const bytes = resummed(encodeIdentity(IDENTITY, plain), at, others, plain)
    expect(codeOf(() => decodeIdentity(bytes, plain))).toBe('FORMAT_UNSUPPORTED')
  })

  it.each([
    ['reclaimedThrough', 80],
    ['lastCommit', 88],
    ['chainOut', 96],
    ['frameCount', 104],
    ['mapOffset', 112],
  ])('what stands in %s is passed over in generation 0', (_, at) => {
    const bytes = resummed(encodeSegmentHeader(SEGMENT, storeId, checksum), at, '01', checksum)
    expect(readSegment(bytes)).toEqual(SEGMENT)
  })
})
