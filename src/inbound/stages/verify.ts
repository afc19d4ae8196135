/**
 * Stage 13: whether the key made the signature. A key from the cache may have been rotated since: it is fetched anew once,
 * and only a key that is really another one is tried.
 */
import type { PeerHit } from '../../peers/types.ts'
import { checkSignatureInPool, type VerifiedSignature } from '../../signatures/check-signature.ts'
import { Rejection } from '../../signatures/rejection.ts'
import { reject, type Rejected } from '../verdict.ts'
import type { FoundKey, KeyFinder } from './key.ts'
import type { Claim } from './signature.ts'

export interface VerifiedClaim extends PeerHit {
  readonly claim: Claim
  readonly verified: VerifiedSignature
}

export async function verifyClaim(
  claim: Claim,
  actor: string,
  now: number,
  keys: KeyFinder,
): Promise<VerifiedClaim | Rejected> {
  const found = await keys.find(actor, claim.keyId, now)
  if ('accepted' in found) return found
  const first = await checkSignatureInPool(claim, found.key)
  if (!(first instanceof Rejection)) return verifiedWith(claim, found, first)
  const newer = found.wasCached && mayBeOld(first) ? await keys.findNewer(actor, found.key, now) : undefined
  if (newer === undefined) return reject(first.code, first.detail)
  const second = await checkSignatureInPool(claim, newer.key)
  return second instanceof Rejection ? reject(second.code, second.detail) : verifiedWith(claim, newer, second)
}

function verifiedWith(claim: Claim, { peer, stale }: FoundKey, verified: VerifiedSignature): VerifiedClaim {
  return { claim, verified, peer, stale }
}

/** A key that expired, or is of another kind than the signature, may have a successor of the same id too. */
function mayBeOld({ code }: Rejection): boolean {
  return code === 'signature_invalid' || code === 'key_invalid' || code === 'unsupported_algorithm'
}
