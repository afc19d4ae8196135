/**
 * Stage 11: everything about the signature that needs no key: syntax, coverage, freshness, digest; and, for an activity
 * that carries an integrity proof, the proof. What is left are the claims that a key may confirm, the best first.
 */
import type { SignatureCandidate } from '../../signatures/candidate.ts'
import { readProof, type ProofCandidate } from '../../signatures/integrity-proof.ts'
import { originOf } from '../../signatures/origin.ts'
import { readSignatureOf } from '../../signatures/read-signature.ts'
import { Rejection } from '../../signatures/rejection.ts'
import type { InboundLimits } from '../limits.ts'
import type { ReadDelivery } from '../read-delivery.ts'
import { reject, type Rejected } from '../verdict.ts'

/** A signature that may be the actor's own. */
export type Claim = SignatureCandidate | ProofCandidate

/** It goes into a record's `meta`, whose size is bound, beside an actor's id. */
const KEY_ID_BYTES_MAX = 2048

interface Reading {
  readonly host: string
  readonly now: number
  readonly limits: InboundLimits
}

/** At least one claim. A key of another origin can't be the actor's, so a claim with such a key is none. */
export function readClaims(
  { delivery, lines, document, envelope }: ReadDelivery,
  { host, now, limits }: Reading,
): { readonly claims: readonly Claim[] } | Rejected {
  const signature = readSignatureOf(delivery, lines, { now, host, limits })
  if (signature instanceof Rejection) return reject(signature.code, signature.detail)
  // FEP-8b32: a proof takes precedence over the HTTP signature.
  const proof = Object.hasOwn(document, 'proof') ? readProof(document, { now }) : undefined
  const read: readonly Claim[] = proof === undefined || proof instanceof Rejection ? [signature] : [proof, signature]
  const origin = originOf(envelope.actor)
  const claims = read.filter(({ keyId }) => Buffer.byteLength(keyId) <= KEY_ID_BYTES_MAX && originOf(keyId) === origin)
  if (claims.length > 0) return { claims }
  // Somebody else forwards it. The host can fetch it by its id, from where it belongs.
  return reject('forwarded_unverified', proof instanceof Rejection ? `proof: ${proof.code}` : 'no proof')
}
