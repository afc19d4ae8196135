/** Stage 5: the body is one JSON object that every reader understands alike. */
import { JsonRejection } from '../../json/json-rejection.ts'
import { readStrictJson } from '../../json/strict-json.ts'
import type { Delivery } from '../../signatures/delivery.ts'
import type { InboundLimits } from '../limits.ts'
import { reject, type Rejected } from '../verdict.ts'

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>

export function readBody({ body }: Delivery, limits: InboundLimits): { readonly document: Members } | Rejected {
  const document = readStrictJson(body, limits)
  if (document instanceof JsonRejection) return reject(document.code, document.detail)
  return isMembers(document) ? { document } : reject('malformed_json', 'no object')
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
