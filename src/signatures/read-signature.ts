/**
 * The first half of verifying: everything that can be judged without the key. Pure; it never throws for what a stranger
 * sends, fetches nothing, and takes the time as a parameter.
 */
import { defaultLimits, type SignatureCandidate, type SignatureLimits } from './candidate.ts'
import { readCavage } from './cavage.ts'
import {
  headerLines,
  headerValue,
  normalAuthority,
  refuseDuplicates,
  targetOf,
  type Delivery,
  type HeaderLines,
} from './delivery.ts'
import { checkDigests } from './digest.ts'
import type { ReadContext } from './read-context.ts'
import { Rejection } from './rejection.ts'
import { readRfc9421 } from './rfc9421.ts'

export interface ReadSignatureOptions {
  /** The time, in milliseconds. */
  readonly now: number
  /** The host, with the port if it is not the scheme's own, under which the outside knows this server. */
  readonly host: string
  readonly limits?: Partial<SignatureLimits>
}

const BODILESS = ['GET', 'HEAD']

/** The signature of a delivery, ready for its key; or why there is no need to look for one. */
export function readSignature(delivery: Delivery, options: ReadSignatureOptions): SignatureCandidate | Rejection {
  return readSignatureOf(delivery, headerLines(delivery), options)
}

/** The same for a delivery whose header lines were read before. */
export function readSignatureOf(
  delivery: Delivery,
  lines: HeaderLines,
  options: ReadSignatureOptions,
): SignatureCandidate | Rejection {
  const repeated = refuseDuplicates(lines)
  if (repeated !== undefined) return repeated
  const target = targetOf(delivery.url)
  if (target === undefined) return new Rejection('malformed_signature', 'url')
  // Methods are case-sensitive, and cavage's signing string is not.
  if (!/^[A-Z]+$/.test(delivery.method)) return new Rejection('malformed_signature', 'method')
  if (!lines.has('signature')) return new Rejection('missing_signature', 'signature')
  const signature = headerValue(lines, 'signature')
  if (signature === undefined) return new Rejection('malformed_signature', 'signature')

  const { method, body } = delivery
  const us = normalAuthority(options.host, target.scheme)
  const context: ReadContext = {
    method,
    target,
    lines,
    hasBody: body.length > 0 || !BODILESS.includes(method),
    now: options.now,
    limits: {
      labelsMax: options.limits?.labelsMax ?? defaultLimits.labelsMax,
      componentsMax: options.limits?.componentsMax ?? defaultLimits.componentsMax,
    },
    isForUs: host => host !== undefined && normalAuthority(host, target.scheme) === us,
  }
  const input = lines.has('signature-input') ? (headerValue(lines, 'signature-input') ?? '') : undefined
  const candidate = input === undefined ? readCavage(signature, context) : readRfc9421(input, signature, context)
  return candidate instanceof Rejection ? candidate : (checkDigests(lines, body) ?? candidate)
}
