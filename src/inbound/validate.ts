/** The pure half of the pipeline: a delivery and a peer's state in, a verdict out. No hook, no fetch, no append. */
import type { PeerState } from '../peers/types.ts'
import { checkSignature, type VerifiedSignature } from '../signatures/check-signature.ts'
import type { Delivery } from '../signatures/delivery.ts'
import { readSignature } from '../signatures/read-signature.ts'
import { Rejection } from '../signatures/rejection.ts'
import type { InboundLimits } from './limits.ts'
import { readDelivery } from './read-delivery.ts'
import { checkKeyOwner } from './stages/key-owner.ts'
import { checkObjectOwner } from './stages/object-owner.ts'
import { readClaims, type Claim } from './stages/signature.ts'
import type { Signer, Validated } from './types.ts'
import { isRejected, reject, type Rejected } from './verdict.ts'

export interface ValidateContext {
  readonly origin: URL
  readonly limits: InboundLimits
  readonly now: number
}

/** Whether the peer vouches for the delivery by its HTTP signature; nothing else is looked at. */
export function verifySignatureOf(
  delivery: Delivery,
  peer: PeerState,
  { origin, limits, now }: ValidateContext,
): VerifiedSignature | Rejected {
  const candidate = readSignature(delivery, { now, host: origin.host, limits })
  if (candidate instanceof Rejection) return reject(candidate.code, candidate.detail)
  return verifyWith(candidate, peer)
}

export function validateDelivery(delivery: Delivery, peer: PeerState, context: ValidateContext): Validated | Rejected {
  const { origin, limits, now } = context
  const read = readDelivery(delivery, { origin: origin.origin, limits })
  if (isRejected(read)) return read
  const { envelope } = read
  const signatures = readClaims(read, { host: origin.host, now, limits })
  if (isRejected(signatures)) return signatures
  let last: Rejected | undefined
  for (const claim of signatures.claims) {
    const verified = verifyWith(claim, peer)
    if (isRejected(verified)) {
      last = verified
      continue
    }
    const refusal = checkKeyOwner(verified, envelope.actor, peer) ?? checkObjectOwner(envelope)
    return refusal ?? { accepted: true, activity: envelope.activity, signer: signerOf(claim, verified) }
  }
  return last ?? reject('missing_signature', 'no claim')
}

export function signerOf({ form }: Claim, { owner, keyId, algorithm }: VerifiedSignature): Signer {
  return { actor: owner, keyId, form, algorithm }
}

function verifyWith(claim: Claim, { keys }: PeerState): VerifiedSignature | Rejected {
  const key = keys.find(({ id }) => id === claim.keyId)
  if (key === undefined) return reject('key_owner_mismatch', 'the actor does not list this key')
  const verified = checkSignature(claim, key)
  return verified instanceof Rejection ? reject(verified.code, verified.detail) : verified
}
