/**
 * Stage 10: when an account is deleted, its server tells every server it knows, and most of those never knew the account.
 * Its key is gone by then: asking for it would only bring a storm of 410s.
 */
import type { Peers } from '../../peers/types.ts'
import type { Envelope, InboundOptions } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'
import { idOf } from './envelope.ts'

export async function checkUnknownActor(
  { types, actor, activity }: Envelope,
  peers: Peers,
  isKnownActor: InboundOptions['isKnownActor'],
): Promise<Rejected | undefined> {
  if (!types.includes('Delete') || idOf(activity['object']) !== actor) return undefined
  if (peers.lookup(actor) !== undefined) return undefined
  const isKnown = (await isKnownActor?.(actor)) ?? false
  if (typeof isKnown !== 'boolean') throw new TypeError('isKnownActor must say true or false')
  return isKnown ? undefined : reject('ignored_unknown_actor', actor)
}
