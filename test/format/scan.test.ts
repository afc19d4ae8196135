/**
 * Reading a segment that came to harm: whatever the bytes are, what is read is what was written, what is not there is
 * said to be missing, and reading ends.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { encodeFrameHeader } from '../../src/commit-log/frame-header.ts'
import { FrameBuilder } from '../../src/commit-log/frame-builder.ts'
import { type LogPoint, scanSegment, type ScannedFrame, surveyDurable } from '../../src/commit-log/segment-scan.ts'
import { encodeEntry } from '../../src/record/entry.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { IDENTITY } from './fixed-store.ts'
import { vectorBytes } from './golden.ts'
import { afterFrame, fileOf, flipBit, harm, harmed } from './segment-bytes.ts'

/** A frame as its reader knows it: entries by offset and header checksum, payloads in hex or null. */
interface Seen {
  readonly commit: number
  readonly damage: ScannedFrame['damage']
  readonly entries: readonly string[]
  readonly payloads: readonly (string | null)[]
}

const START: LogPoint = { segment: 1, offset: 128, commit: 0, chain: 0n }
const whole = vectorBytes('every-entry')
let checksum: Checksum
let original: Map<number, Seen>
let cut: LogPoint

beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
  const { frames, end } = await scan(whole, { cut: null, durableCommit: 0 })
  original = new Map(frames.map(frame => [frame.commit, frame]))
  cut = end
})

async function scan(
  bytes: Buffer,
  limit: Parameters<typeof scanSegment>[2],
): Promise<{ frames: Seen[]; end: LogPoint }> {
  const frames: Seen[] = []
  const scanning = scanSegment(fileOf(bytes), START, limit, checksum)
  for (let from = START; ;) {
    const { done, value } = await scanning.next()
    if (done === true) return { frames, end: value }
    expect(value.place.offset).toBe(from.offset)
    expect(value.end.offset).toBeGreaterThan(from.offset)
    expect(value.end.commit).toBeGreaterThan(from.commit)
    from = value.end
    frames.push({
      commit: value.commit,
      damage: value.damage,
      entries: value.entries.map(({ place, headerSum }) => `${place.offset}: ${headerSum}`),
      payloads: value.entries.map(entry => value.payload(entry)?.toString('hex') ?? null),
    })
  }
}

/** What is said to be known is what was written; what is not, is at least no other thing. */
function expectNoWrongValue(frames: readonly Seen[]): void {
  const written = [...original.values()]
  const payloads = new Map(written.flatMap(({ entries, payloads: each }) => entries.map((key, i) => [key, each[i]])))
  for (const frame of frames) {
    if (frame.damage !== 'entries') expect(frame.entries).toEqual(original.get(frame.commit)?.entries)
    for (const [i, key] of frame.entries.entries()) expect([payloads.get(key), null]).toContain(frame.payloads[i])
  }
}

/** Reads it as a segment that has a successor: all of it must be accounted for. */
async function expectAccounted(bytes: Buffer): Promise<Seen[]> {
  const { frames, end } = await scan(bytes, { cut, durableCommit: cut.commit })
  expectNoWrongValue(frames)
  expect([end.offset, end.commit]).toEqual([cut.offset, cut.commit])
  return frames
}

/** Reads it as the last segment: what a frame vouches for must be accounted for, and the rest is whole or no more. */
async function expectPrefix(bytes: Buffer): Promise<void> {
  const durableCommit = await surveyDurable(fileOf(bytes), START, checksum)
  const { frames, end } = await scan(bytes, { cut: null, durableCommit })
  expectNoWrongValue(frames)
  expect(end.commit).toBeGreaterThanOrEqual(durableCommit)
  for (const frame of frames) {
    if (frame.commit > durableCommit) expect(frame).toEqual(original.get(frame.commit))
  }
}

it('undamaged, it is what was written', async () => {
  expect([...original.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect((await expectAccounted(whole)).every(frame => frame.damage === null)).toBe(true)
  await expectPrefix(whole)
})

describe('harm', () => {
  it('cut short anywhere, nothing that is missing passes for known', async () => {
    for (let length = 128; length < whole.length; length += 4) {
      const frames = await expectAccounted(whole.subarray(0, length))
      expect(frames.some(frame => frame.damage === 'entries')).toBe(true)
      await expectPrefix(whole.subarray(0, length))
    }
  })

  it('cut short within the last commit, behind any of its entries, that one is not known', async () => {
    const [from, end] = [afterFrame(whole, 6), afterFrame(whole, 7)]
    const { frames, end: last } = await scan(whole.subarray(0, end), { cut: null, durableCommit: 0 })
    expect(frames.at(-1)!.entries.length).toBeGreaterThan(2)
    for (let length = from; length < end; length += 8) {
      const scanned = await scan(whole.subarray(0, length), { cut: last, durableCommit: 7 })
      expect(scanned.frames.at(-1)).toMatchObject({ commit: 7, damage: 'entries' })
      expectNoWrongValue(scanned.frames)
    }
  })

  it('what nobody vouches for counts only if every byte of it is right', async () => {
    const [from, end] = [afterFrame(whole, 9), afterFrame(whole, 10)]
    const bytes = whole.subarray(0, end)
    expect((await scan(bytes, { cut: null, durableCommit: 9 })).end.commit).toBe(10)
    for (let at = from; at < end; at += 1) {
      expect((await scan(flipBit(bytes, at, at % 8), { cut: null, durableCommit: 9 })).end.commit).toBe(9)
    }
  })

  it('one flipped bit in each byte: the record it hits, and no other', async () => {
    for (let at = 128; at < whole.length; at += 1) {
      const frames = await expectAccounted(flipBit(whole, at, at % 8))
      expect(frames.filter(frame => frame.damage === 'entries').length).toBeLessThanOrEqual(1)
      expect(frames.flatMap(frame => frame.payloads).filter(payload => payload === null).length).toBeLessThanOrEqual(
        1 + [...original.values()].flatMap(frame => frame.payloads).filter(payload => payload === null).length,
      )
      if (at % 5 === 0) await expectPrefix(flipBit(whole, at, at % 8))
    }
  })

  it("a frame's header alone damaged, its entries are all known, also when it has none", async () => {
    for (let n = 0; n < original.size; n += 1) {
      const frames = await expectAccounted(flipBit(whole, afterFrame(whole, n) + 30, 1))
      expect(frames[n]?.damage).toBe('header')
      expect(frames[n]?.entries).toEqual(original.get(n + 1)?.entries)
    }
  })

  it.each([
    ['another chain', 2, 1n],
    ['another commit', 3, null],
  ] as const)('a frame of another history, with %s, is no frame of this one', async (_, commit, otherChain) => {
    const builder = new FrameBuilder(checksum)
    builder.reset({ segment: 1, offset: 128 })
    const first = Buffer.from(builder.seal(1, 0, 0n).bytes)
    const chain = first.readBigUInt64BE(56)
    builder.reset({ segment: 1, offset: 192 })
    const second = Buffer.from(builder.seal(commit, 1, otherChain ?? chain).bytes)
    const bytes = Buffer.concat([whole.subarray(0, 128), first, second])

    const asLast = await scan(bytes, { cut: null, durableCommit: 1 })
    expect(asLast).toMatchObject({ frames: [{ commit: 1, damage: null }], end: { offset: 192, commit: 1 } })
    const end = { segment: 1, offset: 256, commit: 2, chain: null }
    const asCut = await scan(bytes, { cut: end, durableCommit: 2 })
    expect(asCut.frames).toMatchObject([{ damage: null }, { commit: 2, damage: 'header' }])
  })

  it('a frame whose entries are out of order is damaged, whatever its checksums say', async () => {
    const [place, at] = [{ segment: 1, offset: 128 }, 64]
    const frame = Buffer.alloc(at + 56)
    const fields = { type: ENTRY_TYPE.payload, payloadSum: checksum.sum(Buffer.alloc(0)) }
    const headerSum = encodeEntry(frame, at, { segment: 1, offset: 128 + at }, 1, fields, checksum)
    const sums = Buffer.alloc(8)
    sums.writeBigUInt64BE(headerSum)
    const header = { flags: 0, bodyLength: 56, entryCount: 1, commit: 1, durableCommit: 0, previousChain: 0n }
    encodeFrameHeader(frame, 0, place, { ...header, entriesSum: checksum.sum(sums) }, checksum)
    const { frames } = await scan(Buffer.concat([whole.subarray(0, 128), frame]), { cut: null, durableCommit: 1 })
    expect(frames).toMatchObject([{ commit: 1, damage: 'entries' }])
  })

  it('any harm at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(harm, { minLength: 1, maxLength: 5 }), async harms => {
        const bytes = harmed(whole, harms)
        await expectAccounted(bytes)
        await expectPrefix(bytes)
      }),
    )
  })

  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async random => {
        const bytes = Buffer.concat([whole.subarray(0, 128), random])
        expect(await surveyDurable(fileOf(bytes), START, checksum)).toBe(0)
        expect(await scan(bytes, { cut: null, durableCommit: 0 })).toEqual({ frames: [], end: START })
      }),
    )
  })
})
