/** Public keys in the three forms that actors publish them in. */
import { createPublicKey } from 'node:crypto'
import { decodeMultibase, encodeMultibase } from './base58.ts'
import { decodeBase64 } from './base64.ts'
import {
  ED25519_BYTES,
  materialOf,
  materialOfEd25519,
  materialOfPkcs1,
  materialOfSpki,
  type KeyMaterial,
} from './key-material.ts'
import { refuseKey, type KeyRejection } from './rejection.ts'

const TEXT_LENGTH_MAX = 8192
/** An RSA key of 8,192 bits; base58 is quadratic. */
const MULTIKEY_BYTES_MAX = 1100
const PEM = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]+)-----END \1-----$/
const PEM_READERS = new Map([
  ['PUBLIC KEY', materialOfSpki],
  ['RSA PUBLIC KEY', materialOfPkcs1],
])

/** Multicodec prefixes, as unsigned varints. */
const ED25519_PUB = 'ed01'
const RSA_PUB = '8524'
/** ed25519-priv 0x1300, rsa-priv 0x1305. */
const PRIVATE = ['8026', '8526']

/** The members of a JWK that only a private or symmetric key has (RFC 7518 §6.3.2, §6.4, RFC 8037 §2). */
const JWK_PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** PEM (RFC 7468 §13), or PKCS#1. Only public labels: OpenSSL would derive a public key from a private PEM. */
export function keyFromPem(text: string): KeyMaterial | KeyRejection {
  if (text.length > TEXT_LENGTH_MAX) return refuseKey('malformed')
  if (text.includes('PRIVATE KEY-----')) return refuseKey('private_key')
  const [, label, body] = PEM.exec(text.trim()) ?? []
  if (label === undefined || body === undefined) return refuseKey('malformed')
  const materialOfDer = PEM_READERS.get(label)
  if (materialOfDer === undefined) return refuseKey('unsupported_type')
  const der = decodeBase64(body.replaceAll(/\s/g, ''))
  return der === undefined ? refuseKey('malformed') : materialOfDer(der)
}

/** A Multikey (FEP-521a, Controlled Identifiers 1.0 §2.2.2): base58btc of a multicodec prefix and the key. */
export function keyFromMultikey(text: string): KeyMaterial | KeyRejection {
  const bytes = decodeMultibase(text, MULTIKEY_BYTES_MAX)
  if (bytes === undefined || bytes.length < 2) return refuseKey('malformed')
  const prefix = Buffer.from(bytes.subarray(0, 2)).toString('hex')
  if (prefix === ED25519_PUB) return materialOfEd25519(bytes.subarray(2))
  if (prefix === RSA_PUB) return materialOfPkcs1(bytes.subarray(2))
  return refuseKey(PRIVATE.includes(prefix) ? 'private_key' : 'unsupported_type')
}

/** The Multikey under which an actor publishes a key. */
export function multikeyOf({ algorithm, publicKey }: KeyMaterial): string {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const isRsa = algorithm === 'rsa'
  const bytes = isRsa ? key.export({ type: 'pkcs1', format: 'der' }) : publicKey.subarray(-ED25519_BYTES)
  return encodeMultibase(Buffer.concat([Buffer.from(isRsa ? RSA_PUB : ED25519_PUB, 'hex'), bytes]))
}

/** A JWK (RFC 7517): RSA, or OKP with Ed25519 (RFC 8037). */
export function keyFromJwk(jwk: unknown): KeyMaterial | KeyRejection {
  if (typeof jwk !== 'object' || jwk === null) return refuseKey('malformed')
  const members = new Map(Object.entries(jwk))
  if (JWK_PRIVATE.some(name => members.has(name))) return refuseKey('private_key')
  const bytesOf = (name: string): Buffer | undefined => {
    const text: unknown = members.get(name)
    return typeof text === 'string' && text.length <= TEXT_LENGTH_MAX ? decodeBase64(text, 'base64url') : undefined
  }
  if (members.get('kty') === 'OKP' && members.get('crv') === 'Ed25519') {
    const x = bytesOf('x')
    return x === undefined ? refuseKey('malformed') : materialOfEd25519(x)
  }
  if (members.get('kty') !== 'RSA') return refuseKey('unsupported_type')
  const [n, e] = [bytesOf('n'), bytesOf('e')]
  if (n === undefined || e === undefined || n.length === 0 || e.length === 0) return refuseKey('malformed')
  try {
    const [modulus, exponent] = [n.toString('base64url'), e.toString('base64url')]
    return materialOf(createPublicKey({ key: { kty: 'RSA', n: modulus, e: exponent }, format: 'jwk' }))
  } catch {
    return refuseKey('malformed')
  }
}
