/**
 * What a usable public key is. Every key passes through here, when it is imported and again when one comes back from a
 * store: RSA of a sane size, Ed25519 of full order, in exactly the bytes that an encoder would write.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { refuseKey, type KeyRejection } from './rejection.ts'

export type KeyAlgorithm = 'rsa' | 'ed25519'

export interface KeyMaterial {
  readonly algorithm: KeyAlgorithm
  /** A SubjectPublicKeyInfo in DER (RFC 5280 §4.1, RFC 8410 §4). */
  readonly publicKey: Uint8Array
}

/** A public key with all that verifying needs; plain data, to be stored as it is. */
export interface VerificationKey extends KeyMaterial {
  /** The key id as signatures name it. */
  readonly id: string
  /** The id of the actor that owns or controls it. */
  readonly owner: string
  /** In milliseconds: from then on it verifies nothing (FEP-521a `expires`). */
  readonly expires?: number
}

const RSA_BITS_MIN = 2048
const RSA_BITS_MAX = 8192
const RSA_EXPONENT_MAX = 2n ** 32n
/** Larger than a 16,384-bit key, so that one is refused for its size and not for its form. */
const DER_BYTES_MAX = 4096
export const ED25519_BYTES = 32
const SEQUENCE = 0x30
const BIT_STRING = 0x03
/** rsaEncryption, no parameters (RFC 8017 A.1). */
const RSA_ALGORITHM = Buffer.from('300d06092a864886f70d0101010500', 'hex')
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Points of order 1, 2, 4 and 8 (RFC 7748 §7, RFC 8032 §5.1.3), little-endian, without the sign bit. Encodings of a y
 * that is not below p = 2^255 - 19 are refused by number, the non-canonical twins of these among them.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])
const ED25519_P = 2n ** 255n - 19n

/** A key of 32 raw bytes (RFC 8032 §5.1.5). */
export function materialOfEd25519(bytes: Uint8Array): KeyMaterial | KeyRejection {
  if (bytes.length !== ED25519_BYTES) return refuseKey('malformed')
  return materialOfSpki(Buffer.concat([ED25519_SPKI_PREFIX, bytes]))
}

/** A SubjectPublicKeyInfo. */
export function materialOfSpki(spki: Uint8Array): KeyMaterial | KeyRejection {
  const object = keyObjectOfDer(spki)
  return object === undefined ? refuseKey('malformed') : materialOf(object)
}

/** An RSAPublicKey (RFC 8017 A.1.1). Node's own reader takes a private key too, and some versions take none. */
export function materialOfPkcs1(der: Uint8Array): KeyMaterial | KeyRejection {
  if (der.length > DER_BYTES_MAX) return refuseKey('malformed')
  return materialOfSpki(derOf(SEQUENCE, RSA_ALGORITHM, derOf(BIT_STRING, Uint8Array.of(0), der)))
}

/** The parsed key, checked in full. */
export function keyObjectOf({ algorithm, publicKey }: KeyMaterial): KeyObject | KeyRejection {
  const object = keyObjectOfDer(publicKey)
  if (object === undefined) return refuseKey('malformed')
  const material = materialOf(object)
  if ('code' in material) return material
  return material.algorithm === algorithm ? object : refuseKey('malformed')
}

/** The checked bytes of a parsed key. */
export function materialOf(object: KeyObject): KeyMaterial | KeyRejection {
  const { asymmetricKeyType: algorithm, asymmetricKeyDetails: details } = object
  if (algorithm !== 'rsa' && algorithm !== 'ed25519') return refuseKey('unsupported_type')
  const publicKey = Uint8Array.from(object.export({ type: 'spki', format: 'der' }))
  if (algorithm === 'ed25519') {
    return isSmallOrder(publicKey.subarray(-ED25519_BYTES)) ? refuseKey('small_order') : { algorithm, publicKey }
  }
  const bits = details?.modulusLength ?? 0
  const exponent = details?.publicExponent ?? 0n
  if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) return refuseKey('rsa_bits')
  if (exponent < 3n || exponent > RSA_EXPONENT_MAX || exponent % 2n === 0n) return refuseKey('rsa_exponent')
  return { algorithm, publicKey }
}

/** OpenSSL overlooks trailing bytes and more: what it read is written again, and has to be the same. */
function keyObjectOfDer(spki: Uint8Array): KeyObject | undefined {
  if (spki.length > DER_BYTES_MAX) return undefined
  try {
    const object = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    return object.export({ type: 'spki', format: 'der' }).equals(spki) ? object : undefined
  } catch {
    return undefined
  }
}

/** One DER value: tag, length in its shortest form, content (X.690 §8.1). */
function derOf(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const { length } = Buffer.concat(content)
  const digits = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from([tag, ...digits]), ...content])
}

function isSmallOrder(point: Uint8Array): boolean {
  const bytes = Buffer.from(point)
  bytes.writeUInt8(bytes.readUInt8(ED25519_BYTES - 1) & 0x7f, ED25519_BYTES - 1)
  if (SMALL_ORDER.has(bytes.toString('hex'))) return true
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`) >= ED25519_P
}
