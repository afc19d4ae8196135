/** What a host gives to `createInbound`. A wrong type is the host's bug, and a `TypeError` at once. */
import { TwinlogError } from '../errors.ts'
import type { Delivery } from '../signatures/delivery.ts'
import type { HostStage, InboundOptions } from './types.ts'

const OPTIONS: Readonly<Record<keyof InboundOptions, 'function' | 'object' | 'string'>> = {
  store: 'object',
  origin: 'string',
  fetchPeer: 'function',
  route: 'function',
  clock: 'function',
  limits: 'object',
  isBlocked: 'function',
  isKnownActor: 'function',
  stages: 'object',
  onVerdict: 'function',
}
const REQUIRED = ['store', 'origin', 'fetchPeer', 'route']

/** A misspelt option must not silently leave a check out. */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('createInbound takes an object')
  const given = new Map(Object.entries(options).filter(([, value]) => value !== undefined))
  for (const name of REQUIRED) if (!given.has(name)) throw new TypeError(`createInbound needs ${name}`)
  for (const [name, value] of given) {
    if (!Object.hasOwn(OPTIONS, name)) throw new TypeError(`createInbound has no option ${name}`)
    const type = OPTIONS[name as keyof InboundOptions]
    if (typeof value !== type || value === null) throw new TypeError(`${name} must be of type ${type}`)
  }
  checkStore(given.get('store') as Partial<InboundOptions['store']>)
}

/** Else the first delivery would fail, and the sender be told so. */
function checkStore(store: Partial<InboundOptions['store']>): void {
  const { actors, peers } = store
  if (hasMethods(store, ['append', 'inbox']) && hasMethods(actors, ['status'])) {
    if (hasMethods(peers, ['lookup', 'lookupByKey'])) return
  }
  throw new TypeError('store must be one from open or openMemory, with its actors and peers')
}

function hasMethods<Part extends object>(part: Part | undefined, names: readonly (keyof Part)[]): boolean {
  return names.every(name => typeof part?.[name] === 'function')
}

/** An origin in its one normal form. */
export function checkOrigin(origin: string): URL {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && [url.origin, `${url.origin}/`].includes(url.href))
    return url
  throw new TypeError('origin must be http or https, a host, and nothing else')
}

export function checkStages(stages: readonly HostStage[]): readonly HostStage[] {
  if (!Array.isArray(stages)) throw new TypeError('stages must be an array')
  for (const { name, at, check } of stages as readonly HostStage[]) {
    if (typeof name !== 'string' || typeof check !== 'function') throw new TypeError('a stage has a name and a check')
    if (at !== 'unverified' && at !== 'verified') throw new TypeError("a stage is at 'unverified' or 'verified'")
  }
  return [...(stages as readonly HostStage[])]
}

/** A parsed body, or a `Headers` object, is no delivery: what was signed can't be told from it. */
export function checkDelivery(delivery: Delivery): void {
  const { method, url, rawHeaders, body } = delivery
  if (typeof method !== 'string' || typeof url !== 'string') throw new TypeError('a delivery has a method and a url')
  if (!Array.isArray(rawHeaders)) throw new TypeError('the rawHeaders of a delivery are an array')
  if (!(body instanceof Uint8Array)) throw new TypeError('the body of a delivery is a Uint8Array')
}

/** @throws OUT_OF_RANGE, TypeError */
export function checkBound(argument: string, value: unknown): number {
  const [min, max] = [0, Number.MAX_SAFE_INTEGER]
  if (typeof value !== 'number') throw new TypeError(`${argument} must be a number`)
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new TwinlogError('OUT_OF_RANGE', `${argument} must be a whole number`, { argument, value, min, max })
}
