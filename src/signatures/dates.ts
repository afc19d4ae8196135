/** Dates and times as they stand in headers and documents, in milliseconds. Only the one form that each standard has. */

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
const HTTP_DATE_LENGTH = 29
const SECONDS = /^(0|[1-9]\d{0,11})$/

/** An IMF-fixdate (RFC 9110 §5.6.7), weekday and all. `Date.parse` alone takes 'wrong 1' for a date. */
export function parseHttpDate(text: string): number | undefined {
  const time = text.length === HTTP_DATE_LENGTH ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toUTCString() === text ? time : undefined
}

export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}

/** An xsd:dateTime with a time zone, as `created` and `expires` of keys and proofs have it. */
export function parseDateTime(text: string): number | undefined {
  const time = DATE_TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** Whole seconds since 1970 as digits: no sign, no fraction, no leading zero. */
export function parseSeconds(text: string): number | undefined {
  return SECONDS.test(text) ? Number(text) * 1000 : undefined
}
