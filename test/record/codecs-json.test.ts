/** The json and bytes codecs keep exact bytes, in memory of their own, and refuse what is not JSON. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBytes } from '../../src/record/codecs/bytes.ts'
import { decodeJson, encodeJson } from '../../src/record/codecs/json.ts'
import type { SizeLimit } from '../../src/record/codecs/size-limit.ts'

const limit: SizeLimit = { code: 'PAYLOAD_TOO_LARGE', bytesMax: 1000 }
const roomy: SizeLimit = { code: 'PAYLOAD_TOO_LARGE', bytesMax: 1_000_000 }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('json', () => {
  it('keeps the exact bytes, given as text or as bytes', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'grapheme' }), fc.constantFrom('', ' ', '\r\n\t'), (json, space) => {
        const text = space + json + space
        const kept = encodeJson(text, roomy)
        expect(Buffer.from(kept).toString()).toBe(text)
        expect(encodeJson(bytesOf(text), roomy)).toEqual(kept)
        expect(decodeJson(kept)).toEqual(JSON.parse(json))
      }),
    )
  })

  it('keeps what a decoder would lose: key order, repeated keys, long numbers, escapes', () => {
    const text = '{"b":1,"a":1.00,"a":12345678901234567890,"s":"\\ud800\\u00e9","__proto__":{}}'
    expect(Buffer.from(encodeJson(text, limit)).toString()).toBe(text)
  })

  it('has a copy: the caller may change its own bytes afterwards', () => {
    const given = bytesOf('[1]')
    const kept = encodeJson(given, limit)
    given.fill(0)
    expect(decodeJson(kept)).toEqual([1])
  })

  it('reads the window it is given, not the memory around it', () => {
    const around = Buffer.from('xx{"a":1}yy')
    expect(decodeJson(encodeJson(around.subarray(2, 9), limit))).toEqual({ a: 1 })
  })

  it.each<[what: string, json: string | Uint8Array]>([
    ['nothing', ''],
    ['no bytes', new Uint8Array()],
    ['half a text', '{"a":'],
    ['two texts', '{}{}'],
    ['NDJSON', '{}\n{}\n'],
    ['NaN', 'NaN'],
    ['a trailing comma', '[1,]'],
    ['a byte order mark', '\uFEFF{}'],
    ['a byte order mark, in bytes', Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)],
    ['a lone surrogate', '"\uD800"'],
    ['a lone surrogate, in bytes', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ['half a character', Uint8Array.of(0x22, 0xc3, 0x22)],
    ['an overlong character', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['a zero byte', '{}\0'],
  ])('refuses %s', (_, json) => {
    expect(() => encodeJson(json, limit)).toThrow(expect.objectContaining({ code: 'INVALID_JSON' }))
  })

  it('takes what fits the limit exactly and refuses one byte more, counted in UTF-8', () => {
    const fits = `"${'é'.repeat(499)}"`
    expect(encodeJson(fits, limit)).toHaveLength(1000)
    for (const more of [`${fits} `, bytesOf(`${fits} `)]) {
      const facts = { code: 'PAYLOAD_TOO_LARGE', bytes: 1001, bytesMax: 1000 }
      expect(() => encodeJson(more, limit)).toThrow(expect.objectContaining(facts))
    }
  })

  it('takes any depth: JSON is read without recursion', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(encodeJson(deep, roomy)).toHaveLength(200_000)
  })
})

describe('bytes', () => {
  it('are taken as they are, up to the limit', () => {
    const given = Uint8Array.from({ length: 1000 }, (_, index) => index)
    expect(encodeBytes(given, limit)).toBe(given)
    const facts = { code: 'PAYLOAD_TOO_LARGE', bytes: 1001, bytesMax: 1000 }
    expect(() => encodeBytes(new Uint8Array(1001), limit)).toThrow(expect.objectContaining(facts))
  })

  it('are copied where another thread may change them before they are written', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1000)).fill(1)
    const kept = encodeBytes(shared, limit)
    shared.fill(0)
    expect(kept).toEqual(Buffer.alloc(1000, 1))
  })

  it('may be none', () => expect(encodeBytes(new Uint8Array(), limit)).toHaveLength(0))
})
