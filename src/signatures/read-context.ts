/** What both forms of signature are read from. */
import type { SignatureLimits } from './candidate.ts'
import type { HeaderLines, Target } from './delivery.ts'

/** A delivery taken apart, as both forms read it. */
export interface ReadContext {
  readonly method: string
  readonly target: Target
  readonly lines: HeaderLines
  readonly hasBody: boolean
  readonly now: number
  readonly limits: SignatureLimits
  /** Whether a host that was signed is this server. */
  readonly isForUs: (host: string | undefined) => boolean
}
