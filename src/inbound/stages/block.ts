/** Stage 9: the host's block list, asked before anything is fetched from those it blocks. */
import type { Envelope, InboundOptions } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'

export async function checkBlock(
  { actor, activity }: Envelope,
  isBlocked: InboundOptions['isBlocked'],
): Promise<Rejected | undefined> {
  const answer = await isBlocked?.(actor, activity)
  if (answer === 'silent') return reject('blocked_silently', actor)
  return answer === true ? reject('blocked', actor) : undefined
}
