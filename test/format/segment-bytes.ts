/** Looks at a segment's bytes, and damages them, without the code under test. */
import type { Checksum } from '../../src/bytes/checksum.ts'
import { FrameBuilder } from '../../src/commit-log/frame-builder.ts'
import { encodeSegmentHeader } from '../../src/commit-log/segment-header.ts'
import type { EntryFields } from '../../src/record/entry.ts'
import { IDENTITY } from './fixed-store.ts'
import fc from 'fast-check'
import type { DiskFile } from '../../src/commit-log/disk.ts'

/** Where the n-th frame of an undamaged segment ends, counted from 1; the segment header for 0. */
export function afterFrame(segment: Buffer, n: number): number {
  let offset = 128
  for (let i = 0; i < n; i += 1) offset += 64 + segment.readUInt32BE(offset + 8)
  return offset
}

/** A copy with one bit the other way. */
export function flipBit(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1 << bit
  return copy
}

/** A file that is these bytes. */
export function fileOf(bytes: Buffer): DiskFile {
  const readSync = (target: Buffer, targetAt: number, length: number, position: number): number =>
    bytes.copy(target, targetAt, position, Math.min(bytes.length, position + length))
  const refuse = (): never => {
    throw new Error('only for reading')
  }
  return {
    readSync,
    read: async (...args) => (args[3] >= bytes.length ? 0 : readSync(...args)),
    size: async () => bytes.length,
    write: refuse,
    sync: refuse,
    close: async () => {},
  }
}

/** One way of doing harm to bytes. */
export type Harm =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'zero' | 'noise'; readonly at: number; readonly length: number }
  | { readonly kind: 'move'; readonly at: number; readonly from: number; readonly length: number }

const part = fc.double({ min: 0, max: 1, noNaN: true })
const length = fc.nat(200)

/** `at` and `from` are parts of the whole, 0 to 1. */
export const harm: fc.Arbitrary<Harm> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: part, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: part }),
  fc.record({ kind: fc.constantFrom('zero' as const, 'noise' as const), at: part, length }),
  fc.record({ kind: fc.constant('move' as const), at: part, from: part, length }),
)

export function harmed(bytes: Buffer, harms: readonly Harm[]): Buffer {
  let copy: Buffer = Buffer.from(bytes)
  for (const each of harms) {
    const at = Math.floor(each.at * copy.length)
    if (each.kind === 'cut') copy = copy.subarray(0, at)
    else if (each.kind === 'flip') copy = at < copy.length ? flipBit(copy, at, each.bit) : copy
    else if (each.kind === 'move') {
      const from = Math.floor(each.from * copy.length)
      Buffer.from(copy.subarray(from, from + each.length)).copy(copy, at)
    } else if (each.kind === 'zero') copy.fill(0, at, Math.min(copy.length, at + each.length))
    else
      for (let i = at; i < Math.min(copy.length, at + each.length); i += 1) copy[i] = (copy[i]! * 167 + i * 13) & 0xff
  }
  return copy
}

/** A whole first segment of these commits, and one more that vouches for them. */
export function segmentOf(
  commits: readonly (readonly Omit<EntryFields, 'payloadSum'>[])[],
  checksum: Checksum,
): Buffer {
  const header = {
    firstSegment: 1,
    lastSegment: 1,
    generation: 0,
    cutOffset: 0,
    cutCommit: 0,
    cutChain: 0n,
    nextLog: 2,
    timeline: 1,
    rewritten: null,
  }
  let bytes = encodeSegmentHeader(header, IDENTITY.storeId, checksum)
  const builder = new FrameBuilder(checksum)
  let chain = 0n
  for (const [i, entries] of [...commits, []].entries()) {
    builder.reset({ segment: 1, offset: bytes.length })
    for (const fields of entries)
      builder.add({ ...fields, payloadSum: checksum.sum(fields.payload ?? Buffer.alloc(0)) })
    const frame = builder.seal(i + 1, i, chain)
    chain = frame.chain
    bytes = Buffer.concat([bytes, frame.bytes])
  }
  return bytes
}
