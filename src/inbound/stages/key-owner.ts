/** Stage 14: the key belongs to the activity's actor, and the actor lists it (FEP-fe34). */
import type { PeerState } from '../../peers/types.ts'
import type { VerifiedSignature } from '../../signatures/check-signature.ts'
import { reject, type Rejected } from '../verdict.ts'

export function checkKeyOwner(
  { keyId, owner }: VerifiedSignature,
  actor: string,
  { id, keys }: PeerState,
): Rejected | undefined {
  const lists = id === actor && keys.some(key => key.id === keyId && key.owner === actor)
  return lists && owner === actor ? undefined : reject('key_owner_mismatch', 'the actor does not list this key')
}
