/**
 * The codes of refused deliveries: which stage gives each, the HTTP status, and whether the sender may try again. Codes
 * are API; docs/inbound.md lists them (a test compares the two). Senders take 501 and every 4xx but 401, 408 and 429 for
 * final: so 401 says that a request signed again may pass, 400 and 403 that it never will, 503 that this one may later.
 */

interface Ruling {
  readonly stage: string
  readonly status: number
  readonly retry: boolean
}

export const rulings = {
  method_not_allowed: { stage: 'request', status: 405, retry: false },
  body_too_large: { stage: 'body-size', status: 413, retry: false },
  unsupported_media_type: { stage: 'media-type', status: 415, retry: false },
  duplicate_header: { stage: 'header-lines', status: 400, retry: false },
  malformed_json: { stage: 'json', status: 400, retry: false },
  json_too_deep: { stage: 'json', status: 400, retry: false },
  duplicate_key: { stage: 'json', status: 400, retry: false },
  unsafe_key: { stage: 'json', status: 400, retry: false },
  invalid_envelope: { stage: 'envelope', status: 400, retry: false },
  local_actor_spoof: { stage: 'origin', status: 403, retry: false },
  origin_mismatch: { stage: 'origin', status: 403, retry: false },
  no_such_inbox: { stage: 'inboxes', status: 404, retry: false },
  inbox_gone: { stage: 'inboxes', status: 410, retry: false },
  no_recipient: { stage: 'inboxes', status: 202, retry: false },
  blocked: { stage: 'block', status: 403, retry: false },
  blocked_silently: { stage: 'block', status: 202, retry: false },
  ignored_unknown_actor: { stage: 'unknown-actor', status: 202, retry: false },
  missing_signature: { stage: 'signature', status: 401, retry: true },
  malformed_signature: { stage: 'signature', status: 401, retry: true },
  insufficient_coverage: { stage: 'signature', status: 401, retry: true },
  unsupported_algorithm: { stage: 'signature', status: 401, retry: true },
  signature_expired: { stage: 'signature', status: 401, retry: true },
  signature_from_future: { stage: 'signature', status: 401, retry: true },
  digest_mismatch: { stage: 'signature', status: 400, retry: false },
  forwarded_unverified: { stage: 'key', status: 202, retry: false },
  key_gone: { stage: 'key', status: 202, retry: false },
  key_invalid: { stage: 'key', status: 401, retry: true },
  key_fetch_failed: { stage: 'key', status: 503, retry: true },
  signature_invalid: { stage: 'verify', status: 401, retry: true },
  key_owner_mismatch: { stage: 'key-owner', status: 403, retry: false },
  not_owner: { stage: 'object-owner', status: 403, retry: false },
  id_conflict: { stage: 'append', status: 202, retry: false },
  store_unavailable: { stage: 'append', status: 503, retry: true },
} as const satisfies Readonly<Record<string, Ruling>>

/** A stable, lower-case code of the pipeline's own. */
export type InboundCode = keyof typeof rulings

/** Why a delivery was not accepted. Nothing was appended, and no peer that was good has changed. */
export interface Rejected {
  readonly accepted: false
  /** An `InboundCode`, or that of a host's own stage. */
  readonly code: InboundCode | (string & {})
  /** The stage that refused it. */
  readonly stage: string
  /** The HTTP status to answer with. */
  readonly status: number
  /** Whether the sender may try again: the same delivery with 503, signed anew with 401. */
  readonly retry: boolean
  /** Which part was wrong. For people; not stable. */
  readonly detail: string
}

const DETAIL_LENGTH_MAX = 200

export function reject(code: InboundCode, detail: string): Rejected {
  // The sender sees it, and may have written it.
  return { accepted: false, code, ...rulings[code], detail: detail.slice(0, DETAIL_LENGTH_MAX) }
}

/** Whether what a stage gave is a refusal. */
export function isRejected(result: unknown): result is Rejected {
  return typeof result === 'object' && result !== null && 'accepted' in result && result.accepted === false
}
