/** What the msgpack codec takes comes back exactly; what would change is refused, and the path to it is named. */
import { spawnSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Options } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { isTwinlogError } from '../../src/errors.ts'
import { decodeMsgpack, encodeMsgpack } from '../../src/record/codecs/msgpack.ts'
import { DEPTH_MAX } from '../../src/record/codecs/unsupported.ts'
import type { SizeLimit } from '../../src/record/codecs/size-limit.ts'

const limit: SizeLimit = { code: 'PAYLOAD_TOO_LARGE', bytesMax: 1024 * 1024 }
const encode = (value: unknown): Uint8Array => encodeMsgpack(value, limit)
const roundTrip = (value: unknown): unknown => decodeMsgpack(encode(value))
const refusal = (value: unknown, within = limit): unknown => {
  try {
    encodeMsgpack(value, within)
  } catch (error) {
    return error
  }
  return 'taken'
}
const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: depth }).reduce<unknown>(wrap, 'core')

const { value: supportedValue } = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, undefined, true, false, 0, Number.NaN, Infinity, -Infinity, 2 ** 53, 2 ** 64, 5e-324, '', 0n),
    fc.integer(),
    fc.double().filter(number => !Object.is(number, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    tie('text'),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
    fc.oneof(fc.int8Array(), fc.int16Array(), fc.uint32Array(), fc.float32Array(), fc.float64Array()),
    fc.oneof(fc.bigInt64Array(), fc.bigUint64Array(), fc.uint8ClampedArray(), fc.uint16Array(), fc.int32Array()),
    fc.array(tie('value')),
    fc.dictionary(tie('key') as fc.Arbitrary<string>, tie('value'), { noNullPrototype: true }),
  ),
  text: fc
    .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 14, maxLength: 300, size: 'max' }))
    .filter(text => !text.startsWith('\uFEFF')),
  key: fc
    .oneof(
      tie('text') as fc.Arbitrary<string>,
      fc.constantFrom('constructor', 'toJSON', 'hasOwnProperty', 'length', '7'),
    )
    .filter(key => key !== '__proto__'),
}))

describe('a value that is taken', () => {
  it('comes back exactly, whatever it is made of', () => {
    fc.assert(
      fc.property(supportedValue, value => {
        const back = roundTrip(value)
        expect(isDeepStrictEqual(back, value) && isDeepStrictEqual(value, back)).toBe(true)
      }),
    )
  })

  it('is one that comes back exactly, for all that JavaScript has; the rest is refused with a path', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
    })
    fc.assert(
      fc.property(anything, value => {
        const error = refusal(value)
        if (error === 'taken') return isDeepStrictEqual(roundTrip(value), value)
        return isTwinlogError(error, 'UNSUPPORTED_VALUE') && error.path.startsWith('$')
      }),
    )
  })

  it('keeps the class of every typed array, on its own memory', () => {
    const memory = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
    const views = [
      memory,
      memory.subarray(3, 5),
      new Uint8Array(memory),
      new Uint8ClampedArray(memory),
      new Int8Array(memory),
      new Int16Array([1, -1]),
      new Uint16Array([1, 65_535]),
      new Int32Array([1, -1]),
      new Uint32Array([1, 2 ** 31]),
      new Float32Array([0.5, -0]),
      new Float64Array([0.1, Number.NaN]),
      new BigInt64Array([-1n]),
      new BigUint64Array([2n ** 64n - 1n]),
    ]
    const back = roundTrip(views) as typeof views
    expect(isDeepStrictEqual(back, views)).toBe(true)
    for (const view of back) expect(view.buffer.byteLength).toBe(view.byteLength)
  })

  it('keeps dates to the millisecond over their whole range', () => {
    const ends = [0, 1, -1, 999, -999, 2 ** 32 * 1000 - 1, 2 ** 32 * 1000, 8.64e15, -8.64e15]
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...ends), fc.integer({ min: -8.64e15, max: 8.64e15 })), time => {
        expect((roundTrip(new Date(time)) as Date).getTime()).toBe(time)
      }),
    )
  })

  it('may have more than 65,535 keys or elements', () => {
    const entries = Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index] as const)
    expect(roundTrip(Object.fromEntries(entries))).toEqual(Object.fromEntries(entries))
    expect(roundTrip(entries.map(([, index]) => index))).toEqual(entries.map(([, index]) => index))
  })

  it.each([
    ['objects', (inner: unknown): unknown => ({ inner })],
    ['arrays', (inner: unknown): unknown => [inner]],
  ])(`may nest ${DEPTH_MAX} %s, and no more`, (_, wrap) => {
    const deepest = nested(DEPTH_MAX, wrap)
    expect(isDeepStrictEqual(roundTrip(deepest), deepest)).toBe(true)
    expect(isTwinlogError(refusal(wrap(deepest)), 'UNSUPPORTED_VALUE')).toBe(true)
  })

  it('may name one object many times; each comes back as one of its own', () => {
    const shared = { name: 'shared' }
    const back = roundTrip([shared, shared]) as object[]
    expect(back).toEqual([shared, shared])
    expect(back[0]).not.toBe(back[1])
  })

  it('is written as it was at the call, and the bytes are nobody else’s', () => {
    const value = { bytes: Uint8Array.of(1, 2, 3) }
    const [first, second] = [encode(value), encode(['another'])]
    value.bytes[0] = 9
    encode({ more: 'x'.repeat(100_000) })
    expect(decodeMsgpack(first)).toEqual({ bytes: Uint8Array.of(1, 2, 3) })
    expect(decodeMsgpack(second)).toEqual(['another'])
  })

  it('decodes into memory of its own', () => {
    const bytes = encode({ buffer: Buffer.from('abc') })
    const back = decodeMsgpack(bytes) as { buffer: Buffer }
    bytes.fill(0)
    expect(back.buffer.toString()).toBe('abc')
    expect(Object.keys(bytes)).toHaveLength(bytes.length)
  })
})

describe('a value that would change is refused, and the path says where', () => {
  const sparse: number[] = [1]
  sparse[2] = 3
  class Point {
    x = 1
  }
  class Numbers extends Array<number> {}
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle

  it.each<[what: string, value: unknown, path: string]>([
    ['-0', { object: { tag: [0, 1, 2, -0] } }, '$.object.tag[3]'],
    ['a lone surrogate', ['\uD800'], '$[0]'],
    ['a lone surrogate in a key', { 'a\uDC00': 1 }, '$["a\\udc00"]'],
    ['a string that begins with U+FEFF', '\uFEFFtext', '$'],
    ['a key that begins with U+FEFF', { '\uFEFFkey': 1 }, '$["\uFEFFkey"]'],
    ['an own __proto__ key', { a: JSON.parse('{"__proto__":1}') as unknown }, '$.a.__proto__'],
    ['a Map', new Map([['a', 1]]), '$'],
    ['a Set', { 'to all': new Set([1]) }, '$["to all"]'],
    ['a hole', sparse, '$[1]'],
    ['a hole at the end', Array.from({ length: 2 }).concat(Object.assign([], { length: 1 })), '$[2]'],
    ['an array with a property', Object.assign([1], { extra: 1 }), '$.extra'],
    ['an array with a symbol', Object.assign([1], { [Symbol('extra')]: 1 }), '$'],
    ['an array with a getter', Object.defineProperty([1], 0, { get: () => 1 }), '$[0]'],
    ['an array with a setter', Object.defineProperty([1], 0, { set: () => undefined }), '$[0]'],
    ['an array of another class', Numbers.from([1]), '$'],
    ['a class instance', { point: new Point() }, '$.point'],
    ['a null prototype', Object.create(null), '$'],
    [
      'an array-like',
      (function args(..._: unknown[]) {
        return arguments
      })(1),
      '$[Symbol(Symbol.iterator)]',
    ],
    ['a function', { run: () => 1 }, '$.run'],
    ['a symbol', Symbol('x'), '$'],
    ['a symbol key', { [Symbol('key')]: 1 }, '$[Symbol(key)]'],
    [
      'a getter',
      {
        get now() {
          return 1
        },
      },
      '$.now',
    ],
    ['a setter', { set now(_: number) {} }, '$.now'],
    ['a property that is not enumerable', Object.defineProperty({}, 'hidden', { value: 1 }), '$.hidden'],
    ['a bigint above 2^64 - 1', 2n ** 64n, '$'],
    ['a bigint below -2^63', -(2n ** 63n) - 1n, '$'],
    ['an invalid Date', [new Date(Number.NaN)], '$[0]'],
    ['a Date with a property', Object.assign(new Date(), { zone: 'UTC' }), '$'],
    ['an object that only looks like a Date', Object.create(Date.prototype), '$'],
    ['a typed array with a property', Object.assign(Uint8Array.of(1), { extra: 1 }), '$'],
    ['a typed array of another class', new (class extends Uint8Array {})(2), '$'],
    ['an object that only looks like a typed array', Object.create(Uint8Array.prototype), '$'],
    ['an ArrayBuffer', new ArrayBuffer(1), '$'],
    ['a DataView', new DataView(new ArrayBuffer(1)), '$'],
    ['a RegExp', /x/, '$'],
    ['an Error', new Error('x'), '$'],
    ['a boxed string', Object('x'), '$'],
    ['a Promise', Promise.resolve(), '$'],
  ])('%s', (_, value, path) => {
    expect(refusal(value)).toMatchObject({ code: 'UNSUPPORTED_VALUE', path })
  })

  it('a cycle, with a path cut to a readable length', () => {
    const error = refusal({ cycle: Array.from({ length: 3 }, () => cycle) })
    expect(error).toMatchObject({ code: 'UNSUPPORTED_VALUE' })
    expect((error as { path: string }).path).toMatch(/^\$\.cycle\[0]\.self\.self.{900,}…$/)
  })
})

describe('the size limit', () => {
  const small: SizeLimit = { code: 'META_TOO_LARGE', bytesMax: 100 }

  it('is met exactly by what fits exactly, and names the bytes of what does not', () => {
    expect(encodeMsgpack('x'.repeat(98), small)).toHaveLength(100)
    expect(refusal('x'.repeat(99), small)).toMatchObject({ code: 'META_TOO_LARGE', bytes: 101, bytesMax: 100 })
    expect(refusal(Buffer.alloc(99), small)).toMatchObject({ code: 'META_TOO_LARGE', bytesMax: 100 })
    expect(refusal('é'.repeat(60), small)).toMatchObject({ code: 'META_TOO_LARGE', bytes: 122 })
    // Seen before packing: that would say 153.
    expect(refusal({ ['k'.repeat(150)]: 1 }, small)).toMatchObject({ code: 'META_TOO_LARGE', bytes: 152 })
  })

  it('ends at once what unfolds into more than can be packed', () => {
    let laughs: unknown = 'ha'
    for (let level = 0; level < 60; level++) laughs = { left: laughs, right: laughs }
    expect(refusal(laughs)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', bytesMax: limit.bytesMax })
  })

  it('takes a payload of 1 MiB', () => {
    const text = 'x'.repeat(limit.bytesMax - 5)
    expect(roundTrip(text)).toBe(text)
  })
})

/**
 * msgpackr reads strings by a native addon where there is one, else in JavaScript, where its TextDecoder drops a
 * leading byte order mark. A store written on one machine is read on the other.
 */
it('a machine without msgpackr’s native addon reads the same values', () => {
  const options: Options = { useRecords: false, variableMapSize: true, moreTypes: true, useToJSON: false }
  const script = `
    import { Packr, isNativeAccelerationEnabled } from 'msgpackr'
    import { readFileSync } from 'node:fs'
    const packr = new Packr(${JSON.stringify(options)})
    const again = line => packr.pack(packr.unpack(Buffer.from(line, 'hex'))).toString('hex')
    const lines = readFileSync(0, 'latin1').split('\\n').map(again)
    process.stdout.write([isNativeAccelerationEnabled, ...lines].join('\\n'))`
  const lines = fc.sample(supportedValue, 500).map(value => Buffer.from(encode(value)).toString('hex'))
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    input: lines.join('\n'),
    env: { ...process.env, MSGPACKR_NATIVE_ACCELERATION_DISABLED: 'true' },
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  })
  expect(child.stderr).toBe('')
  expect(child.stdout.split('\n')).toEqual(['false', ...lines])
})
