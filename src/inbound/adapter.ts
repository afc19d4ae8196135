/** What both HTTP adapters share: the delivery's URL, and the answer to a verdict. */
import type { Delivery } from '../signatures/delivery.ts'
import type { Verdict } from './types.ts'
import type { Rejected } from './verdict.ts'

export interface AdapterContext {
  readonly origin: string
  readonly bodyBytesMax: number
  readonly receive: (delivery: Delivery) => Promise<Verdict>
  /** Tells the host of a request that was refused before it was a delivery. */
  readonly refused: (verdict: Rejected, request: Pick<Delivery, 'method' | 'url'>) => Promise<void>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Seconds: what a refresh of a key may take to be allowed again is longer, what a disk needs is not known. */
const RETRY_AFTER_S = 60

/** The URL under which the outside sees the request: the origin is the host's word, never the `Host` header's. */
export function externalUrl(origin: string, target: string): string {
  // A proxy may be asked with an absolute URL (RFC 9112 §3.2.2); what counts is its path and query.
  const relative = /^https?:\/\/[^/?#]*/i.exec(target)
  const path = relative === null ? target : target.slice(relative[0].length)
  return `${origin}${path.startsWith('/') ? '' : '/'}${path}`
}

/** A refusal says its code and detail as JSON; what was accepted, and what is to look like it, has no body. */
export function answerTo(
  verdict: Pick<Verdict, 'status'> & Partial<{ code: string; detail: string; retry: boolean }>,
): Answer {
  const { status, code, detail } = verdict
  if (status < 300) return { status, headers: {}, body: '' }
  const headers = {
    'content-type': 'application/json',
    ...(status === 405 ? { allow: 'POST' } : {}),
    ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
  }
  return { status, headers, body: JSON.stringify({ error: code, detail }) }
}
