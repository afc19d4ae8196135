/** Stage 9: the host's block list, asked before anything is fetched from those it blocks. */
import type { Envelope, InboundOptions } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'

export async function checkBlock(
  { actor, activity }: Envelope,
  isBlocked: InboundOptions['isBlocked'],
): Promise<Rejected | undefined> {
  const answer = await isBlocked?.(actor, activity)
  if (answer === 'silent') return reject('blocked_silently', actor)
  if (answer === true) return reject('blocked', actor)
  // A row of the block list must not count as no.
  if (answer === false || answer === undefined) return undefined
  throw new TypeError("isBlocked must say true, false or 'silent'")
}
