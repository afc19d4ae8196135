/** What the strict reader takes, what it refuses by which code, and that nothing makes it throw or recurse. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonRejection } from '../../src/json/json-rejection.ts'
import { readStrictJson, type JsonLimits } from '../../src/json/strict-json.ts'
import { runs } from '../engine/runs.ts'
import { naiveFacts, type Facts } from './naive-json.ts'

function readText(text: string, limits?: JsonLimits): unknown {
  return readStrictJson(Buffer.from(text), limits)
}

function codeOf(text: string, limits?: JsonLimits): string | undefined {
  const read = readText(text, limits)
  return read instanceof JsonRejection ? read.code : undefined
}

describe('taken', () => {
  it.each(['null', ' 0 ', '-1e400', '12345678901234567890', '""', '[]', '{}', '"\\u0000"', '\t[1,\r\n{"a" : []}]'])(
    '%j, as JSON.parse has it',
    text => expect(readText(text)).toEqual(JSON.parse(text)),
  )

  it('names that other objects have too, or that only look alike', () => {
    const texts = ['[{"a":1},{"a":{"a":{"b":1}},"b":[{"a":1}]}]', '{"a":1,"A":2,"":3," a":4,"\\u0061\\u0062":5}']
    for (const text of texts) expect(readText(text)).toEqual(JSON.parse(text))
  })

  it('brackets, colons, commas and quotes inside strings', () => {
    const value = { 'a":{[': '"}],:\\', '\\': ['\\"', '"'], ':': ':,:' }
    expect(readText(JSON.stringify(value), { depthMax: 2, nodesMax: 6 })).toEqual(value)
  })

  it('pairs of surrogates, raw and escaped in either case, and names like __proto__', () => {
    const text = String.raw`{"😀":"\ud83d\ude00\uD83D\uDE00 \\ud83d","proto":1,"__proto":"__proto__"}`
    expect(readText(text)).toEqual({ '😀': '😀😀 \\ud83d', proto: 1, __proto: '__proto__' })
  })

  it('a view into a larger buffer, and plain Uint8Arrays', () => {
    expect(readStrictJson(Buffer.from('x[1]x').subarray(1, 4))).toEqual([1])
    expect(readStrictJson(Uint8Array.from(Buffer.from('{"a":1}')))).toEqual({ a: 1 })
  })
})

describe('refused', () => {
  it.each([
    '',
    ' ',
    '{',
    '[1',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '01',
    'NaN',
    '[1] 2',
    '"\t"',
    '"\\x"',
    '"\\u12"',
  ])('%j as malformed_json', text => expect(codeOf(text)).toBe('malformed_json'))

  it('what is not UTF-8, or begins with a byte order mark', () => {
    const bytes = [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xef, 0xbb, 0xbf, 0x31],
    ]
    for (const each of bytes) {
      expect(readStrictJson(Uint8Array.from(each))).toMatchObject({ code: 'malformed_json' })
    }
  })

  it('lone surrogates in names and values', () => {
    const halves = ['\\ud83d', '\\uDE00', '\\ude00\\ud83d', '\\ud83d\\u0061', '\\ud83dx\\ude00', '\\ud83d\\\\ude00']
    for (const half of halves) {
      for (const text of [`"${half}"`, `{"${half}":1}`, `["\\ud83d\\ude00${half}"]`, `"\\\\${half}"`]) {
        expect(codeOf(text), text).toBe('malformed_json')
      }
    }
  })

  it('a surrogate exactly where it has no other half, at every edge of the two ranges', () => {
    const edges = ['d7ff', 'd800', 'd8fF', 'DBFF', 'dbff', 'dc00', 'DCFF', 'dfff', 'e000', '0d80']
    for (const left of edges) {
      for (const right of edges) {
        const text = `"\\u${left}\\u${right}"`
        const isLone = /\p{Surrogate}/u.test(JSON.parse(text) as string)
        expect(codeOf(text), text).toBe(isLone ? 'malformed_json' : undefined)
      }
    }
  })

  it('a member name twice in one object, at any depth, however it is written', () => {
    const texts = ['{"a":1,"a":1}', '[[{"b":{"a":1,"c":{"a":1},"a":2}}]]', '{"a":1,"\\u0061":1}', '{"":1,"":1}']
    for (const text of [...texts, '{"1":[],"1" \n:{}}', '{"😀":1,"\\ud83d\\ude00":1}']) {
      expect(codeOf(text), text).toBe('duplicate_key')
    }
  })

  it('__proto__ as a name, however it is written', () => {
    const texts = ['{"__proto__":{}}', '[{"a":{"__proto__":null}}]', '{"\\u005f_proto_\\u005F":1}', '{"__proto__" :1}']
    for (const text of texts) expect(codeOf(text), text).toBe('unsafe_key')
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  it('says which of two faults comes first, and where', () => {
    expect(readText('{"a":1,"a":{"__proto__":1}}')).toEqual(
      new JsonRejection('duplicate_key', 'a name again at byte 7'),
    )
    expect(readText('{"ü":{"__proto__":1},"ü":1}')).toEqual(new JsonRejection('unsafe_key', '__proto__ at byte 7'))
    expect(readText('["\\ud83d"]')).toEqual(new JsonRejection('malformed_json', 'a lone surrogate at byte 2'))
  })
})

describe('limits', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

  it('are 32 levels and 10,000 values', () => {
    expect(codeOf(nested(32))).toBeUndefined()
    expect(codeOf(nested(33))).toBe('json_too_deep')
    expect(codeOf(JSON.stringify(Array.from({ length: 9999 }, () => 0)))).toBeUndefined()
    expect(codeOf(JSON.stringify(Array.from({ length: 10_000 }, () => 0)))).toBe('json_too_deep')
  })

  it('hold for millions of brackets, closed or not, before anything is parsed', () => {
    for (const text of [nested(200_000), '['.repeat(4_000_000), '{"a":'.repeat(1_000_000), '[{},'.repeat(1_000_000)]) {
      expect(codeOf(text)).toBe('json_too_deep')
      expect(codeOf(text, { depthMax: Infinity })).toBe('json_too_deep')
    }
  })

  it('may be lifted: nothing recurses', () => {
    const limits = { depthMax: Infinity, nodesMax: Infinity }
    expect(codeOf(nested(200_000), limits)).toBeUndefined()
    expect(codeOf(`{"a":${nested(200_000)},"a":1}`, limits)).toBe('duplicate_key')
    expect(codeOf('{"a":'.repeat(200_000), limits)).toBe('malformed_json')
  })
})

describe('properties', () => {
  const name = fc.constantFrom(
    '"a"',
    '"b"',
    '"\\u0061"',
    '"__proto__"',
    '"\\u005f_proto__"',
    '"\\ud800"',
    '"💡"',
    '"\\\\"',
  )
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r ')
  const scalar = fc.oneof(
    fc.constantFrom(
      '1',
      '-0.5e3',
      'true',
      'null',
      '""',
      '":"',
      '"[{"',
      '"\\"]"',
      '"\\ud83d\\ude00"',
      '"\\udE00"',
      '"é"',
    ),
    fc.json({ maxDepth: 1 }),
    fc.string({ unit: 'binary' }).map(each => JSON.stringify(each)),
  )
  const { text: anyText } = fc.letrec<{ text: string }>(tie => ({
    text: fc.oneof(
      { withCrossShrink: true, depthSize: 'medium' },
      scalar,
      fc.array(fc.tuple(space, tie('text'))).map(items => `[${items.map(([left, item]) => left + item).join(',')} ]`),
      fc
        .array(fc.tuple(name, space, tie('text')), { maxLength: 4 })
        .map(members => `{${members.map(([left, middle, right]) => `${left}${middle}:${right}`).join(', ')}}`),
    ),
  }))
  const mutated = fc
    .tuple(
      anyText,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom('', '"', '\\', '[', '}', ',', ':', '"a":', '\\u', '\ufeff'),
    )
    .map(([whole, at, length, piece]) => {
      const place = at % (whole.length + 1)
      return whole.slice(0, place) + piece + whole.slice(place + length)
    })

  function factsOf(text: string): Facts | undefined {
    try {
      // What the bytes say: a string that was cut between two surrogates is another one in UTF-8.
      return naiveFacts(Buffer.from(text).toString())
    } catch {
      return undefined
    }
  }

  it('takes what JSON.parse takes, with the same value, minus what is refused by the right code', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, mutated),
        fc.nat({ max: 5 }),
        fc.integer({ min: 1, max: 30 }),
        (json, depthMax, nodesMax) => {
          const facts = factsOf(json)
          const read = readText(json, { depthMax, nodesMax })
          if (facts === undefined) {
            expect(['malformed_json', 'json_too_deep']).toContain((read as JsonRejection).code)
            return
          }
          if (facts.depth > depthMax || facts.nodes > nodesMax) facts.faults.add('json_too_deep')
          if (facts.faults.size === 0) expect(read).toStrictEqual(facts.value)
          else expect([...facts.faults]).toContain((read as JsonRejection).code)
        },
      ),
      runs(2000),
    )
  })

  it('never throws, whatever the bytes are', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,\\ud8cDe_1 ')) }).map(each => Buffer.from(each)),
    )
    fc.assert(
      fc.property(bytes, each => {
        const read = readStrictJson(each)
        if (read instanceof JsonRejection) expect(read.detail).not.toBe('')
        else expect(read).toStrictEqual(JSON.parse(Buffer.from(each).toString()))
      }),
      runs(2000),
    )
  })
})
