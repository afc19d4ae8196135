/**
 * Structured fields of the common shapes are read without the library. Two readers of one text are a hole unless they
 * agree on every text: so for any text the answer has to be the library's, and what we sign has to be of these shapes.
 */
import fc from 'fast-check'
import {
  parseDictionary,
  serializeDictionary,
  serializeInnerList,
  type BareItem,
  type InnerList,
  type Item,
} from 'structured-headers'
import { describe, expect, it } from 'vitest'
import { readPlainBytes, readPlainList } from '../../src/signatures/plain-fields.ts'
import { readDictionary } from '../../src/signatures/structured-fields.ts'
import { combinations, header, keys, send } from './fixtures.ts'

/** What the library makes of a text, unless the text is not how an encoder would write that, white space apart. */
function asTheLibraryReads(text: string): unknown {
  try {
    const dictionary = parseDictionary(text)
    const squeeze = (each: string): string => each.replaceAll(/[ \t]+/g, '')
    if (squeeze(serializeDictionary(dictionary)) !== squeeze(text)) return undefined
    const bare = (value: BareItem): unknown => {
      if (value instanceof ArrayBuffer) return Buffer.from(value).toString('hex')
      return typeof value === 'object' ? null : value
    }
    const named = (parameters: ReadonlyMap<string, BareItem>) =>
      [...parameters].map(([name, each]) => [name, bare(each)])
    const item = ([value, parameters]: Item) => ({ value: bare(value), parameters: named(parameters) })
    const list = (each: InnerList) => {
      return { items: each[0].map(item), parameters: named(each[1]), text: serializeInnerList(each) }
    }
    return [...dictionary].map(([label, member]) => {
      return [label, Array.isArray(member[0]) ? list(member as InnerList) : item(member as Item)]
    })
  } catch {
    return undefined
  }
}

function asWeRead(text: string): unknown {
  const plain = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)
  const dictionary = readDictionary(text)
  const named = (parameters: ReadonlyMap<string, unknown>) => [...parameters].map(([name, each]) => [name, plain(each)])
  const item = ({ value, parameters }: { value: unknown; parameters: ReadonlyMap<string, unknown> }) => {
    return { value: plain(value), parameters: named(parameters) }
  }
  return (
    dictionary &&
    [...dictionary].map(([label, member]) => {
      if ('value' in member) return [label, item(member)]
      const { items, parameters, text: written } = member
      return [label, { items: items.map(item), parameters: named(parameters), text: written }]
    })
  )
}

const signed = combinations
  .filter(({ form }) => form === 'rfc9421')
  .map(({ form, algorithm }) => send({ form, key: keys[algorithm] }))
const written = signed.flatMap(delivery => ['signature-input', 'signature'].map(name => header(delivery, name)))

const pieces = [
  'sig1 a * A - _ . = == ( ) () ("a" "b") "@method" "content-digest" " " " ; , " \\ \\" "" "a" ?1 ?0 @1 %"a" tok tok/a:b',
  '0 00 1 -1 -0 01 1.5 1.0 1. 1e3 999999999999999 1000000000000000 1618884473 ;a= ;b= ;created=1 ;keyid="x" ;alg ;A=1',
  ':AAAA: :AAA=: :AAAB=: :AA==: :AB==: :A: :: :=: : :AAAA :-_-_: é \u007f \n \0',
]
  .flatMap(line => line.split(' '))
  .concat([' ', '  ', '\t', ', ', '; a=1', ';a= 1'])
const anyField = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map(parts => parts.join('')),
  fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map(parts => `sig1=${parts.join('')}`),
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map(parts => `sig1=("@method" "host")${parts.join('')}`),
  fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'keyid'), fc.constantFrom(...pieces)), { maxLength: 3 })
    .map(parameters => `sig1=("@method")${parameters.map(([name, value]) => `;${name}=${value}`).join('')}`),
  fc
    .tuple(fc.constantFrom(...written), fc.nat(), fc.nat(6), fc.constantFrom('', ...pieces))
    .map(([text, at, length, piece]) => {
      const start = at % (text.length + 1)
      return text.slice(0, start) + piece + text.slice(start + length)
    }),
  fc.string({ unit: 'binary', maxLength: 60 }),
)

describe('structured fields of the common shapes', () => {
  it('say what the library reads, whatever the text is', () => {
    fc.assert(
      fc.property(anyField, text => {
        expect(asWeRead(text)).toEqual(asTheLibraryReads(text))
      }),
      {
        numRuns: 5000,
        examples: [...written.map(text => [text] as [string]), ...pieces.map(text => [`a=${text}`] as [string])],
      },
    )
  })

  it('are what a signed request has', () => {
    for (const delivery of signed) {
      expect(readPlainList(header(delivery, 'signature-input'))?.items).toEqual([
        '@method',
        '@target-uri',
        'content-digest',
      ])
      expect(readPlainBytes(header(delivery, 'signature'))?.label).toBe('sig1')
      expect(readPlainBytes(header(delivery, 'content-digest'))?.label).toBe('sha-256')
    }
  })

  it.each([
    'a=("b";x)',
    'a=("b")  ;x=1',
    'a=("b"  "c")',
    'a=()',
    'a=("b");x',
    'a=("b");x=-1',
    'a=("b");x=1.0',
    'a=("b");x=tok',
    'a=("\\"")',
    'a=("b"), c=("d")',
    'a=("b");x=1;x=1',
    'a=:AAA=:;x',
    'a=:AAA=:, b=:AAA=:',
  ])('leave the rest to the library: %s', text => {
    expect(readPlainList(text)).toBeUndefined()
    expect(readPlainBytes(text)).toBeUndefined()
  })
})
