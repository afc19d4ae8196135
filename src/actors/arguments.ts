/**
 * Checks of what a host passes in. A wrong type, or an unknown word where only some are allowed, is the caller's bug
 * and throws a plain `TypeError`; a value that data can bring about has a code.
 */
import { TwinlogError } from '../errors.ts'
import { isWellFormed } from '../record/codecs/well-formed.ts'
import { ACTOR_ID_BYTES_MAX } from '../record/layout.ts'
import { DEDUPE_KEY_BYTES_MAX } from './engine.ts'
import type { RetentionPolicy } from './types.ts'

/** The options object a method was given; none is the same as an empty one. */
export function checkOptions<Options extends object>(options: Options | undefined, method: string): Partial<Options> {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null) throw new TypeError(`${method}: the options must be an object`)
  return options
}

/** @throws OUT_OF_RANGE */
export function checkInteger(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    const facts = { argument: name, value, min, max }
    throw new TwinlogError('OUT_OF_RANGE', `${name} must be an integer from ${min} to ${max}, not ${value}`, facts)
  }
  return value
}

/** @throws OUT_OF_RANGE */
export function checkOptionalInteger(name: string, value: unknown, min: number): number | undefined {
  return value === undefined ? undefined : checkInteger(name, value, min)
}

/** @throws INVALID_ACTOR_ID */
export function checkActorId(id: unknown): string {
  if (typeof id !== 'string') throw new TypeError('An actor id must be a string')
  const bytes = Buffer.byteLength(id)
  if (bytes < 1 || bytes > ACTOR_ID_BYTES_MAX || !isWellFormed(id)) {
    const message = `An actor id must be 1 to ${ACTOR_ID_BYTES_MAX} bytes of well-formed Unicode`
    throw new TwinlogError('INVALID_ACTOR_ID', message, { bytes })
  }
  return id
}

/** @throws INVALID_KEY */
export function checkDedupeKey(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError('key must be a string')
  const bytes = Buffer.byteLength(key)
  if (bytes < 1 || bytes > DEDUPE_KEY_BYTES_MAX || !isWellFormed(key)) {
    const message = `A dedupe key must be 1 to ${DEDUPE_KEY_BYTES_MAX} bytes of well-formed Unicode`
    throw new TwinlogError('INVALID_KEY', message, { bytes })
  }
  return key
}

/** @throws OUT_OF_RANGE */
export function checkPolicy(policy: unknown): RetentionPolicy {
  if (typeof policy !== 'object' || policy === null) throw new TypeError('A retention policy must be an object')
  const { maxAge, maxRecords, maxBytes, ...others } = policy as Record<string, unknown>
  const [unknown] = Object.keys(others)
  // A misspelt limit would keep everything.
  if (unknown !== undefined) throw new TypeError(`A retention policy has no ${unknown}`)
  return {
    maxAge: checkOptionalInteger('maxAge', maxAge, 0),
    maxRecords: checkOptionalInteger('maxRecords', maxRecords, 0),
    maxBytes: checkOptionalInteger('maxBytes', maxBytes, 0),
  }
}

export function checkBytes(name: string, bytes: unknown): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`)
  return bytes
}

export function checkJson(json: unknown): Uint8Array | string {
  return typeof json === 'string' ? json : checkBytes('json that is no string', json)
}

/** One of a few words, or undefined. */
export function checkWord<Word extends string>(
  name: string,
  value: Word | undefined,
  words: readonly Word[],
): Word | undefined {
  if (value === undefined || words.includes(value)) return value
  throw new TypeError(`${name} must be one of ${words.join(', ')}`)
}

export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new TypeError('signal must be an AbortSignal')
}

export function checkFunction<Type extends (...args: never[]) => unknown>(name: string, value: Type): Type {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function`)
  return value
}
