/** Signatures by draft-cavage-http-signatures-12: the signing string (§2.3), and what a request says in this form. */
import { cavageAlgorithms } from './algorithms.ts'
import type { SignatureCandidate } from './candidate.ts'
import { parseCavageHeader, type CavageHeader } from './cavage-header.ts'
import { missingCoverage } from './coverage.ts'
import { parseHttpDate } from './dates.ts'
import { headerValue, type HeaderLines, type Target } from './delivery.ts'
import { checkFreshness, expiryOf, type Times } from './freshness.ts'
import type { ReadContext } from './read-context.ts'
import { Rejection } from './rejection.ts'

type Signed = Pick<CavageHeader, 'headers' | 'created' | 'expires'>

/** What is signed: a line for each name. Nothing when a name has no value. */
export function cavageBase(
  { headers, created, expires }: Signed,
  { method, target, lines }: { readonly method: string; readonly target: Target; readonly lines: HeaderLines },
  withQuery = true,
): Uint8Array | undefined {
  const valueOf = (name: string): string | undefined => {
    switch (name) {
      case '(request-target)':
        return `${method.toLowerCase()} ${target.path}${withQuery ? target.query : ''}`
      case '(created)':
        return created === undefined ? undefined : String(created / 1000)
      case '(expires)':
        return expires === undefined ? undefined : String(expires / 1000)
      default:
        return headerValue(lines, name)
    }
  }
  const signed: string[] = []
  for (const name of headers) {
    const value = valueOf(name)
    if (value === undefined) return undefined
    signed.push(`${name}: ${value}`)
  }
  return Buffer.from(signed.join('\n'), 'latin1')
}

/** The signature of a request, up to the point where its key is needed. */
export function readCavage(text: string, context: ReadContext): SignatureCandidate | Rejection {
  const header = parseCavageHeader(text)
  if (typeof header === 'string') return new Rejection('malformed_signature', header)
  const { headers, keyId, signature } = header
  if (headers.length > context.limits.componentsMax) return new Rejection('malformed_signature', 'headers')
  const algorithms = cavageAlgorithms(header.algorithm)
  if (algorithms === undefined) return new Rejection('unsupported_algorithm', header.algorithm ?? '')
  const isOlder = header.algorithm !== undefined && header.algorithm !== 'hs2019'
  // §2.1.4 and §2.1.5: an older algorithm name can't go with the times of its successor.
  if (isOlder && headers.some(name => name === '(created)' || name === '(expires)')) {
    return new Rejection('malformed_signature', `(created) or (expires) with ${header.algorithm}`)
  }
  const { hasBody, target, lines } = context
  const missing = missingCoverage({ form: 'cavage', covered: headers, hasBody, hasQuery: target.query !== '' })
  if (missing.length > 0) return new Rejection('insufficient_coverage', missing.join(', '))
  if (!context.isForUs(headerValue(lines, 'host'))) return new Rejection('insufficient_coverage', 'another host')

  const base = cavageBase(header, context)
  const bare = target.query === '' ? undefined : cavageBase(header, context, false)
  if (base === undefined) return new Rejection('malformed_signature', 'a covered header is not there')
  const times = timesOf(header, lines)
  if (times instanceof Rejection) return times
  const stale = times.map(each => checkFreshness(each, context.now)).find(each => each !== undefined)
  if (stale !== undefined) return stale
  const [first] = times
  return {
    form: 'cavage',
    keyId,
    covered: headers,
    created: first.created,
    expires: Math.min(...times.map(expiryOf)),
    readAt: context.now,
    algorithms,
    bases: bare === undefined ? [base] : [base, bare],
    signature,
  }
}

/** Of the times only what is signed counts; an unsigned `expires` can shorten a life, not prolong it. */
function timesOf({ headers, created, expires }: CavageHeader, lines: HeaderLines): [Times, ...Times[]] | Rejection {
  const moments: number[] = []
  if (headers.includes('(created)') && created !== undefined) moments.push(created)
  if (headers.includes('date')) {
    const date = parseHttpDate(headerValue(lines, 'date') ?? '')
    if (date === undefined) return new Rejection('malformed_signature', 'date')
    moments.push(date)
  }
  const [first, ...rest] = moments.map((moment): Times => {
    if (expires === undefined || headers.includes('(expires)')) return { created: moment, expires }
    return { created: moment, expires: Math.min(expires, expiryOf({ created: moment })) }
  })
  return first === undefined ? new Rejection('insufficient_coverage', 'date|(created)') : [first, ...rest]
}
