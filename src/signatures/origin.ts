/**
 * The origin of an id (RFC 6454; WHATWG URL): what decides who may speak for it (FEP-fe34). Ids of actors, keys and
 * activities all pass through here, several for each delivery.
 */

/** What nearly every id looks like: nothing in it that parsing would change, and no host that could be a number. */
const PLAIN = /^(https?:\/\/(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})(?=[/?#]|$)/
/** Parsing strips tabs and line breaks, and takes a backslash for a slash: two readers could see two origins. */
// oxlint-disable-next-line no-control-regex
const AMBIGUOUS = /[\u0000-\u0020\u007f\\]/

/**
 * What is given to the URL parser: it takes time in the square of a host's length, and it skips slashes, so that
 * `https:///a.example` has a host for it and none for others. Names end at 253 characters (RFC 1035 §2.3.4).
 */
const HTTP = /^https?:\/\/[^/?#]{1,512}(?:[/?#]|$)/i

/** Undefined for what is no absolute http(s) URL, or names a user. */
export function originOf(id: string): string | undefined {
  if (AMBIGUOUS.test(id)) return undefined
  const plain = id.includes('xn--') ? undefined : PLAIN.exec(id)?.[1]
  if (plain !== undefined) return plain
  const url = HTTP.test(id) ? parse(id) : undefined
  return url?.username === '' && url.password === '' ? url.origin : undefined
}

/** `URL.canParse` of Node 20 says no to letters such as é once it has been called often. */
function parse(id: string): URL | undefined {
  try {
    return new URL(id)
  } catch {
    return undefined
  }
}
