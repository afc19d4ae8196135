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
  readonly lines: HeaderLines
  /** The whole body, parsed. */
  readonly document: Members
  readonly envelope: Envelope
}

export function readDelivery(
  delivery: Delivery,
  { origin, limits }: { readonly origin: string; readonly limits: InboundLimits },
): ReadDelivery | Rejected {
  const lines = headerLines(delivery)
  const refusal =
    checkRequest(delivery.method) ??
    checkBodySize(delivery.body.byteLength, limits.bodyBytesMax) ??
    checkMediaType(lines) ??
    checkHeaderLines(lines)
  if (refusal !== undefined) return refusal
  const body = readBody(delivery, limits)
  if (isRejected(body)) return body
  const envelope = readEnvelope(body.document)
  if (isRejected(envelope)) return envelope
  return checkOrigins(envelope, origin) ?? { lines, document: body.document, envelope }
}
