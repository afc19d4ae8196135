/**
 * The keys and values of the peers database, made and read. One key for each peer and one for each tombstone, values are
 * sealed JSON. Nothing is frozen: what this version can't read is thrown away with the database.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { seal, unseal } from '../key-index/values.ts'
import type { PeerEntry } from './peer-set.ts'
import { readPeerState } from './peer-state.ts'

type StoredRecord =
  | { readonly kind: 'peer'; readonly entry: PeerEntry }
  | { readonly kind: 'tombstone'; id: string; since: number }

const PEER = 'p'
const TOMBSTONE = 't'

export const peerKey = (id: string): Buffer => Buffer.from(PEER + id)
export const tombstoneKey = (id: string): Buffer => Buffer.from(TOMBSTONE + id)

export function encodePeer({ peer, place, used }: PeerEntry, checksum: Checksum): Buffer {
  const keys = peer.keys.map(key => ({ ...key, publicKey: Buffer.from(key.publicKey).toString('base64') }))
  return seal(peerKey(peer.id), Buffer.from(JSON.stringify({ peer: { ...peer, keys }, place, used })), checksum)
}

export function encodeTombstone(id: string, since: number, checksum: Checksum): Buffer {
  return seal(tombstoneKey(id), Buffer.from(JSON.stringify(since)), checksum)
}

/** @throws whatever, when it can't be read */
export function decodeRecord(key: Buffer, sealed: Buffer, checksum: Checksum): StoredRecord {
  const value: unknown = JSON.parse(unseal(key, sealed, checksum).toString())
  const name = key.toString()
  const [kind, id] = [name.slice(0, 1), name.slice(1)]
  if (kind === TOMBSTONE) return { kind: 'tombstone', id, since: numberIn(value) }
  if (kind !== PEER) throw new Error(`a key of no known kind: ${name}`)
  const { peer, place, used } = value as { peer: { keys: { publicKey: string }[] }; place: unknown; used: unknown }
  const keys = peer.keys.map(each => ({ ...each, publicKey: Buffer.from(each.publicKey, 'base64') }))
  return {
    kind: 'peer',
    entry: { peer: readPeerState({ ...peer, keys }, id), place: numberIn(place), used: numberIn(used) },
  }
}

function numberIn(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error('a number that is none')
  return value as number
}
