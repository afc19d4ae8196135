/** `dumpSegment`: every byte of any file, once, and what is wrong with it. (How it looks: the golden vectors.) */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpSegment } from 'twinlog'
import { Checksum } from '../../src/bytes/checksum.ts'
import { FrameBuilder } from '../../src/commit-log/frame-builder.ts'
import { FixedStore, IDENTITY, outbox } from './fixed-store.ts'
import { bytesOf, collect, vectorBytes } from './golden.ts'
import { afterFrame, flipBit, harm, harmed } from './segment-bytes.ts'
import { append, SMALL, tellExample } from './stories.ts'

const FIRST = '0000000001-0000000001.0.seg'
const REWRITTEN = '0000000001-0000000001.1.seg'
const SECOND = '0000000002-0000000002.0.seg'
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-dump-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** The dump of a file of these bytes, alone in its directory. */
async function dumpOf(bytes: Uint8Array, name = FIRST, all = true): Promise<string[]> {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  try {
    return await collect(dumpSegment(path, { all }))
  } finally {
    rmSync(path)
  }
}

/** The lines that object to something. */
const complaintsIn = (lines: readonly string[]): string[] => lines.filter(line => /DAMAGED|TORN|DEAD/.test(line))

describe('every byte is there, once', () => {
  it('of a segment that came to any harm', async () => {
    const whole = vectorBytes('every-entry')
    await fc.assert(
      fc.asyncProperty(fc.array(harm, { maxLength: 5 }), async harms => {
        const bytes = harmed(whole, harms)
        expect(bytesOf(await dumpOf(bytes)).equals(bytes)).toBe(true)
        await dumpOf(bytes, FIRST, false)
      }),
    )
  })

  it('of a segment that was written again and came to any harm', async () => {
    const whole = vectorBytes('rewritten-1')
    await fc.assert(
      fc.asyncProperty(fc.array(harm, { maxLength: 5 }), async harms => {
        const bytes = harmed(whole, harms)
        expect(bytesOf(await dumpOf(bytes, REWRITTEN)).equals(bytes)).toBe(true)
        await dumpOf(bytes, REWRITTEN, false)
      }),
    )
  })

  it('of a segment beside any successor', async () => {
    const successor = vectorBytes('cut-2')
    await fc.assert(
      fc.asyncProperty(fc.array(harm, { maxLength: 3 }), fc.array(harm, { maxLength: 1 }), async (first, second) => {
        const bytes = harmed(vectorBytes('cut-1'), first)
        writeFileSync(join(directory, SECOND), harmed(successor, second))
        expect(bytesOf(await dumpOf(bytes)).equals(bytes)).toBe(true)
      }),
    )
    rmSync(join(directory, SECOND))
  })

  it('of any file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.constantFrom(FIRST, 'any name'), async (bytes, name) => {
        expect(bytesOf(await dumpOf(bytes, name)).equals(bytes)).toBe(true)
      }),
    )
  })
})

describe('what is wrong', () => {
  it('nothing, of an undamaged segment', async () => {
    expect(complaintsIn(await dumpOf(vectorBytes('every-entry')))).toEqual([])
  })

  it('every flipped bit is seen', async () => {
    const whole = vectorBytes('example')
    for (let at = 0; at < whole.length; at += 1) {
      expect(complaintsIn(await dumpOf(flipBit(whole, at, at % 8))), `byte ${at}`).not.toEqual([])
    }
  })

  it('a damaged header is said to be one, and the rest is read all the same', async () => {
    const lines = await dumpOf(flipBit(vectorBytes('example'), 35, 1))
    expect(complaintsIn(lines)).toEqual([
      '# DAMAGED: if it is the store id that is wrong, no checksum below will match',
      expect.stringMatching(/headerSum +DAMAGED: the header is not what was written$/),
    ])
    expect(lines.filter(line => line.startsWith('# frame at'))).toHaveLength(3)
  })

  it('bytes that the successor counts on, and that are not there', async () => {
    const bytes = vectorBytes('cut-1').subarray(0, 400)
    writeFileSync(join(directory, SECOND), vectorBytes('cut-2'))
    expect(complaintsIn(await dumpOf(bytes))).toEqual([
      '# DAMAGED: it should reach to offset 424; its entries are not the ones its header names',
      '# DAMAGED: 24 bytes are missing at the end',
    ])
    rmSync(join(directory, SECOND))
  })

  it('a frame that is lost between two others', async () => {
    const whole = vectorBytes('damaged-header')
    const [first, second] = [afterFrame(whole, 1), afterFrame(whole, 2)]
    const bytes = Buffer.from(whole).fill(0, first, second)
    expect(complaintsIn(await dumpOf(bytes))).toEqual(['# DAMAGED: no undamaged frame header'])
  })

  it('a frame of another history', async () => {
    const checksum = await Checksum.forStore(IDENTITY.storeId)
    const builder = new FrameBuilder(checksum)
    const parts = [vectorBytes('example').subarray(0, 128)]
    for (const [commit, previousChain] of [
      [1, 0n],
      [3, 1n],
      [4, 2n],
    ] as const) {
      builder.reset({ segment: 1, offset: 64 * parts.length + 64 })
      parts.push(Buffer.from(builder.seal(commit, commit - 1, previousChain).bytes))
    }
    expect(complaintsIn(await dumpOf(Buffer.concat(parts)))).toEqual([
      '# DAMAGED: not commit 2; the chain is broken before it',
      expect.stringMatching(/^# TORN TAIL: the chain is broken before it; .* ends at offset 256$/),
    ])
  })

  it('what lies behind a torn tail is no part of the log', async () => {
    const whole = vectorBytes('damaged-header')
    const withoutVouching = whole.subarray(0, afterFrame(whole, 3))
    const torn = Buffer.concat([withoutVouching, Buffer.alloc(40, 1)])
    expect(complaintsIn(await dumpOf(torn)).at(-1)).toMatch(/TORN TAIL: .* the log ends at offset 552$/)
  })

  it('a file that is too short for a segment', async () => {
    expect(complaintsIn(await dumpOf(Buffer.alloc(0)))).toEqual(['# DAMAGED: shorter than a segment header'])
    expect(complaintsIn(await dumpOf(Buffer.alloc(127)))).toEqual(['# DAMAGED: shorter than a segment header'])
  })
})

describe('newer versions', () => {
  it('an entry of an unknown type is shown, and said to be one', async () => {
    const bytes = Buffer.from(vectorBytes('example'))
    bytes[193] = 77
    const checksum = await Checksum.forStore(IDENTITY.storeId)
    const birth = Buffer.from('00000001000000c0', 'hex')
    bytes.writeBigUInt64BE(checksum.sum(Buffer.concat([birth, bytes.subarray(192, 240)])), 240)
    const lines = await dumpOf(bytes)
    expect(lines).toContain('# of a newer version: a reader of version 1 refuses it')
    expect(lines.join('\n')).toMatch(/type +77: unknown/)
  })

  it('a header of a newer version is shown, and said to be one', async () => {
    const bytes = Buffer.from(vectorBytes('example'))
    bytes.writeUInt16BE(2, 8)
    const checksum = await Checksum.forStore(IDENTITY.storeId)
    bytes.writeBigUInt64BE(checksum.sum(bytes.subarray(0, 120)), 120)
    expect(await dumpOf(bytes)).toContain('# of a newer version: this version refuses it, and may misread what follows')
  })
})

it('long payloads are cut short, unless all is asked for', () =>
  FixedStore.with([], async store => {
    await store.write(async driver => {
      await tellExample(driver)
      await append(driver, outbox(SMALL), 'bytes', Buffer.alloc(5000, 7))
    })
    const rows = (lines: readonly string[]): number => lines.filter(line => line.includes(' 07 07 07')).length
    const short = await collect(dumpSegment(store.path(1)))
    expect(rows(short)).toBe(16)
    expect(short).toContain('# … 4744 bytes more of it, up to offset 5544')
    expect(rows(await collect(dumpSegment(store.path(1), { all: true })))).toBe(Math.ceil(5000 / 16))
  }))

it('a file that is not there is an error', async () => {
  await expect(collect(dumpSegment(join(directory, 'none.seg')))).rejects.toMatchObject({ code: 'IO_ERROR' })
})
