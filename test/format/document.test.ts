/** docs/format.md says what the code does: each of its tables is compared. (The worked example: vectors.test.ts.) */
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import * as commitLogLayout from '../../src/commit-log/layout.ts'
import { LOG_KEY_KIND, STORE_KEY_KIND } from '../../src/key-index/keys.ts'
import * as values from '../../src/key-index/values.ts'
import { encodeItem, encodePair } from '../../src/record/bodies.ts'
import { isKnownEntry } from '../../src/record/entry.ts'
import type { FieldTable } from '../../src/record/hex-dump.ts'
import * as recordLayout from '../../src/record/layout.ts'
import { plain, tables, type Table } from './document-tables.ts'
import { IDENTITY } from './fixed-store.ts'

const FIELDS = ['offset', 'bytes', 'field', 'meaning']

/** The tables with these columns, as `heading` or `heading, 2`. */
function tablesWith(...columns: string[]): Map<string, Table> {
  const found = new Map<string, Table>()
  for (const table of tables) {
    if (table.columns.join() !== columns.join()) continue
    let name = table.heading
    for (let n = 2; found.has(name); n += 1) name = `${table.heading}, ${n}`
    found.set(name, table)
  }
  return found
}

const onlyTable = (...columns: string[]): Table => {
  const found = [...tablesWith(...columns).values()]
  expect(found, `tables with the columns ${columns.join()}`).toHaveLength(1)
  return found[0]!
}

/** A structure whose fields the code names one by one. */
const STRUCTURES: Record<string, FieldTable> = {
  'Identity file': commitLogLayout.IDENTITY_FIELDS,
  Segments: commitLogLayout.SEGMENT_FIELDS,
  'Segments that were written again': commitLogLayout.BIRTH_FIELDS,
  'Segments that were written again, 2': commitLogLayout.MAP_FIELDS,
  Frames: commitLogLayout.FRAME_FIELDS,
  Entries: recordLayout.ENTRY_FIELDS,
}

/** A structure that only its encoder knows: here encoded with 1 in its first field, 2 in the next, and so on. */
const ENCODED: Record<string, () => Buffer> = {
  'Types of entries': () => encodePair(1, 2),
  'Types of entries, 2': () => encodeItem(Buffer.from([0, 0, 3]), 1, Buffer.from([4])),
  Head: () => values.encodeHead({ first: 1, tip: 2 }),
  Location: () => values.encodeLocation({ segment: 1, offset: 2, length: 3 }),
  Dedupe: () => values.encodeDedupe({ seq: 1, codec: 2, payloadSum: 3n }),
  Point: () =>
    values.encodePoint({ batch: 1, ledgerFloor: 2, segment: 3, offset: 4, commit: 5, chain: 6n, nextLog: 7 }),
  Actor: () => values.encodeActor({ number: 1, isActive: true }),
  Item: () => values.encodeItemValue({ version: 1, value: Buffer.from([2]) }),
}
/** Fields that hold something else than their position. */
const SPECIAL: Record<string, number> = { 'Types of entries, 2 keyLength': 3, 'Actor isActive': 1 }

describe('byte tables', () => {
  it('each belongs to a structure of the code, and each structure has one', () => {
    expect([...tablesWith(...FIELDS).keys()].toSorted()).toEqual(
      [...Object.keys(STRUCTURES), ...Object.keys(ENCODED)].toSorted(),
    )
  })

  it.each(Object.keys(STRUCTURES))('%s', heading => {
    const rows = tablesWith(...FIELDS).get(heading)!.rows
    const documented = rows.map(([at, bytes, name]) => [plain(name!), { at: Number(at), bytes: Number(bytes) }])
    expect(documented).toEqual(Object.entries(STRUCTURES[heading]!))
  })

  it.each(Object.keys(STRUCTURES))('%s has no gap', heading => {
    let end = 0
    for (const { at, bytes } of Object.values(STRUCTURES[heading]!)) {
      expect(at).toBe(end)
      end += bytes
    }
  })

  it.each(Object.keys(ENCODED))('%s', heading => {
    const encoded = ENCODED[heading]!()
    let end = 0
    for (const [i, [at, length, name]] of tablesWith(...FIELDS)
      .get(heading)!
      .rows.entries()) {
      expect(at === '10 + `keyLength`' ? 13 : Number(at)).toBe(end)
      const bytes = length === 'the rest' ? encoded.length - end : length === '`keyLength`' ? 3 : Number(length)
      const expected = SPECIAL[`${heading} ${plain(name!)}`] ?? i + 1
      expect(encoded.toString('hex', end, end + bytes)).toBe(expected.toString(16).padStart(2 * bytes, '0'))
      end += bytes
    }
    expect(end).toBe(encoded.length)
  })
})

describe('numbers', () => {
  /** `| 3 | name | …` as name to 3. */
  const enumOf = (table: Table): Record<string, number> =>
    Object.fromEntries(table.rows.map(([value, name]) => [plain(name!), Number(value)]))

  it('types of entries', () => {
    const table = onlyTable('value', 'name', 'written', 'what it says')
    expect(enumOf(table)).toEqual(recordLayout.ENTRY_TYPE)
    for (const [value, , written] of table.rows) {
      const entry = Buffer.alloc(recordLayout.ENTRY_HEADER_BYTES)
      entry[recordLayout.ENTRY_FIELDS.type.at] = Number(value)
      expect(written).toBe(isKnownEntry(entry, 0) ? 'yes' : 'reserved')
    }
  })

  it('what entries do is said of every type that is written', () => {
    const written = onlyTable('value', 'name', 'written', 'what it says').rows.filter(([, , yes]) => yes === 'yes')
    const said = onlyTable('entry', 'what it does').rows.map(([name]) => name)
    expect(new Set(said)).toEqual(new Set(written.map(([, name]) => name)))
  })

  it('codecs', () => {
    expect(enumOf(onlyTable('value', 'name', 'the payload'))).toEqual(recordLayout.CODEC_ID)
  })

  it('kinds of keys', () => {
    expect(enumOf(onlyTable('kind', 'under a log', 'rest of the key', 'value'))).toEqual(LOG_KEY_KIND)
    expect(enumOf(onlyTable('kind', 'under number 0', 'rest of the key', 'value'))).toEqual(STORE_KEY_KIND)
  })

  it('constants: all of the layouts, and no others', () => {
    const inCode = Object.entries({ ...recordLayout, ...commitLogLayout }).flatMap(([name, value]) => {
      if (typeof value === 'number') return [[name, BigInt(value)] as const]
      return Buffer.isBuffer(value) ? [[name, BigInt(`0x${value.toString('hex')}`)] as const] : []
    })
    const rows = [...tablesWith('constant', 'value', 'meaning').values()].flatMap(table => table.rows)
    const documented = rows.map(([name, value]) => {
      const isHex = value!.startsWith('`')
      return [plain(name!), BigInt(isHex ? `0x${plain(value!).replaceAll(' ', '')}` : value!)] as const
    })
    expect(new Map(documented)).toEqual(new Map(inCode))
    expect(documented).toHaveLength(inCode.length)
  })

  it('every table of numbers in the layouts is compared', () => {
    const named = Object.entries({ ...recordLayout, ...commitLogLayout })
      .filter(([, value]) => typeof value === 'object' && !Buffer.isBuffer(value))
      .map(([name]) => name)
    const compared = [
      'ENTRY_FIELDS',
      'ENTRY_TYPE',
      'CODEC_ID',
      'SEGMENT_FIELDS',
      'FRAME_FIELDS',
      'IDENTITY_FIELDS',
      'BIRTH_FIELDS',
      'MAP_FIELDS',
    ]
    expect(named.toSorted()).toEqual(compared.toSorted())
  })
})

describe('check values', () => {
  let plainSum: Checksum
  let storeSum: Checksum
  beforeAll(async () => {
    plainSum = await Checksum.plain()
    storeSum = await Checksum.forStore(IDENTITY.storeId)
  })

  it('are what the code computes', () => {
    const seed = plainSum.sum(IDENTITY.storeId)
    const { rows } = onlyTable('input', 'seed', 'XXH64')
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      const [input, seedHex, sumHex] = row.map(plain) as [string, string, string]
      const seeded = BigInt(`0x${seedHex}`)
      expect([0n, seed]).toContain(seeded)
      const bytes = input === 'id' ? IDENTITY.storeId : Buffer.from(JSON.parse(input) as string)
      expect((seeded === 0n ? plainSum : storeSum).sum(bytes)).toBe(BigInt(`0x${sumHex}`))
    }
  })
})
