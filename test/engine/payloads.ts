/** Values that break naive codecs: each comes back exactly as it was, or is refused with a code. */
import { isDeepStrictEqual, types } from 'node:util'
import fc from 'fast-check'

class Point {
  readonly x = 1
  readonly y = 2
}

class Numbers extends Array<number> {}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

function cycle(): unknown {
  const value: Record<string, unknown> = { name: 'cycle' }
  value['self'] = value
  return value
}

function crossedCycle(): unknown {
  const list: unknown[] = [1]
  list.push({ list })
  return list
}

function withKey(key: PropertyKey, descriptor: PropertyDescriptor): object {
  return Object.defineProperty({ a: 1 }, key, descriptor)
}

const data = { enumerable: true, configurable: true, writable: true }
// A hole as source text would be an empty slot that formatters like to touch.
const holes = Array.from<number>({ length: 0 })
holes.length = 3
holes[1] = 1

/** What must come back, because ordinary messages hold it. */
export const ordinaryValues: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  zero: 0,
  'an integer': 42,
  'a negative integer': -42,
  'a fraction': 0.1,
  'the largest safe integer': Number.MAX_SAFE_INTEGER,
  'an empty string': '',
  'a string': 'text',
  'an emoji': '👩‍👩‍👧',
  'a NUL': '\u0000',
  'an empty list': [],
  'an empty object': {},
  'an activity': {
    '@context': 'https://www.w3.org/ns/activitystreams',
    id: 'https://example.com/activities/1',
    type: 'Create',
    actor: 'https://example.com/users/alice',
    object: { type: 'Note', content: '<p>Hi</p>', tag: [], published: '2026-01-01T00:00:00Z' },
    to: ['https://www.w3.org/ns/activitystreams#Public'],
  },
}

/** What comes back or is refused. */
export const hardValues: Readonly<Record<string, unknown>> = {
  undefined,
  'an undefined property': { a: undefined, b: 1 },
  'an undefined element': [undefined, 1],
  'minus zero': -0,
  'minus zero within': { a: [-0] },
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'minus Infinity': Number.NEGATIVE_INFINITY,
  '2^31': 2 ** 31,
  '2^32': 2 ** 32,
  '2^53': 2 ** 53,
  '2^53 + 2': 2 ** 53 + 2,
  '2^63': 2 ** 63,
  '2^64': 2 ** 64,
  '-2^53': -(2 ** 53),
  '-2^63': -(2 ** 63),
  'the largest number': Number.MAX_VALUE,
  'the smallest number': Number.MIN_VALUE,
  'a small bigint': 5n,
  'bigint 0': 0n,
  'bigint 2^53': 2n ** 53n,
  'bigint 2^63': 2n ** 63n,
  'bigint 2^64 - 1': 2n ** 64n - 1n,
  'bigint 2^64': 2n ** 64n,
  'bigint -2^63': -(2n ** 63n),
  'bigint -2^63 - 1': -(2n ** 63n) - 1n,
  'a huge bigint': 7n ** 500n,
  'a date': new Date(1_700_000_000_123),
  'the epoch': new Date(0),
  'a date before the epoch': new Date(-1),
  'the first date': new Date(-8.64e15),
  'the last date': new Date(8.64e15),
  'an invalid date': new Date(Number.NaN),
  'a date with a property': Object.assign(new Date(0), { zone: 'UTC' }),
  'a Map': new Map<unknown, unknown>([
    ['a', 1],
    [2, { b: [] }],
  ]),
  'an empty Map': new Map(),
  'a Set': new Set([1, 'a', {}]),
  'an Error': new Error('no'),
  'a RegExp': /a+/giu,
  'a boxed string': Object('text') as unknown,
  'a boxed number': Object(1) as unknown,
  'a boxed boolean': Object(false) as unknown,
  'a Buffer': Buffer.from([1, 2, 255]),
  'an empty Buffer': Buffer.alloc(0),
  'a Uint8Array': Uint8Array.of(1, 2, 255),
  'a Uint8Array on a part of its memory': new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2),
  'a Uint8ClampedArray': Uint8ClampedArray.of(1, 255),
  'an Int16Array': Int16Array.of(-1, 2),
  'a Float32Array': Float32Array.of(0.5, -0, Number.NaN),
  'a Float64Array': Float64Array.of(0.1, -0),
  'a BigInt64Array': BigInt64Array.of(-1n, 2n ** 62n),
  'a BigUint64Array': BigUint64Array.of(2n ** 64n - 1n),
  'an ArrayBuffer': new ArrayBuffer(3),
  'a SharedArrayBuffer': new SharedArrayBuffer(3),
  'a DataView': new DataView(new ArrayBuffer(3)),
  'a typed array with a property': Object.assign(Uint8Array.of(1), { name: 'a' }),
  'a function': () => 1,
  'a function within': { a: [() => 1] },
  'a class': Point,
  'a class instance': new Point(),
  'a list class': Numbers.from([1, 2]),
  'a symbol': Symbol('a'),
  'a symbol key': { [Symbol('a')]: 1, b: 2 },
  'a well-known symbol': Symbol.iterator,
  'a WeakMap': new WeakMap(),
  'a Promise': Promise.resolve(1),
  'a Proxy': new Proxy({ a: 1 }, {}),
  'a URL': new URL('https://example.com/'),
  'an arguments list': (function (..._: unknown[]) {
    return arguments
  })(1, 2),
  'an object without a prototype': Object.assign(Object.create(null) as object, { a: 1 }),
  'an object with another prototype': Object.create({ inherited: 1 }) as unknown,
  'a key __proto__': withKey('__proto__', { ...data, value: { polluted: true } }),
  'a key __proto__ of null': withKey('__proto__', { ...data, value: null }),
  'a key __proto__ from JSON': JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":[]}}') as unknown,
  'a key constructor': { constructor: 'text', prototype: { a: 1 } },
  'a constructor.prototype': { constructor: { prototype: { a: 1 } } },
  'keys of Object.prototype': { hasOwnProperty: 1, toString: 2, valueOf: 3, isPrototypeOf: 4 },
  'a key toJSON': { toJSON: 'text' },
  'a method toJSON': { toJSON: () => 'changed', a: 1 },
  'a key then': withKey('then', { ...data, value: 'text' }),
  'a key length': { length: 3, 0: 'a' },
  'an empty key': { '': 1 },
  'empty keys within': { '': { '': { '': [] } } },
  'keys that are numbers': { 1: 'a', 0: 'b', '-1': 'c', '01': 'd', 4294967295: 'e' },
  'a key of a lone surrogate': { '\uD800': 1 },
  'a getter': withKey('b', { enumerable: true, configurable: true, get: () => 2 }),
  'a setter': withKey('b', { enumerable: true, configurable: true, set: () => undefined }),
  'a hidden property': withKey('b', { value: 2, enumerable: false }),
  'a frozen object': Object.freeze({ a: Object.freeze([1]) }),
  'a hole': holes,
  'a list of holes': Array.from<number>({ length: 0 }).concat(Object.assign([] as number[], { length: 2 })),
  'a list with a property': Object.assign([1, 2], { name: 'list' }),
  'a list with a negative index': Object.assign([1, 2], { '-1': 0 }),
  'a list with a getter': Object.defineProperty([1, 2], 1, { enumerable: true, configurable: true, get: () => 2 }),
  'a lone high surrogate': 'a\uD800b',
  'a lone low surrogate': '\uDC00',
  'surrogates in the wrong order': '\uDC00\uD800',
  'a byte order mark': '\uFEFFtext',
  'only a byte order mark': '\uFEFF',
  'a replacement character': '\uFFFD',
  'a noncharacter': '\uFFFF\u{10FFFF}',
  'a cycle': cycle(),
  'a cycle through a list': crossedCycle(),
  'lists 100 deep': nested(100, inner => [inner]),
  'lists 5,000 deep': nested(5000, inner => [inner]),
  'objects 5,000 deep': nested(5000, a => ({ a })),
  'objects 100,000 deep': nested(100_000, a => ({ a })),
  '70,000 elements': Array.from({ length: 70_000 }, (_, index) => index % 7),
  '70,000 keys': Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
  'a string of 1 MiB less its header': 'x'.repeat(1024 * 1024 - 5),
  'a string of 1 MiB': 'x'.repeat(1024 * 1024),
  'a string of 3 MiB in UTF-8': '…'.repeat(1024 * 1024),
  'bytes of 1 MiB': new Uint8Array(1024 * 1024).fill(170),
  'the same object many times over': nested(40, inner => [inner, inner]),
}

/** Any value at all, from fast-check's zoo, with strings of arbitrary UTF-16. */
export const anyValue: fc.Arbitrary<unknown> = fc.anything({
  maxDepth: 4,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '', '\uD800', '\uFEFF')),
  values: [
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map(units => String.fromCharCode(...units)),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, Number.NaN, 2 ** 53, 2 ** 64),
    fc.bigInt(),
  ],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

/** The same in every respect: values, classes, -0, the order of keys, and that no property became another kind. */
export function isIdentical(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(left, right) && hasSameProperties(left, right, new Set())
}

function hasSameProperties(left: unknown, right: unknown, seen: Set<unknown>): boolean {
  if (typeof left !== 'object' || left === null) return Object.is(left, right)
  if (seen.has(left)) return true
  seen.add(left)
  const other = right as object
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(other)) return false
  if (types.isTypedArray(left)) return true
  const keys = Reflect.ownKeys(left)
  if (!isDeepStrictEqual(keys, Reflect.ownKeys(other))) return false
  return keys.every(key => {
    const [one, two] = [Object.getOwnPropertyDescriptor(left, key)!, Object.getOwnPropertyDescriptor(other, key)!]
    // A frozen object comes back as one that is not: that belongs to the object, not to the value.
    const isSameKind = one.enumerable === two.enumerable && 'value' in one === 'value' in two
    return isSameKind && hasSameProperties(one.value, two.value, seen)
  })
}
