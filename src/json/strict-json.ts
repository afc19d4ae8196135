/**
 * Reads JSON that strangers send. `JSON.parse` makes the value; what it lets pass is refused here: depth without a bound,
 * member names twice (two readers could take either), `__proto__` (copying it changes the copy's prototype), and lone
 * surrogates (no UTF-8 can hold them). One pass over the bytes before parsing, one over the value after it: every inbound
 * delivery comes through here. Nothing recurses, nothing throws.
 */
import { isUtf8 } from 'node:buffer'
import { JsonRejection } from './json-rejection.ts'
import { findBadKey } from './member-names.ts'
import { backslash, closeBrace, closeBracket, colon, comma, isSpace, openBrace, openBracket, quote } from './tokens.ts'

type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue }

export interface JsonLimits {
  /** How many arrays and objects may lie inside each other. */
  readonly depthMax?: number
  /** How many values there may be, arrays and objects among them. */
  readonly nodesMax?: number
}

const letterU = 0x75
const letterD = 0x64
/** Makes a letter lower-case, and leaves a digit as it is. */
const lowerCase = 0x20

/** The value, or why there is none. A value is never an instance of `JsonRejection`. */
export function readStrictJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonValue | JsonRejection {
  const { depthMax = 32, nodesMax = 10_000 } = limits
  if (!isUtf8(bytes)) return new JsonRejection('malformed_json', 'it is not UTF-8')
  const members = countMembers(bytes, depthMax, nodesMax)
  if (typeof members !== 'number') return members
  const value = parse(bytes)
  if (value === undefined) return new JsonRejection('malformed_json', 'it is not one JSON text')
  return (hasPlainKeys(value, members) ? undefined : findBadKey(bytes)) ?? value
}

/**
 * How many members the text has, by its colons; or what bound it breaks. Of the grammar it knows strings and brackets:
 * what it makes of a text that is none does not matter, since that one will not parse.
 */
function countMembers(bytes: Uint8Array, depthMax: number, nodesMax: number): number | JsonRejection {
  let members = 0
  let depth = 0
  // Each comma begins another value, and so does each bracket in which there is anything.
  let nodes = 1
  let isAfterOpening = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (isSpace(byte)) continue
    if (isAfterOpening) {
      isAfterOpening = false
      if (byte !== closeBrace && byte !== closeBracket) nodes++
    }
    if (byte === quote) {
      const end = endOfString(bytes, at)
      if (end < 0) return new JsonRejection('malformed_json', `a lone surrogate at byte ${-end}`)
      at = end
    } else if (byte === colon) members++
    else if (byte === comma) nodes++
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > depthMax) return new JsonRejection('json_too_deep', `deeper than ${depthMax} at byte ${at}`)
      isAfterOpening = true
    } else if (byte === closeBrace || byte === closeBracket) depth--
    if (nodes > nodesMax) return new JsonRejection('json_too_deep', `more than ${nodesMax} values at byte ${at}`)
  }
  return members
}

/** Where the string that begins at `start` ends; below zero, where an escaped surrogate stands without its other half. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) break
    if (byte !== backslash) continue
    const half = surrogateAt(bytes, at)
    if (half === 'none') at++
    else if (half === 'high' && surrogateAt(bytes, at + 6) === 'low') at += 11
    else return -at
  }
  return at
}

/** Which half of a surrogate pair the escape at `at` is. */
function surrogateAt(bytes: Uint8Array, at: number): 'none' | 'high' | 'low' {
  if (bytes[at + 1] !== letterU || ((bytes[at + 2] ?? 0) | lowerCase) !== letterD || bytes[at] !== backslash) {
    return 'none'
  }
  const digit = Number.parseInt(String.fromCharCode(bytes[at + 3] ?? 0), 16)
  if (digit >= 0xc) return 'low'
  return digit >= 0x8 ? 'high' : 'none'
}

function parse(bytes: Uint8Array): JsonValue | undefined {
  try {
    // `toString` keeps a byte order mark, which JSON.parse refuses.
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as JsonValue
  } catch {
    return undefined
  }
}

/** Whether none of the members is called `__proto__`, and none replaced another: then the value has as many. */
function hasPlainKeys(root: JsonValue, members: number): boolean {
  let left = members
  const open: JsonValue[] = [root]
  for (const each of open) {
    if (typeof each !== 'object' || each === null) continue
    if (isArray(each)) {
      for (const item of each) if (typeof item === 'object' && item !== null) open.push(item)
      continue
    }
    for (const name of Object.keys(each)) {
      if (name === '__proto__') return false
      left--
      const member = each[name]
      if (typeof member === 'object' && member !== null) open.push(member)
    }
  }
  return left === 0
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
