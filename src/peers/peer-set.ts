/**
 * The peer cache as a value: every function answers, or gives a new set, and none changes its argument or does I/O. The
 * persistent cache is this and a database. A set is copied for each change, in time linear in what it holds: changes are
 * rare (each comes after a fetch), and hits change nothing. Uses are told apart from hits, so that a hit stays free.
 */
import type { NegativeEntry, PeerHit, PeerKeyHit, PeerState } from './types.ts'

export interface PeerSetLimits {
  readonly peersMax: number
  readonly negativesMax: number
  readonly tombstonesMax: number
}

export interface PeerEntry {
  readonly peer: PeerState
  /** Orders the peers by when they came in. */
  readonly place: number
  /** Orders them by when they were used last. */
  readonly used: number
}

export interface PeerSet {
  readonly limits: PeerSetLimits
  /** In order of `place`. */
  readonly peers: ReadonlyMap<string, PeerEntry>
  /** From a key id to the peers that list it. */
  readonly peersByKey: ReadonlyMap<string, readonly string[]>
  /** By peer id or key id, the oldest first. */
  readonly negatives: ReadonlyMap<string, NegativeEntry>
  /** When each peer was found to be gone, the oldest first. */
  readonly tombstones: ReadonlyMap<string, number>
  /** The next `place` or `used`. */
  readonly next: number
}

const STALE_MS = 24 * 60 * 60 * 1000

export function emptyPeerSet(limits: PeerSetLimits): PeerSet {
  const nothing = new Map<string, never>()
  return { limits, peers: nothing, peersByKey: nothing, negatives: nothing, tombstones: nothing, next: 0 }
}

/** A set of what was saved, in any order. When there is more than fits, the least recently used are left out. */
export function restorePeerSet(
  limits: PeerSetLimits,
  entries: readonly PeerEntry[],
  tombstones: readonly (readonly [id: string, since: number])[],
): PeerSet {
  const kept = entries.toSorted((left, right) => right.used - left.used).slice(0, limits.peersMax)
  const peers = new Map(kept.toSorted((left, right) => left.place - right.place).map(entry => [entry.peer.id, entry]))
  // Thousands may list one key id together: no list is copied for each of them.
  const peersByKey = new Map<string, string[]>()
  for (const { peer } of peers.values()) {
    for (const { id } of peer.keys) {
      const listed = peersByKey.get(id)
      if (listed === undefined) peersByKey.set(id, [peer.id])
      else listed.push(peer.id)
    }
  }
  const next = entries.reduce((highest, { place, used }) => Math.max(highest, place + 1, used + 1), 0)
  const since = tombstones.toSorted((left, right) => left[1] - right[1]).slice(-limits.tombstonesMax)
  return { ...emptyPeerSet(limits), peers, peersByKey, tombstones: new Map(since), next }
}

/** With those of `peers` that are neither there nor known to be gone, as far as there is room. */
export function addInitialPeers(set: PeerSet, peers: readonly PeerState[]): PeerSet {
  const fresh = new Map(peers.map(peer => [peer.id, peer]))
  const added = [...fresh.values()]
    .filter(({ id }) => !set.peers.has(id) && !set.tombstones.has(id))
    .slice(0, set.limits.peersMax - set.peers.size)
    .map((peer, index) => ({ peer, place: set.next + index, used: set.next + index }))
  const restored = restorePeerSet(set.limits, [...set.peers.values(), ...added], [...set.tombstones])
  return { ...restored, negatives: set.negatives, next: set.next + added.length }
}

export function hitOf(peer: PeerState, now: number): PeerHit {
  return { peer, stale: now >= Math.min(peer.fetchedAt + STALE_MS, peer.expiresAt ?? Infinity) }
}

export function lookupPeer(set: PeerSet, peerId: string, now: number): PeerHit | undefined {
  const entry = set.peers.get(peerId)
  return entry === undefined ? undefined : hitOf(entry.peer, now)
}

/** The key of that id and its peer: of `owner` when one is named, else of the peer that came in first. */
export function lookupKey(set: PeerSet, keyId: string, now: number, owner?: string): PeerKeyHit | undefined {
  let entry: PeerEntry | undefined
  for (const peerId of set.peersByKey.get(keyId) ?? []) {
    const listed = owner === undefined || peerId === owner ? set.peers.get(peerId) : undefined
    if (listed !== undefined && (entry === undefined || listed.place < entry.place)) entry = listed
  }
  const key = entry?.peer.keys.find(({ id }) => id === keyId)
  return entry === undefined || key === undefined ? undefined : { ...hitOf(entry.peer, now), key }
}

/** In the order in which they came in. */
export function listPeers(set: PeerSet): readonly PeerState[] {
  return [...set.peers.values()].map(({ peer }) => peer)
}

/**
 * With `peer`: in its old place when it is there, else at the end. When the set was full, without the one that was used
 * least recently. What stood against it or its keys is cleared.
 */
export function storePeer(set: PeerSet, peer: PeerState): PeerSet {
  const before = set.peers.get(peer.id)
  const room = before !== undefined || set.peers.size < set.limits.peersMax ? set : withoutLeastUsed(set)
  const peers = new Map(room.peers).set(peer.id, { peer, place: before?.place ?? set.next, used: set.next })
  const peersByKey = new Map(room.peersByKey)
  if (before !== undefined) unlistKeys(peersByKey, before.peer)
  listKeys(peersByKey, peer)
  const negatives = new Map(set.negatives)
  for (const id of [peer.id, ...peer.keys.map(key => key.id)]) negatives.delete(id)
  const tombstones = new Map(set.tombstones)
  tombstones.delete(peer.id)
  return { ...set, peers, peersByKey, negatives, tombstones, next: set.next + 1 }
}

export function evictPeer(set: PeerSet, peerId: string): PeerSet {
  const entry = set.peers.get(peerId)
  if (entry === undefined) return set
  const peers = new Map(set.peers)
  peers.delete(peerId)
  const peersByKey = new Map(set.peersByKey)
  unlistKeys(peersByKey, entry.peer)
  return { ...set, peers, peersByKey }
}

/** Notes that these were used, the latest last. Neither contents nor order change, only who goes first when it is full. */
export function usePeers(set: PeerSet, peerIds: Iterable<string>): PeerSet {
  const peers = new Map(set.peers)
  let { next } = set
  for (const id of peerIds) {
    const entry = peers.get(id)
    if (entry !== undefined) peers.set(id, { ...entry, used: next++ })
  }
  return { ...set, peers, next }
}

/** Notes that `id`, a peer's or a key's, could not be fetched. When there are too many, the oldest go. */
export function addNegative(set: PeerSet, id: string, entry: NegativeEntry, now: number): PeerSet {
  const others = [...set.negatives].filter(([otherId, { until }]) => otherId !== id && until > now)
  return { ...set, negatives: new Map([...others, [id, entry] as const].slice(-set.limits.negativesMax)) }
}

export function negativeOf(set: PeerSet, id: string, now: number): NegativeEntry | undefined {
  const entry = set.negatives.get(id)
  return entry !== undefined && entry.until > now ? entry : undefined
}

/** Notes that the peer is gone for good. Its entry, if there is one, stays: its last Delete has yet to be verified. */
export function addTombstone(set: PeerSet, peerId: string, since: number): PeerSet {
  const others = [...set.tombstones].filter(([id]) => id !== peerId)
  return { ...set, tombstones: new Map([...others, [peerId, since] as const].slice(-set.limits.tombstonesMax)) }
}

/** Since when the peer is known to be gone. */
export function tombstoneOf(set: PeerSet, peerId: string): number | undefined {
  return set.tombstones.get(peerId)
}

function withoutLeastUsed(set: PeerSet): PeerSet {
  let least: PeerEntry | undefined
  for (const entry of set.peers.values()) if (least === undefined || entry.used < least.used) least = entry
  return least === undefined ? set : evictPeer(set, least.peer.id)
}

function listKeys(peersByKey: Map<string, readonly string[]>, peer: PeerState): void {
  for (const { id } of peer.keys) peersByKey.set(id, [...(peersByKey.get(id) ?? []), peer.id])
}

function unlistKeys(peersByKey: Map<string, readonly string[]>, peer: PeerState): void {
  for (const { id } of peer.keys) {
    const left = (peersByKey.get(id) ?? []).filter(peerId => peerId !== peer.id)
    if (left.length === 0) peersByKey.delete(id)
    else peersByKey.set(id, left)
  }
}
