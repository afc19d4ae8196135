/**
 * The algorithms that may make a signature, and the names that a sender may give them. The key decides: a name can only
 * narrow the choice. No HMAC, no SHA-1, no RSA-PSS, no ECDSA.
 */
import { verify, type KeyObject } from 'node:crypto'
import type { KeyAlgorithm } from './key-material.ts'

export type SignatureAlgorithm = 'rsa-sha256' | 'rsa-sha512' | 'ed25519'

const details = {
  'rsa-sha256': { key: 'rsa', hash: 'sha256' },
  'rsa-sha512': { key: 'rsa', hash: 'sha512' },
  ed25519: { key: 'ed25519', hash: undefined },
} as const

/** `algorithm` of draft-cavage-http-signatures-12 §2.1.3. `hs2019` says: look at the key. */
const cavageNames: ReadonlyMap<string, readonly SignatureAlgorithm[]> = new Map([
  ['hs2019', ['rsa-sha256', 'rsa-sha512', 'ed25519']],
  ['rsa-sha256', ['rsa-sha256']],
  ['rsa-sha512', ['rsa-sha512']],
  ['ed25519', ['ed25519']],
])

/** `alg` of RFC 9421 §6.2. */
const rfc9421Names: ReadonlyMap<string, readonly SignatureAlgorithm[]> = new Map([
  ['rsa-v1_5-sha256', ['rsa-sha256']],
  ['ed25519', ['ed25519']],
])

export function cavageAlgorithms(name = 'hs2019'): readonly SignatureAlgorithm[] | undefined {
  return cavageNames.get(name)
}

export function rfc9421Algorithms(name?: string): readonly SignatureAlgorithm[] | undefined {
  return name === undefined ? ['rsa-sha256', 'ed25519'] : rfc9421Names.get(name)
}

export function isFor(algorithm: SignatureAlgorithm, key: KeyAlgorithm): boolean {
  return details[algorithm].key === key
}

/** As `isSignedBy`, on a thread of its own: a signature costs more than all else that a delivery needs. */
export function isSignedInPool(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise(resolve => {
    try {
      verify(details[algorithm].hash, bytes, key, signature, (error, isRight) => resolve(error === null && isRight))
    } catch {
      resolve(false)
    }
  })
}

/** Whether `signature` is one of `bytes` by that key. */
export function isSignedBy(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verify(details[algorithm].hash, bytes, key, signature)
  } catch {
    return false
  }
}
