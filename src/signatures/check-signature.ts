/** The second half of verifying: a candidate and its key. Pure, and never throws. */
import type { KeyObject } from 'node:crypto'
import { isFor, isSignedBy, isSignedInPool, type SignatureAlgorithm } from './algorithms.ts'
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

interface Trial {
  readonly parsed: KeyObject
  readonly algorithm: SignatureAlgorithm
  readonly base: Uint8Array
}

/** What a key is asked about: a candidate of either form, or one of an integrity proof. */
export type Checkable = Pick<SignatureCandidate, 'keyId' | 'algorithms' | 'bases' | 'signature' | 'readAt'>

/** Whether the key made the signature: who signed with what, or why not. */
export function checkSignature(candidate: Checkable, key: VerificationKey): VerifiedSignature | Rejection {
  const trials = trialsOf(candidate, key)
  if (trials instanceof Rejection) return trials
  for (const { parsed, algorithm, base } of trials) {
    if (isSignedBy(parsed, algorithm, base, candidate.signature)) return verifiedBy(key, algorithm)
  }
  return new Rejection('signature_invalid', candidate.keyId)
}

/** As `checkSignature`, with the arithmetic on another thread. */
export async function checkSignatureInPool(
  candidate: Checkable,
  key: VerificationKey,
): Promise<VerifiedSignature | Rejection> {
  const trials = trialsOf(candidate, key)
  if (trials instanceof Rejection) return trials
  for (const { parsed, algorithm, base } of trials) {
    if (await isSignedInPool(parsed, algorithm, base, candidate.signature)) return verifiedBy(key, algorithm)
  }
  return new Rejection('signature_invalid', candidate.keyId)
}

/** What has to be tried, if anything: one that succeeds is enough. */
function trialsOf(candidate: Checkable, key: VerificationKey): readonly Trial[] | Rejection {
  if (key.id !== candidate.keyId) return refuseKey('other_key')
  if (key.expires !== undefined && !(candidate.readAt < key.expires)) return refuseKey('expired')
  const parsed = parsedKey(key)
  if ('code' in parsed) return parsed
  const algorithms = candidate.algorithms.filter(algorithm => isFor(algorithm, key.algorithm))
  if (algorithms.length === 0) return new Rejection('unsupported_algorithm', key.algorithm)
  return algorithms.flatMap(algorithm => candidate.bases.map(base => ({ parsed, algorithm, base })))
}

function verifiedBy({ id, owner }: VerificationKey, algorithm: SignatureAlgorithm): VerifiedSignature {
  return { keyId: id, owner, algorithm }
}
