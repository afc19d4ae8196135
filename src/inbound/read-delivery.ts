/** The stages that look at nothing but the delivery itself, in their order: what it says, before who signed it. */
import { headerLines, type Delivery, type HeaderLines } from '../signatures/delivery.ts'
import type { InboundLimits } from './limits.ts'
import { checkBodySize } from './stages/body-size.ts'
import { readEnvelope } from './stages/envelope.ts'
import { checkHeaderLines } from './stages/header-lines.ts'
import { readBody, type Members } from './stages/json.ts'
import { checkMediaType } from './stages/media-type.ts'
import { checkOrigins } from './stages/origin.ts'
import { checkRequest } from './stages/request.ts'
import type { Envelope } from './types.ts'
import { isRejected, type Rejected } from './verdict.ts'

export interface ReadDelivery {
  /** With a body of its own: the host may change its buffer meanwhile, and what is judged is what is appended. */
  readonly delivery: Delivery
  readonly lines: HeaderLines
  /** The whole body, parsed. */
  readonly document: Members
  readonly envelope: Envelope
}

export function readDelivery(
  given: Delivery,
  { origin, limits }: { readonly origin: string; readonly limits: InboundLimits },
): ReadDelivery | Rejected {
  const lines = headerLines(given)
  const refusal =
    checkRequest(given.method) ??
    checkBodySize(given.body.byteLength, limits.bodyBytesMax) ??
    checkMediaType(lines) ??
    checkHeaderLines(lines)
  if (refusal !== undefined) return refusal
  const { method, url, rawHeaders } = given
  const delivery = { method, url, rawHeaders, body: Buffer.from(given.body) }
  const body = readBody(delivery, limits)
  if (isRejected(body)) return body
  const envelope = readEnvelope(body.document)
  if (isRejected(envelope)) return envelope
  return checkOrigins(envelope, origin) ?? { delivery, lines, document: body.document, envelope }
}
