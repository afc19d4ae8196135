/** Stage 7: an actor speaks for its own origin only (FEP-fe34), and nobody from outside speaks for one of ours. */
import { originOf } from '../../signatures/origin.ts'
import type { Envelope } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'

export function checkOrigins({ id, actor }: Envelope, ours: string): Rejected | undefined {
  const origin = originOf(actor)
  if (origin === ours) return reject('local_actor_spoof', actor)
  return originOf(id) === origin ? undefined : reject('origin_mismatch', '/id')
}
