/**
 * A request as it came in, and what is read from it before anything is believed: every header line by itself, and the
 * target as it was written. Never a `Headers` object or a parsed body: both hide what an attacker repeats.
 */
import { Rejection } from './rejection.ts'

/** A request with its exact bytes. */
export interface Delivery {
  readonly method: string
  /** The absolute URL under which the outside sees this server: configured origin, and the request's own target. */
  readonly url: string
  /** Node's flat `rawHeaders`, or pairs. */
  readonly rawHeaders: readonly string[] | readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** From each lower-case header name to its values, in order, without the white space around them. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>

/** The parts of an absolute http(s) URL, as they were written; scheme and authority in their one normal form. */
export interface Target {
  readonly scheme: 'http' | 'https'
  /** Lower-case, without the scheme's default port (RFC 9421 §2.2.3). */
  readonly authority: string
  /** Never empty (RFC 9421 §2.2.6). */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

const URL_LENGTH_MAX = 16_384
const URL_PARTS = /^(https?):\/\/([A-Za-z0-9.\-_:[\]]+)(\/[!-"$->@-~]*)?(\?[!-"$-~]*)?$/i
const ONE_LINE_ONLY = ['host', 'date', 'digest', 'content-digest', 'signature', 'signature-input']

export function headerLines({ rawHeaders }: Delivery): HeaderLines {
  const lines = new Map<string, string[]>()
  for (const [name, value] of pairsOf(rawHeaders)) {
    const values = lines.get(name.toLowerCase())
    const trimmed = trim(value)
    if (values === undefined) lines.set(name.toLowerCase(), [trimmed])
    else values.push(trimmed)
  }
  return lines
}

/** Refuses a request that says one thing twice: which of the two counts would be anybody's guess. */
export function refuseDuplicates(lines: HeaderLines): Rejection | undefined {
  const repeated = ONE_LINE_ONLY.find(name => (lines.get(name)?.length ?? 0) > 1)
  return repeated === undefined ? undefined : new Rejection('duplicate_header', repeated)
}

/** The parts of `url`; nothing for a fragment, user information, a space, a control or a non-ASCII character. */
export function targetOf(url: string): Target | undefined {
  if (url.length > URL_LENGTH_MAX) return undefined
  const [, scheme, authority, path, query] = URL_PARTS.exec(url) ?? []
  if (scheme === undefined || authority === undefined) return undefined
  const lower = scheme.toLowerCase() as Target['scheme']
  return { scheme: lower, authority: normalAuthority(authority, lower), path: path ?? '/', query: query ?? '' }
}

/** Lower-case, without the port that the scheme implies. */
export function normalAuthority(authority: string, scheme: Target['scheme']): string {
  return authority.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '')
}

/** A header's value as both forms of signature have it: all lines, joined by a comma and a space. */
export function headerValue(lines: HeaderLines, name: string): string | undefined {
  const values = lines.get(name)
  const value = values?.length === 1 ? values[0] : values?.join(', ')
  // A line break would forge a line of the signed text; a character above 255 was never on the wire.
  return value === undefined || /[^\t\u0020-\u007e\u0080-\u00ff]/.test(value) ? undefined : value
}

function pairsOf(rawHeaders: Delivery['rawHeaders']): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  for (const [at, each] of rawHeaders.entries()) {
    if (typeof each !== 'string') pairs.push(each)
    else if (at % 2 === 0) pairs.push([each, String(rawHeaders[at + 1] ?? '')])
  }
  return pairs
}

/** Without spaces and tabs around it, and only those: `trim` knows more. A pattern for the end would be quadratic. */
function trim(value: string): string {
  let [start, end] = [0, value.length]
  while (start < end && isSpace(value, start)) start += 1
  while (end > start && isSpace(value, end - 1)) end -= 1
  return value.slice(start, end)
}

function isSpace(value: string, at: number): boolean {
  return value[at] === ' ' || value[at] === '\t'
}
