/**
 * What this room says instead of throwing: whatever a stranger sends leads to a value or to a `Rejection`. Codes are API
 * (docs/signatures.md says what each means); `detail` says what was wrong. For `key_invalid` it is one of `KeyFault`.
 */

/** A stable, lower-case code: one vocabulary with the verdicts of an inbound delivery. */
export type RejectionCode =
  | 'digest_mismatch'
  | 'duplicate_header'
  | 'insufficient_coverage'
  | 'key_invalid'
  | 'malformed_signature'
  | 'missing_signature'
  | 'signature_expired'
  | 'signature_from_future'
  | 'signature_invalid'
  | 'unsupported_algorithm'

/** Why a key can't be used. */
export type KeyFault =
  /** Its `expires` or `revoked` has passed, or can't be read. */
  | 'expired'
  /** Not the one encoding that a key of this kind has: wrong length, wrong tag, not base64, trailing bytes, … */
  | 'malformed'
  /** Its id is not of the owner's origin, or is no URL. */
  | 'other_origin'
  /** It names another owner or controller than the document it stands in, or none. */
  | 'other_owner'
  /** Not the key that the signature names, or one id with two keys. */
  | 'other_key'
  /** The private half is there: whoever reads it can sign. */
  | 'private_key'
  /** Not 2,048 to 8,192 bits. */
  | 'rsa_bits'
  /** The public exponent is even, 1, or above 2^32. */
  | 'rsa_exponent'
  /** A point for which one signature verifies many messages. */
  | 'small_order'
  /** Neither RSA nor Ed25519, or a format that is not PEM, Multikey or JWK. */
  | 'unsupported_type'

export class Rejection<Code extends RejectionCode = RejectionCode> {
  readonly code: Code
  readonly detail: string

  constructor(code: Code, detail: string) {
    this.code = code
    this.detail = detail
  }
}

/** A key that can't be used, and why. */
export type KeyRejection = Rejection<'key_invalid'> & { readonly detail: KeyFault }

export function refuseKey(fault: KeyFault): KeyRejection {
  return new Rejection('key_invalid', fault) as KeyRejection
}
