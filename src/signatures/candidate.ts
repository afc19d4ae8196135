/** A signature that was read and may be true: what is left to do is to find its key and to compare. */
import type { SignatureAlgorithm } from './algorithms.ts'
import type { SignatureForm } from './coverage.ts'

export interface SignatureCandidate {
  readonly form: SignatureForm
  /** Which of several signatures it is (rfc9421). */
  readonly label?: string
  readonly keyId: string
  /** Header names or components, in the order in which they were signed. */
  readonly covered: readonly string[]
  /** In milliseconds. */
  readonly created: number
  /** In milliseconds: the end of its life, after defaults and caps. */
  readonly expires: number
  /** In milliseconds: the time by which it was judged. */
  readonly readAt: number
  /** What may have made it; the key picks. */
  readonly algorithms: readonly SignatureAlgorithm[]
  /** The signed text; two when a query may or may not have been signed. */
  readonly bases: readonly Uint8Array[]
  readonly signature: Uint8Array
}

/** Bounds on what a stranger may ask to be read. */
export interface SignatureLimits {
  /** Signatures in one request. */
  readonly labelsMax: number
  /** Components of one signature. */
  readonly componentsMax: number
}

export const defaultLimits: SignatureLimits = { labelsMax: 4, componentsMax: 32 }

export const KEY_ID_LENGTH_MAX = 2048
