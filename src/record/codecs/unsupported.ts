/**
 * Finds what the `msgpack` codec would change: it looks at a value before the value is packed, and whatever is not
 * known to come back exactly is refused. So this is a list of what may pass, not of what may not:
 *
 * - null, undefined, booleans, numbers except -0, bigints from -2^63 to 2^64 - 1;
 * - strings of well-formed Unicode that do not begin with U+FEFF, which some msgpack decoders drop;
 * - dates, unless invalid; typed arrays and Buffers;
 * - arrays without holes and plain objects (`Object.prototype`) whose own properties are all enumerable data, with
 *   keys that are such strings and not `__proto__`; nested `DEPTH_MAX` deep at most, which also ends a cycle.
 *
 * On the hot path: well under a microsecond for 300 bytes, measured.
 */
import { isDeepStrictEqual, types } from 'node:util'
import { isWellFormed } from './well-formed.ts'
import { tooLarge, type SizeLimit } from './size-limit.ts'

/** Objects and arrays within each other. A packer that calls itself needs a fifth of the default stack for it. */
export const DEPTH_MAX = 256

const BIGINT_MIN = -(2n ** 63n)
const BIGINT_END = 2n ** 64n
const BYTE_ORDER_MARK = 0xfeff
const PATH_LENGTH_MAX = 1000

/**
 * The path to the first thing that would change, `$.object.tag[3]`, or undefined. `canPack` is asked about each date
 * and typed array, by prototype.
 * @throws the limit's code when the value takes more bytes than that, however it is packed
 */
export function findUnsupported(
  value: unknown,
  limit: SizeLimit,
  canPack: (prototype: object) => boolean,
): string | undefined {
  const path = new Walk(limit, canPack).visit(value, 0)
  if (path === undefined) return undefined
  return path.length < PATH_LENGTH_MAX ? `$${path}` : `$${path.slice(0, PATH_LENGTH_MAX)}…`
}

class Walk {
  readonly #limit: SizeLimit
  readonly #canPack: (prototype: object) => boolean
  #bytes = 0

  constructor(limit: SizeLimit, canPack: (prototype: object) => boolean) {
    this.#limit = limit
    this.#canPack = canPack
  }

  /** The path from `value` to what is wrong: empty for the value itself, undefined when nothing is. */
  visit(value: unknown, depth: number): string | undefined {
    switch (typeof value) {
      case 'string':
        this.#spend(value.length + 1)
        return isKept(value) ? undefined : ''
      case 'object':
        this.#spend(1)
        return value === null ? undefined : this.#visitObject(value, depth + 1)
      case 'number':
        this.#spend(1)
        return Object.is(value, -0) ? '' : undefined
      case 'bigint':
        this.#spend(9)
        return value >= BIGINT_MIN && value < BIGINT_END ? undefined : ''
      case 'boolean':
      case 'undefined':
        this.#spend(1)
        return undefined
      default:
        return ''
    }
  }

  #visitObject(value: object, depth: number): string | undefined {
    if (depth > DEPTH_MAX) return ''
    const prototype = Object.getPrototypeOf(value) as object | null
    if (prototype === Object.prototype) return this.#visitProperties(value as Record<string, unknown>, depth)
    if (Array.isArray(value)) return prototype === Array.prototype ? this.#visitElements(value, depth) : ''
    if (prototype === null || !this.#canPack(prototype)) return ''
    if (types.isTypedArray(value)) {
      this.#spend(value.byteLength)
      return hasOnlyElements(value) ? undefined : ''
    }
    const isDate = types.isDate(value) && !Number.isNaN(value.getTime()) && Reflect.ownKeys(value).length === 0
    return isDate ? undefined : ''
  }

  #visitProperties(value: Record<string, unknown>, depth: number): string | undefined {
    const symbols = Object.getOwnPropertySymbols(value)
    if (symbols.length > 0) return `[${String(symbols[0])}]`
    for (const key of Object.getOwnPropertyNames(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key)
      if (property === undefined || property.enumerable !== true || property.get !== undefined) return step(key)
      if (property.set !== undefined || key === '__proto__' || !isKept(key)) return step(key)
      this.#spend(key.length + 1)
      const path = this.visit(property.value, depth)
      if (path !== undefined) return step(key) + path
    }
    return undefined
  }

  #visitElements(value: readonly unknown[], depth: number): string | undefined {
    for (let index = 0; index < value.length; index++) {
      const element = value[index]
      if (element === undefined && !isData(value, index)) return `[${index}]`
      if (lookupGetter.call(value, index) !== undefined) return `[${index}]`
      const path = this.visit(element, depth)
      if (path !== undefined) return `[${index}]${path}`
    }
    // Integer keys come first, so where there is another one it is the last.
    const keys = Object.keys(value)
    if (keys.length > value.length) return step(keys.at(-1) ?? '')
    return Object.getOwnPropertySymbols(value).length > 0 ? '' : undefined
  }

  /** Counts what packing takes at least; so an object that is met again and again ends here, not in a packer's loop. */
  #spend(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#limit.bytesMax) throw tooLarge(this.#bytes, this.#limit)
  }
}

function isKept(text: string): boolean {
  return isWellFormed(text) && text.charCodeAt(0) !== BYTE_ORDER_MARK
}

/** Tells an accessor from a value; reading every element's descriptor would cost three times as much. */
const lookupGetter = (
  Object.prototype as unknown as { readonly __lookupGetter__: (this: object, key: number) => unknown }
).__lookupGetter__

/** False for a hole, and for an accessor. */
function isData(value: readonly unknown[], index: number): boolean {
  const property = Object.getOwnPropertyDescriptor(value, index)
  return property !== undefined && 'value' in property
}

/** A property beside the elements would be lost. Compared with a fresh view, because its keys are one an element. */
function hasOnlyElements(view: NodeJS.TypedArray): boolean {
  return !Object.hasOwn(view, 'constructor') && isDeepStrictEqual(view, subarray.call(view, 0))
}

const { subarray } = Uint8Array.prototype as unknown as { readonly subarray: (this: object, begin: number) => object }

function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
