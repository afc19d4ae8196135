/**
 * What a signature has to cover before it proves anything: method and target, the host (so that a delivery to one server
 * can't be replayed at another), a time, and the body by its digest. Pure: names in, the missing ones out.
 */

export type SignatureForm = 'cavage' | 'rfc9421'

interface Coverage {
  readonly form: SignatureForm
  /** Components, or header names. */
  readonly covered: readonly string[]
  /** The names of the signature's parameters (rfc9421): they are signed too, but stand for no component. */
  readonly parameters?: readonly string[]
  readonly hasBody: boolean
  readonly hasQuery: boolean
}

/** What is missing, as alternatives joined by `|`; empty when the coverage is enough. */
export function missingCoverage({ form, covered, parameters = [], hasBody, hasQuery }: Coverage): string[] {
  const has = (name: string): boolean => covered.includes(name)
  if (form === 'cavage') {
    const missing = ['(request-target)', 'host', ...(hasBody ? ['digest'] : [])].filter(name => !has(name))
    return has('date') || has('(created)') ? missing : [...missing, 'date|(created)']
  }
  const missing = [
    ...['@method', ...(hasBody ? ['content-digest'] : [])].filter(name => !has(name)),
    ...['created', 'keyid'].filter(name => !parameters.includes(name)),
  ]
  const pathAndQuery = has('@request-target') || (has('@path') && (has('@query') || !hasQuery))
  return has('@target-uri') || (has('@authority') && pathAndQuery) ? missing : [...missing, '@target-uri']
}
