/** The JSON Canonicalization Scheme (RFC 8785), and the only file that knows canonicalize. */
import canonicalize from 'canonicalize'

/** The one text of a JSON value; nothing for what JSON can't hold: infinities, lone surrogates, endless depth. */
export function canonicalJson(value: unknown): string | undefined {
  try {
    return canonicalize(value)
  } catch {
    return undefined
  }
}
