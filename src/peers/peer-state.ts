/**
 * What passes for a peer state. Hosts, their fetch functions and the database all pass through here; the result is a
 * copy of its own, which nobody else can change. Whether a key is a good one is asked when it verifies.
 */
import { TwinlogError } from '../errors.ts'
import type { VerificationKey } from '../signatures/key-material.ts'
import { originOf } from '../signatures/origin.ts'
import type { PeerState } from './types.ts'

const ID_LENGTH_MAX = 2048
const KEYS_MAX = 16
const KEY_BYTES_MAX = 4096

/** @throws PEER_INVALID, with `value` as it came */
export function readPeerState(value: unknown, expectedId?: string): PeerState {
  const refuse = (fault: string): TwinlogError => {
    const peer = expectedId ?? (isObject(value) && typeof value['id'] === 'string' ? value['id'] : '')
    return new TwinlogError('PEER_INVALID', `this is no peer state: ${fault}`, { peer, received: value })
  }
  if (!isObject(value)) throw refuse('it is no object')
  const { id, keys, fetchedAt, expiresAt } = value
  if (typeof id !== 'string' || wellFormedOrigin(id) === undefined) throw refuse('its id is no http(s) URL')
  if (expectedId !== undefined && id !== expectedId) throw refuse('it is of another peer')
  if (!isTime(fetchedAt)) throw refuse('fetchedAt is no time')
  if (expiresAt !== undefined && !isTime(expiresAt)) throw refuse('expiresAt is no time')
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) throw refuse(`keys is no array of at most ${KEYS_MAX}`)
  const read = keys.map(key => readKey(key, id))
  const found = read.filter(key => key !== undefined)
  if (found.length < read.length) throw refuse('one of its keys is no key of its own')
  if (new Set(found.map(key => key.id)).size < found.length) throw refuse('two of its keys have one id')
  return Object.freeze({ id, keys: Object.freeze(found), fetchedAt, ...(expiresAt === undefined ? {} : { expiresAt }) })
}

/** @throws PEER_INVALID when there can be no peer of that id, so none has to be fetched */
export function checkPeerId(id: unknown): string {
  if (typeof id !== 'string') throw new TypeError('A peer id must be a string')
  if (wellFormedOrigin(id) !== undefined) return id
  const peer = id.slice(0, ID_LENGTH_MAX)
  throw new TwinlogError('PEER_INVALID', 'a peer id must be an http(s) URL', { peer, received: id })
}

/** Whether the two list the same keys: if not, a signature that failed with the one may pass with the other. */
export function hasSameKeys(left: PeerState, right: PeerState): boolean {
  const names = ({ keys }: PeerState): string =>
    JSON.stringify(
      keys
        .map(({ id, algorithm, publicKey, expires }) => [
          id,
          algorithm,
          Buffer.from(publicKey).toString('base64'),
          expires ?? null,
        ])
        .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
    )
  return names(left) === names(right)
}

function readKey(value: unknown, peerId: string): VerificationKey | undefined {
  if (!isObject(value)) return undefined
  const { id, owner, algorithm, publicKey, expires } = value
  if (typeof id !== 'string' || wellFormedOrigin(id) !== wellFormedOrigin(peerId) || owner !== peerId) return undefined
  if (algorithm !== 'rsa' && algorithm !== 'ed25519') return undefined
  if (!(publicKey instanceof Uint8Array) || publicKey.length > KEY_BYTES_MAX) return undefined
  if (expires !== undefined && !isTime(expires)) return undefined
  const copy = Uint8Array.from(publicKey)
  return Object.freeze({ id, owner, algorithm, publicKey: copy, ...(expires === undefined ? {} : { expires }) })
}

function wellFormedOrigin(id: string): string | undefined {
  return id.length > ID_LENGTH_MAX || /\p{Surrogate}/u.test(id) ? undefined : originOf(id)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
