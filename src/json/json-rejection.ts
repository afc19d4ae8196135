/** Why a JSON text was refused. Codes are API: they are among the verdicts of an inbound delivery. */

/** A stable, lower-case code. */
type JsonRejectionCode =
  /** One object has a member name twice. */
  | 'duplicate_key'
  /** Deeper, or of more values, than the limits allow. */
  | 'json_too_deep'
  /** Not well-formed UTF-8 that holds one JSON text of well-formed Unicode. */
  | 'malformed_json'
  /** A member is called `__proto__`. */
  | 'unsafe_key'

export class JsonRejection {
  readonly code: JsonRejectionCode
  /** What was wrong, and where: never a piece of the text. */
  readonly detail: string

  constructor(code: JsonRejectionCode, detail: string) {
    this.code = code
    this.detail = detail
  }
}
