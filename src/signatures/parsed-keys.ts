/**
 * Parsed keys, kept because parsing costs more than verifying. Looked up by the bytes of the key, so a stale or mutated
 * entry can't be hit; bounded, least recently used out first.
 */
import type { KeyObject } from 'node:crypto'
import { keyObjectOf, type KeyMaterial } from './key-material.ts'
import type { KeyRejection } from './rejection.ts'

const PARSED_KEYS_MAX = 1000

const parsed = new Map<string, KeyObject>()

/** The parsed form of a key that passed every check, or why it did not. */
export function parsedKey(key: KeyMaterial): KeyObject | KeyRejection {
  const { buffer, byteOffset, byteLength } = key.publicKey
  const name = `${key.algorithm}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`
  const hit = parsed.get(name)
  const object = hit ?? keyObjectOf(key)
  if ('code' in object) return object
  if (hit !== undefined) parsed.delete(name)
  else if (parsed.size >= PARSED_KEYS_MAX) for (const oldest of parsed.keys()) if (parsed.delete(oldest)) break
  parsed.set(name, object)
  return object
}

/** How many parsed keys are held, and the most there can be. */
export function parsedKeysHeld(): { readonly count: number; readonly max: number } {
  return { count: parsed.size, max: PARSED_KEYS_MAX }
}
