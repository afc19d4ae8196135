/** Bounds on what strangers can ask of the pipeline, and for how long it remembers what went wrong. */
import { checkBound } from './arguments.ts'

const MINUTE_MS = 60_000

export interface InboundLimits {
  /** The largest body, in bytes; 1 MiB by default. The store's `payloadBytesMax` holds besides. */
  readonly bodyBytesMax: number
  /** How deep a body may be nested; 32 by default. */
  readonly depthMax: number
  /** How many values a body may hold; 10,000 by default. */
  readonly nodesMax: number
  /** Signatures in one request that are looked at (RFC 9421); 4 by default. */
  readonly labelsMax: number
  /** Components or headers of one signature; 32 by default. */
  readonly componentsMax: number
  /** How many unknown actors of one origin are fetched at a time; 16 by default. */
  readonly originFetchesMax: number
  /** How many actors of all origins are fetched at a time, unknown ones and those fetched again; 256 by default. */
  readonly fetchesMax: number
  /** How long a peer whose key failed is not fetched again for that, in milliseconds; 5 minutes by default. */
  readonly refreshCooldownMs: number
  /** How long a peer that could not be fetched is not fetched again, in milliseconds; 1 minute by default. */
  readonly negativeMs: number
  /** How long a peer that answered 410 is taken for gone, in milliseconds; a day by default. */
  readonly tombstoneMs: number
}

export const defaultLimits: InboundLimits = {
  bodyBytesMax: 1024 * 1024,
  depthMax: 32,
  nodesMax: 10_000,
  labelsMax: 4,
  componentsMax: 32,
  originFetchesMax: 16,
  fetchesMax: 256,
  refreshCooldownMs: 5 * MINUTE_MS,
  negativeMs: MINUTE_MS,
  tombstoneMs: 24 * 60 * MINUTE_MS,
}

/** @throws OUT_OF_RANGE, TypeError */
export function limitsOf(given: Partial<InboundLimits> = {}): InboundLimits {
  if (typeof given !== 'object' || given === null) throw new TypeError('limits must be an object')
  const limits = { ...defaultLimits }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`there is no limit ${name}`)
    if (value !== undefined) limits[name as keyof InboundLimits] = checkBound(name, value)
  }
  return limits
}
