/** Signatures by RFC 9421: the signature base (§2.5), and what a request says in this form. */
import { rfc9421Algorithms } from './algorithms.ts'
import type { SignatureCandidate } from './candidate.ts'
import { missingCoverage } from './coverage.ts'
import { headerValue } from './delivery.ts'
import { checkFreshness, expiryOf } from './freshness.ts'
import type { ReadContext } from './read-context.ts'
import { Rejection } from './rejection.ts'
import { parseSignatures, type LabelledSignature, type SignatureInput } from './signature-input.ts'

type SignedRequest = Pick<ReadContext, 'method' | 'target' | 'lines'>

/** What is signed: a line for each component, and the parameters. Nothing when a component has no value. */
export function rfc9421Base(
  { components, text }: Pick<SignatureInput, 'components' | 'text'>,
  request: SignedRequest,
): Uint8Array | undefined {
  let signed = ''
  for (const name of components) {
    const value = name.startsWith('@') ? derivedValue(name, request) : headerValue(request.lines, name)
    if (value === undefined) return undefined
    signed += `"${name}": ${value}\n`
  }
  return Buffer.from(`${signed}"@signature-params": ${text}`, 'latin1')
}

function derivedValue(name: string, { method, target }: Pick<SignedRequest, 'method' | 'target'>): string | undefined {
  const { scheme, authority, path, query } = target
  switch (name) {
    case '@method':
      return method
    case '@target-uri':
      return `${scheme}://${authority}${path}${query}`
    case '@authority':
      return authority
    case '@scheme':
      return scheme
    case '@request-target':
      return `${path}${query}`
    case '@path':
      return path
    // §2.2.7: an absent query is signed as a lone question mark.
    case '@query':
      return query === '' ? '?' : query
    default:
      return undefined
  }
}

/**
 * The signature of a request, up to the point where its key is needed. Of several, the first in the order of
 * `Signature-Input` that could be accepted: one key is looked up, whatever a sender lists. When none could, the first
 * one says why.
 */
export function readRfc9421(
  inputText: string,
  signatureText: string,
  context: ReadContext,
): SignatureCandidate | Rejection {
  const signatures = parseSignatures(inputText, signatureText, context.limits)
  if (typeof signatures === 'string') return new Rejection('malformed_signature', signatures)
  let first: Rejection | undefined
  for (const each of signatures) {
    const candidate = readOne(each, context)
    if (!(candidate instanceof Rejection)) return candidate
    first ??= candidate
  }
  return first ?? new Rejection('missing_signature', 'signature-input')
}

function readOne({ label, input, signature }: LabelledSignature, context: ReadContext): SignatureCandidate | Rejection {
  if (typeof input === 'string') return new Rejection('malformed_signature', input)
  if (signature === undefined || signature.length === 0) return new Rejection('malformed_signature', label)
  const { components, parameters, keyId, created } = input
  const algorithms = rfc9421Algorithms(input.alg)
  if (algorithms === undefined) return new Rejection('unsupported_algorithm', input.alg ?? '')
  const { hasBody, target, lines, now } = context
  const hasQuery = target.query !== ''
  const missing = missingCoverage({ form: 'rfc9421', covered: components, parameters, hasBody, hasQuery })
  if (missing.length > 0 || keyId === undefined || created === undefined) {
    return new Rejection('insufficient_coverage', missing.join(', '))
  }
  const hosts = [target.authority, ...(components.includes('host') ? [headerValue(lines, 'host')] : [])]
  if (!hosts.every(host => context.isForUs(host))) return new Rejection('insufficient_coverage', 'another host')
  const base = rfc9421Base(input, context)
  if (base === undefined) return new Rejection('malformed_signature', 'a covered header is not there')
  const times = { created, expires: input.expires }
  const stale = checkFreshness(times, now)
  if (stale !== undefined) return stale
  const expires = expiryOf(times)
  const common = { keyId, covered: components, created, expires, readAt: now }
  return { form: 'rfc9421', label, ...common, algorithms, bases: [base], signature }
}
