/** Why a document of another server was not taken. Codes are API; docs/peers.md says what each means. */

export type FetchErrorCode =
  | 'address_refused'
  | 'content_encoding'
  | 'content_type'
  | 'id_mismatch'
  | 'malformed'
  | 'no_key'
  | 'origin_mismatch'
  | 'redirect_refused'
  | 'status'
  | 'timeout'
  | 'too_large'
  | 'unreachable'
  | 'url_refused'

/** No part of what the other server sent stands in the message: it may end in a log, or in an answer. */
export class FetchError extends Error {
  readonly code: FetchErrorCode
  /** The HTTP status, where `code` is `status`. */
  readonly status?: number

  constructor(code: FetchErrorCode, message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'FetchError'
    this.code = code
    if (status !== undefined) this.status = status
  }
}
