/**
 * LevelDB's file formats, read without LevelDB: on files that bare LevelDB wrote, on each of them with a flipped bit, and
 * on bytes that make no sense. No decoder throws, and none takes a byte for right that LevelDB did not write.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  blockContents,
  decodeBlock,
  decodeFooter,
  decodeHandles,
  doTile,
  endOf,
  FOOTER_BYTES,
  isBlockWhole,
  ManifestState,
  userKey,
} from '../../src/key-index/level-format.ts'
import { LevelLogReader, LOG_BLOCK_BYTES, type LogVerdict } from '../../src/key-index/level-log.ts'
import { decodeSnappy } from '../../src/key-index/snappy.ts'
import { runs } from '../engine/runs.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinlog-level-'))
})
afterAll(() => rm(folder, { recursive: true }))

const keyOf = (n: number): Buffer => Buffer.from(`key ${String(n).padStart(6, '0')}`)
const valueOf = (n: number): Buffer => Buffer.from(`${'value '.repeat(n % 40)}${n}`)

/** The files of a closed database with so many keys in tables, and a few more in its write-ahead log. */
async function files(count: number, options: { compression: boolean }): Promise<Map<string, Buffer>> {
  const path = await mkdtemp(join(folder, 'db-'))
  const level = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer', ...options })
  await level.open()
  await level.batch(Array.from({ length: count }, (_, n) => ({ type: 'put', key: keyOf(n), value: valueOf(n) })))
  await level.compactRange(keyOf(0), keyOf(count))
  for (let n = count; n < count + 3; n += 1) await level.put(keyOf(n), valueOf(n))
  await level.close()
  const found = new Map<string, Buffer>()
  for (const name of await readdir(path)) found.set(name.replaceAll(/\d+/g, '0'), await readFile(join(path, name)))
  return found
}

/** Every key and value of a table, or null where any of it is damaged. */
function readTable(table: Buffer): { key: Buffer; value: Buffer }[] | null {
  const footer = decodeFooter(table.subarray(-FOOTER_BYTES), table.length)
  if (footer === null) return null
  const [index, meta] = [footer.index, footer.metaIndex].map(at => blockContents(table.subarray(at.offset, endOf(at))))
  if (!index || !meta) return null
  const [blocks, metaBlocks] = [decodeHandles(index), decodeHandles(meta)]
  if (!blocks || !metaBlocks || !doTile([...blocks, ...metaBlocks], 0, footer.metaIndex.offset)) return null
  if (metaBlocks.some(at => !isBlockWhole(table.subarray(at.offset, endOf(at))))) return null
  const entries: { key: Buffer; value: Buffer }[] = []
  for (const at of blocks) {
    const contents = blockContents(table.subarray(at.offset, endOf(at)))
    const found = contents === null ? null : decodeBlock(contents)
    if (found === null) return null
    entries.push(...found.map(({ key, value }) => ({ key: userKey(key), value })))
  }
  return entries
}

function readLog(bytes: Buffer): { readonly records: Buffer[]; readonly verdict: LogVerdict } {
  const records: Buffer[] = []
  const reader = new LevelLogReader(record => void records.push(Buffer.from(record)))
  const untold = new LevelLogReader(null)
  for (let at = 0; at < bytes.length; at += LOG_BLOCK_BYTES) {
    reader.take(bytes.subarray(at, at + LOG_BLOCK_BYTES))
    untold.take(bytes.subarray(at, at + LOG_BLOCK_BYTES))
  }
  const verdict = reader.end()
  expect(untold.end()).toBe(verdict)
  return { records, verdict }
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe('a table', () => {
  it.each([{ compression: false }, { compression: true }])('gives its keys and values (%j)', async options => {
    const entries = readTable((await files(3000, options)).get('0.ldb')!)!
    expect(entries).toHaveLength(3000)
    expect(entries.findIndex(({ key, value }, n) => !key.equals(keyOf(n)) || !value.equals(valueOf(n)))).toBe(-1)
  })

  it('with any flipped bit, or cut anywhere, is damaged', async () => {
    for (const compression of [false, true]) {
      const table = (await files(12, { compression })).get('0.ldb')!
      const bits = Array.from({ length: 8 * table.length }, (_, bit) => bit)
      expect(bits.filter(bit => readTable(flipped(table, bit)) !== null)).toEqual([])
      const ends = Array.from(table.keys())
      expect(ends.filter(end => readTable(table.subarray(0, end)) !== null)).toEqual([])
    }
  })
})

it('blocks that leave a gap, or overlap, do not tile a table: some byte would have no checksum', () => {
  const at = (offset: number, bytes: number) => ({ offset, bytes })
  // Each has a trailer of five bytes.
  expect(doTile([at(0, 10), at(15, 20)], 0, 40)).toBe(true)
  expect(doTile([at(0, 10), at(16, 19)], 0, 40)).toBe(false)
  expect(doTile([at(0, 10), at(14, 21)], 0, 40)).toBe(false)
  expect(doTile([at(1, 9), at(15, 20)], 0, 40)).toBe(false)
  expect(doTile([at(0, 10)], 0, 40)).toBe(false)
})

describe('a log', () => {
  it('gives its records, those that cross blocks too, and its end', async () => {
    const wal = (await files(10, { compression: false })).get('0.log')!
    const { records, verdict } = readLog(wal)
    expect(verdict).toBe('whole')
    // 8 bytes of sequence, 4 of count, then the puts.
    expect(records.map(record => record.includes(keyOf(10)))).toEqual([true, false, false])

    const path = await mkdtemp(join(folder, 'db-'))
    const level = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer' })
    const values = [1, 32_700, 32_761, 32_768, 100_000, 7].map(bytes => Buffer.alloc(bytes, bytes))
    for (const [n, value] of values.entries()) await level.put(`${n}`, value)
    await level.close()
    const name = (await readdir(path)).find(each => each.endsWith('.log'))!
    const long = readLog(await readFile(join(path, name)))
    expect(long.verdict).toBe('whole')
    expect(long.records.map((record, n) => record.subarray(-values[n]!.length).equals(values[n]!))).toEqual(
      values.map(() => true),
    )
  })

  it('with a flipped bit gives a prefix of its records, or says that it is damaged', async () => {
    const path = await mkdtemp(join(folder, 'db-'))
    const level = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer' })
    for (let n = 0; n < 12; n += 1) await level.put(`${n}`, Buffer.alloc(9000, n))
    await level.close()
    const wal = await readFile(
      join(
        path,
        (await readdir(path)).find(each => each.endsWith('.log'))!,
      ),
    )
    const whole = readLog(wal).records
    expect(whole).toHaveLength(12)
    const isPrefix = (records: Buffer[]): boolean => records.every((record, n) => record.equals(whole[n]!))
    const verdicts = new Set<LogVerdict>()
    fc.assert(
      fc.property(fc.nat(8 * wal.length - 1), bit => {
        const { records, verdict } = readLog(flipped(wal, bit))
        verdicts.add(verdict)
        expect(isPrefix(records)).toBe(verdict !== 'damaged')
        expect(records.length === 12).toBe(verdict === 'whole')
      }),
      runs(300),
    )
    expect([...verdicts]).toEqual(expect.arrayContaining(['torn', 'damaged']))
  })

  it('cut anywhere is a prefix: torn, or whole between two records; never damaged', async () => {
    const wal = (await files(10, { compression: false })).get('0.log')!
    const whole = readLog(wal).records
    for (let end = 0; end <= wal.length; end += 1) {
      const { records, verdict } = readLog(wal.subarray(0, end))
      expect(verdict).not.toBe('damaged')
      expect(records).toEqual(whole.slice(0, records.length))
      const { records: zeroed, verdict: other } = readLog(Buffer.concat([wal.subarray(0, end), Buffer.alloc(40_000)]))
      expect(other).toBe('torn')
      expect(zeroed).toEqual(records)
    }
  })
})

it('a MANIFEST names the tables that are there, and no others', async () => {
  const found = await files(5000, { compression: false })
  const state = new ManifestState()
  const { records, verdict } = readLog(found.get('MANIFEST-0')!)
  expect(verdict).toBe('whole')
  for (const edit of records) expect(state.apply(edit)).toBe(true)
  expect([...state.tables.values()].map(({ bytes }) => bytes)).toEqual([found.get('0.ldb')!.length])
  expect([...state.tables.values()][0]?.smallest).toEqual(keyOf(0))
  expect(state.logNumber).toBeGreaterThan(0)
})

it('bytes that make no sense are refused, and nothing throws or hangs', () => {
  const likely = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.constantFrom(0, 1, 2, 4, 7, 0x3c, 0x7f, 0x80, 0xfc, 0xff), { maxLength: 60 })
      .map(bytes => Uint8Array.from(bytes)),
  )
  fc.assert(
    fc.property(likely, fc.nat(2 ** 40), (some, size) => {
      const bytes = Buffer.from(some)
      decodeFooter(bytes, size)
      decodeFooter(Buffer.concat([bytes, Buffer.alloc(FOOTER_BYTES)]).subarray(0, FOOTER_BYTES), size)
      expect(isBlockWhole(bytes) && bytes.length < 5).toBe(false)
      blockContents(bytes)
      decodeHandles(bytes)
      for (const { key, value } of decodeBlock(bytes) ?? []) expect(key.length + value.length).toBeLessThan(20_000)
      new ManifestState().apply(bytes)
      expect(decodeSnappy(bytes)?.length ?? 0).toBeLessThanOrEqual(22 * bytes.length)
      readLog(bytes)
    }),
    runs(3000),
  )
})
