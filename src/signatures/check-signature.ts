/** The second half of verifying: a candidate and its key. Pure, synchronous, and never throws. */
import { isFor, isSignedBy, type SignatureAlgorithm } from './algorithms.ts'
import type { SignatureCandidate } from './candidate.ts'
import type { VerificationKey } from './key-material.ts'
import { parsedKey } from './parsed-keys.ts'
import { refuseKey, Rejection } from './rejection.ts'

export interface VerifiedSignature {
  readonly keyId: string
  /** The owner of the key: it signed. Whether it may say what the body says is another question. */
  readonly owner: string
  readonly algorithm: SignatureAlgorithm
}

/** What a key is asked about: a candidate of either form, or one of an integrity proof. */
export type Checkable = Pick<SignatureCandidate, 'keyId' | 'algorithms' | 'bases' | 'signature' | 'readAt'>

/** Whether the key made the signature: who signed with what, or why not. */
export function checkSignature(candidate: Checkable, key: VerificationKey): VerifiedSignature | Rejection {
  if (key.id !== candidate.keyId) return refuseKey('other_key')
  if (key.expires !== undefined && !(candidate.readAt < key.expires)) return refuseKey('expired')
  const parsed = parsedKey(key)
  if ('code' in parsed) return parsed
  const algorithms = candidate.algorithms.filter(algorithm => isFor(algorithm, key.algorithm))
  if (algorithms.length === 0) return new Rejection('unsupported_algorithm', key.algorithm)
  for (const algorithm of algorithms) {
    for (const base of candidate.bases) {
      if (isSignedBy(parsed, algorithm, base, candidate.signature)) {
        return { keyId: key.id, owner: key.owner, algorithm }
      }
    }
  }
  return new Rejection('signature_invalid', candidate.keyId)
}
