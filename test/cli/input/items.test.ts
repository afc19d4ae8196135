import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readItems } from '../../../src/cli/input/items.ts'
import { runs } from '../../engine/runs.ts'
import { chunked, cutPlaces, objectLine, objectText, saysCollection, streamed, valueText } from '../json-texts.ts'

type Read = string | { code: string; isEnd: boolean }

async function itemsOf(file: string | Uint8Array, cuts: readonly number[] = [], bytesMax?: number): Promise<Read[]> {
  const read: Read[] = []
  for await (const slice of readItems(streamed(chunked(Buffer.from(file), cuts)), bytesMax)) {
    read.push(slice.code ? { ...slice } : Buffer.from(slice.bytes).toString('latin1'))
  }
  return read
}

const exact = (texts: readonly string[]): string[] => texts.map(text => Buffer.from(text).toString('latin1'))
const torn = { code: 'INVALID_JSON', isEnd: true }
const invalid = { code: 'INVALID_JSON', isEnd: false }

describe('a collection', () => {
  it('gives the exact bytes of its items, however it is chunked', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(valueText),
        fc.constantFrom('items', 'orderedItems', 'ordered\\u0049tems'),
        fc.constantFrom('"Collection"', '"OrderedCollectionPage"', '["Thing", "OrderedCollection"]'),
        fc.boolean(),
        fc.constantFrom('', '\n', ' '),
        cutPlaces,
        async (items, member, type, isTypeLast, space, cuts) => {
          const list = `"${member}":${space}[${items.join(`${space},${space}`)}]`
          const members = isTypeLast ? [list, `"type":${type}`] : [`"type":${type}`, list]
          const file = `{${space}"first":{"items":[1]},${members.join(',')}}${space}`
          expect(await itemsOf(file, cuts)).toEqual(exact(items))
        },
      ),
    ))

  it('may stand on a line among others', async () => {
    const file = '{"type":"Collection","items":[{"a":1},{"a":2}]}\n{"a":3}\n'
    expect(await itemsOf(file)).toEqual(['{"a":1}', '{"a":2}', '{"a":3}'])
  })

  it('may have its only item without a list, and both kinds of list', async () => {
    expect(await itemsOf('{"type":"Collection","items":{"a":1}, "orderedItems":[2,3]}')).toEqual(['{"a":1}', '2', '3'])
  })

  it('without a list says NO_ITEMS, with an empty one nothing', async () => {
    expect(await itemsOf('{"type":"OrderedCollection","first":"https://example.com/?page=1"}')).toEqual([
      { code: 'NO_ITEMS', isEnd: false },
    ])
    expect(await itemsOf('{"type":"OrderedCollection","orderedItems":[]}')).toEqual([])
  })

  it('is what its type says: any other object with items is one item', async () => {
    for (const file of ['{"items":[1]}', '{"type":"Create","items":[1]}', '{"type":{"items":[1]}}']) {
      expect(await itemsOf(file)).toEqual([file])
    }
  })

  it.each([
    ['a torn end', '{"type":"Collection","items":[{"a":1},{"a":'],
    ['a missing comma', '{"type":"Collection","items":[{"a":1} {"a":2}]}'],
    ['a comma too many', '{"type":"Collection","items":[{"a":1},]}'],
    ['no end of its own', '{"type":"Collection","items":[{"a":1}]'],
    ['a broken member after its items', '{"type":"Collection","items":[{"a":1}],7}'],
    ['a broken start', '{"items":[{"a":1},],"type":"Collection"}'],
  ])('with %s gives what comes before, then INVALID_JSON', async (_, file) => {
    expect(await itemsOf(file)).toEqual(['{"a":1}', torn])
  })

  it('loses one broken item alone when its brackets close', async () => {
    expect(await itemsOf('{"type":"Collection","items":[{"a":01},{"a":2}]}')).toEqual(['{"a":01}', '{"a":2}'])
  })
})

describe('lines', () => {
  it('give the exact bytes of their items, however they are chunked and ended', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(objectLine.filter(line => !saysCollection(line))),
        fc.array(fc.constantFrom('\n', '\r\n', '\n\n', ' \n\t\n'), { minLength: 1 }),
        fc.boolean(),
        fc.boolean(),
        cutPlaces,
        async (items, ends, hasMark, hasLastEnd, cuts) => {
          const lines = items.map((item, index) => item + ends[index % ends.length])
          const file = (hasMark ? '\ufeff' : '') + lines.join('')
          expect(await itemsOf(hasLastEnd ? file : file.trimEnd(), cuts)).toEqual(exact(items))
        },
      ),
    ))

  it('that are broken cost themselves alone', async () => {
    expect(await itemsOf('{"a":1}\n{"a":"2\n{"a":3}\n}\n4\n{"a":5}')).toEqual([
      '{"a":1}',
      torn,
      '{"a":3}',
      torn,
      '4',
      '{"a":5}',
    ])
  })

  it('are known for lines when the first one is broken', async () => {
    expect(await itemsOf('{"a":"1\n{"a":2}\n{"a":3}')).toEqual([torn, '{"a":2}', '{"a":3}'])
  })

  it('may be torn at the end of the file', async () => {
    expect(await itemsOf('{"a":1}\n{"a":2}\n{"a":')).toEqual(['{"a":1}', '{"a":2}', torn])
  })
})

describe('a document', () => {
  it('is one item, exact, however it is chunked and whatever stands around it', () =>
    fc.assert(
      fc.asyncProperty(
        objectText.filter(text => !saysCollection(text)),
        fc.constantFrom('', '\n', ' '),
        cutPlaces,
        async (text, space, cuts) => {
          expect(await itemsOf(space + text + space, cuts)).toEqual(exact([text]))
        },
      ),
    ))

  it('may be followed by others', async () => {
    expect(await itemsOf('{\n"a":1\n}\n{\n"a":2\n} {"a":3}{}')).toEqual(['{\n"a":1\n}', '{\n"a":2\n}', '{"a":3}', '{}'])
  })

  it('that is a list is one item', async () => {
    expect(await itemsOf('[\n{"a":1}\n]')).toEqual(['[\n{"a":1}\n]'])
  })

  it('that is not well formed costs itself alone when its brackets close', async () => {
    expect(await itemsOf('{\n"a" 1\n}\n{\n"a":2\n}')).toEqual([invalid, '{\n"a":2\n}'])
  })

  it.each(['', ' \n', '\ufeff'])('is not there in a file that holds nothing: %j', async file => {
    expect(await itemsOf(file)).toEqual([])
  })

  it.each(['hello', '{"a":1', '{', '"', '\u0000', 'truefalse', '{"a":1}}', '\ufeff\ufeff{}', 'nul'])(
    'is not there in what is no JSON: %j',
    async file => {
      expect((await itemsOf(file)).at(-1)).toEqual(torn)
    },
  )
})

describe('any bytes', () => {
  const json = fc.string({
    unit: fc.constantFrom(...'{}[]",:\\ \n1tn'.split(''), '"type"', '"items"', '"Collection"', '{"a":1}'),
    maxLength: 40,
  })
  const file = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    json.map(text => new Uint8Array(Buffer.from(text))),
  )

  it('end with items and codes, the same ones however they are chunked', () =>
    fc.assert(
      fc.asyncProperty(file, cutPlaces, fc.integer({ min: 1, max: 30 }), async (bytes, cuts, bytesMax) => {
        const whole = await itemsOf(bytes, [], bytesMax)
        expect(await itemsOf(bytes, cuts, bytesMax)).toEqual(whole)
      }),
      runs(1000),
    ))

  it('give nothing that does not stand in them', () =>
    fc.assert(
      fc.asyncProperty(json, async text => {
        for (const item of await itemsOf(text)) {
          if (typeof item === 'string') expect(text).toContain(item)
        }
      }),
    ))
})

describe('an item', () => {
  const long = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`

  it('of the greatest length is taken, one byte more is TOO_LARGE and costs itself alone', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom('lines', 'texts', 'collection'), cutPlaces, async (kind, cuts) => {
        const items = ['{"a":1}', long(100), long(101), '{"a":2}']
        const file = {
          lines: items.join('\n'),
          texts: items.join(' '),
          collection: `{"type":"Collection","items":[${items.join(',')}]}`,
        }[kind]
        const tooLarge = { code: 'TOO_LARGE', isEnd: false }
        expect(await itemsOf(file, cuts, 100)).toEqual([items[0], items[1], tooLarge, items[3]])
      }),
    ))

  it('may be nested a million deep', async () => {
    const deep = `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`
    expect(await itemsOf(`{"type":"Collection","items":[${deep},{}]}`)).toEqual([deep, '{}'])
  })

  it('of 64 MiB is taken, and one of one byte more is TOO_LARGE', async () => {
    const bytesMax = 64 * 1024 * 1024
    const codes: unknown[] = []
    const text = Buffer.alloc(2 * bytesMax + 100, 'x')
    text.write('{"a":"')
    text.write('"}\n{"a":"', bytesMax - 2)
    text.write('"}\n', 2 * bytesMax)
    const chunks = Array.from({ length: 200 }, (_, index) => index * 1024 * 1024)
    for await (const slice of readItems(streamed(chunked(text.subarray(0, 2 * bytesMax + 3), chunks)))) {
      codes.push(slice.code ?? slice.bytes.length)
    }
    expect(codes).toEqual([bytesMax, 'TOO_LARGE'])
  })
})
