/**
 * How long a signature holds. The times are part of the rules that the fediverse shares: five minutes when the signer says
 * nothing, never more than twelve hours, and one hour for clocks that differ. In milliseconds.
 */
import { Rejection } from './rejection.ts'

const MINUTE = 60_000
const LIFE_DEFAULT = 5 * MINUTE
const LIFE_MAX = 12 * 60 * MINUTE
export const SKEW_MAX = 60 * MINUTE

export interface Times {
  readonly created: number
  readonly expires?: number | undefined
}

/** The moment a signature ends; a far `expires` is brought nearer. */
export function expiryOf({ created, expires = created + LIFE_DEFAULT }: Times): number {
  return Math.min(expires, created + LIFE_MAX)
}

/** Written so that a time that is no number is refused. */
export function checkFreshness(times: Times, now: number): Rejection | undefined {
  const { created, expires } = times
  if (!(created <= now + SKEW_MAX)) return new Rejection('signature_from_future', 'created')
  if (expires !== undefined && expires < created) return new Rejection('signature_expired', 'expires before created')
  return now <= expiryOf(times) + SKEW_MAX ? undefined : new Rejection('signature_expired', 'expires')
}
