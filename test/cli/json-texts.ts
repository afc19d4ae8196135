/** JSON as strangers write it: odd white space, escapes, every kind of number and character; and odd ways to chunk it. */
import fc from 'fast-check'

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })
const sameLineSpace = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })

/** A string's text, with some characters escaped that need not be. */
const stringText = fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), fc.boolean()).map(([text, isEscaped]) =>
  isEscaped
    ? `"${text
        .split('')
        .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`
    : JSON.stringify(text),
)

const scalarText = fc.oneof(
  stringText,
  fc.constantFrom(
    'true',
    'false',
    'null',
    '0',
    '-0',
    '1e400',
    '-1.50E+3',
    '12345678901234567890.10',
    '"\\ud800"',
    '"]}"',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
)

const keyText = fc.oneof(
  stringText,
  fc.constantFrom(
    '"id"',
    '"actor"',
    '"items"',
    '"type"',
    '"ordered\\u0049tems"',
    '"__proto__"',
    '""',
    '"a\\"b"',
    '"\\\\"',
  ),
)

/** A value and an object, with `between` between their tokens. */
interface Texts {
  value: string
  object: string
}

function listText(between: fc.Arbitrary<string>, item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const padded = fc.tuple(between, item, between).map(parts => parts.join(''))
  return fc.array(padded, { maxLength: 4 }).map(items => `[${items.join(',')}]`)
}

function membersText(between: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const colon = fc.constant(':')
  const member = fc.tuple(between, keyText, between, colon, between, value, between).map(parts => parts.join(''))
  return fc.array(member, { maxLength: 4 }).map(members => `{${members.join(',')}}`)
}

function textsWith(between: fc.Arbitrary<string>): { [Name in keyof Texts]: fc.Arbitrary<Texts[Name]> } {
  return fc.letrec<Texts>((tie: fc.LetrecTypedTie<Texts>) => ({
    value: fc.oneof({ depthSize: 'small' }, scalarText, tie('object'), listText(between, tie('value'))),
    object: membersText(between, tie('value')),
  }))
}

/** JSON texts of objects; line feeds may stand between their tokens. */
export const objectText = textsWith(space).object
/** The same without line feeds. */
export const objectLine = textsWith(sameLineSpace).object
/** JSON texts of any kind. */
export const valueText = textsWith(space).value

/** Whether the object's `id`, if it has one, can be a dedupe key. */
export function hasUsableId(text: string): boolean {
  const { id } = JSON.parse(text) as { id?: unknown }
  return typeof id !== 'string' || !/\p{Cs}/u.test(id)
}

/** Whether `import` would take the object apart, or `export` could not write it as a line. */
export function saysCollection(text: string): boolean {
  const { type } = JSON.parse(text) as { type?: unknown }
  return JSON.stringify(type ?? null).includes('Collection')
}

/** `bytes` cut at random places, with empty chunks among them. */
export function chunked(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = cuts.map(cut => cut % (bytes.length + 1)).toSorted((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}

export const cutPlaces = fc.array(fc.nat(), { maxLength: 20 })

export async function* streamed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  for (const chunk of chunks) yield chunk
}
