/**
 * The keys that an actor's document lists: `publicKey` (security v1) and `assertionMethod` (FEP-521a). A key counts only if
 * it names this actor as its owner or controller, and its id is of the actor's origin: otherwise a stranger's document
 * could put a key of its own under somebody else's key id (FEP-fe34).
 */
import { parseDateTime } from './dates.ts'
import { keyFromJwk, keyFromMultikey, keyFromPem } from './key-import.ts'
import type { KeyMaterial, VerificationKey } from './key-material.ts'
import { originOf } from './origin.ts'
import { refuseKey, type KeyFault, type KeyRejection } from './rejection.ts'

export interface ActorKeys {
  /** The document's id. */
  readonly owner: string
  readonly keys: readonly VerificationKey[]
  /** Keys that the document only names; their documents lie elsewhere. */
  readonly references: readonly string[]
  /** Keys that can't be used, and why. */
  readonly refused: readonly { readonly id: string | undefined; readonly fault: KeyFault }[]
}

const ID_LENGTH_MAX = 2048
const KEYS_MAX = 16

/** What a document with the private half of a key calls it. */
const PRIVATE = ['privateKeyPem', 'privateKeyMultibase', 'privateKeyJwk', 'secretKeyMultibase', 'secretKeyJwk']

/** All keys of an actor document; of more than `keysMax` entries, the first ones. */
export function keysOfActor(document: unknown, { keysMax = KEYS_MAX } = {}): ActorKeys | KeyRejection {
  const owner = memberOf(document, 'id')
  if (typeof owner !== 'string' || boundOrigin(owner) === undefined) return refuseKey('malformed')
  const entries = ['publicKey', 'assertionMethod'].flatMap(name => listOf(memberOf(document, name)))
  const keys = new Map<string, VerificationKey>()
  const references = new Set<string>()
  const refused: { id: string | undefined; fault: KeyFault }[] = []
  for (const entry of entries.slice(0, keysMax)) {
    if (typeof entry === 'string') {
      if (isKeyIdOf(entry, owner)) references.add(entry)
      else refused.push({ id: entry, fault: 'other_origin' })
      continue
    }
    const key = keyOfDocument(entry, owner)
    if ('code' in key) {
      const id = memberOf(entry, 'id')
      refused.push({ id: typeof id === 'string' ? id : undefined, fault: key.detail })
      continue
    }
    const known = keys.get(key.id)
    if (known === undefined) keys.set(key.id, key)
    else if (!isSameKey(known, key)) refused.push({ id: key.id, fault: 'other_key' })
  }
  const found = [...keys.values()]
  return { owner, keys: found, references: [...references].filter(id => !keys.has(id)), refused }
}

/**
 * One key: an entry of an actor's document, or a document of its own. `owner` is who it has to belong to; for a document
 * of its own that is whoever it names, and whether that actor lists the key is still to be asked.
 */
export function keyOfDocument(document: unknown, owner?: string): VerificationKey | KeyRejection {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return refuseKey('malformed')
  const named = ['owner', 'controller'].flatMap(name => memberOf(document, name) ?? [])
  const expected = owner ?? named[0]
  if (typeof expected !== 'string' || named.length === 0 || named.some(each => each !== expected)) {
    return refuseKey('other_owner')
  }
  const id = memberOf(document, 'id')
  if (typeof id !== 'string' || !isKeyIdOf(id, expected)) return refuseKey('other_origin')
  const material = materialIn(document)
  if ('code' in material) return material
  const expires = expiryOf(document)
  if (Number.isNaN(expires)) return refuseKey('expired')
  return { id, owner: expected, ...material, ...(expires === Infinity ? {} : { expires }) }
}

/** The earlier of `expires` and `revoked`; not a number when one of them can't be read. */
function expiryOf(document: object): number {
  const times = ['expires', 'revoked'].flatMap(name => memberOf(document, name) ?? [])
  return Math.min(Infinity, ...times.map(time => (typeof time === 'string' ? parseDateTime(time) : undefined) ?? NaN))
}

function materialIn(document: object): KeyMaterial | KeyRejection {
  if (PRIVATE.some(name => memberOf(document, name) !== undefined)) return refuseKey('private_key')
  const pem = memberOf(document, 'publicKeyPem')
  const multikey = memberOf(document, 'publicKeyMultibase')
  const jwk = memberOf(document, 'publicKeyJwk')
  const given = [pem, multikey, jwk].filter(each => each !== undefined)
  if (given.length !== 1) return refuseKey(given.length === 0 ? 'unsupported_type' : 'other_key')
  if (typeof pem === 'string') return keyFromPem(pem)
  if (typeof multikey === 'string') return keyFromMultikey(multikey)
  return typeof jwk === 'object' ? keyFromJwk(jwk) : refuseKey('malformed')
}

/** Whether the two verify the same signatures, for the same time. */
export function isSameKey(left: VerificationKey, right: VerificationKey): boolean {
  return Buffer.from(left.publicKey).equals(right.publicKey) && left.expires === right.expires
}

function isKeyIdOf(id: string, owner: string): boolean {
  const origin = boundOrigin(id)
  return origin !== undefined && origin === boundOrigin(owner)
}

function boundOrigin(id: string): string | undefined {
  return id.length > ID_LENGTH_MAX ? undefined : originOf(id)
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name] ?? undefined
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
