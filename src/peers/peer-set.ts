/**
 * The peer cache as a value: every function answers, or gives a new set, and none changes its argument or does I/O. A
 * change copies the set, in time linear in what it holds; the persistent cache, which can't afford that, changes its own
 * table by the same rules. Uses are told apart from hits, so that a hit stays free.
 */
import { PeerTable } from './peer-table.ts'
import type { NegativeEntry, PeerHit, PeerKeyHit, PeerState } from './types.ts'

export interface PeerSetLimits {
  readonly peersMax: number
  /** How many peers of one host may be there at the cost of others. */
  readonly hostPeersMax: number
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
  readonly peersByKey: ReadonlyMap<string, ReadonlySet<string>>
  /** By peer id or key id, the oldest first. */
  readonly negatives: ReadonlyMap<string, NegativeEntry>
  /** When each peer was found to be gone, the oldest first. */
  readonly tombstones: ReadonlyMap<string, number>
  /** The next `place` or `used`. */
  readonly next: number
}

const STALE_MS = 24 * 60 * 60 * 1000

export function emptyPeerSet(limits: PeerSetLimits): PeerSet {
  return restorePeerSet(limits, [], [])
}

/** A set of what was saved, in any order. When there is more than fits, those are left out who would go first. */
export function restorePeerSet(
  limits: PeerSetLimits,
  entries: readonly PeerEntry[],
  tombstones: readonly (readonly [id: string, since: number])[],
): PeerSet {
  return restorePeerTable(limits, entries, tombstones)
}

/** The same as a table, for the persistent cache to go on with. */
export function restorePeerTable(
  limits: PeerSetLimits,
  entries: readonly PeerEntry[],
  tombstones: readonly (readonly [id: string, since: number])[],
): PeerTable {
  const peers = new Map(entries.toSorted((left, right) => left.place - right.place).map(each => [each.peer.id, each]))
  const since = new Map(tombstones.toSorted((left, right) => left[1] - right[1]).slice(-limits.tombstonesMax))
  const next = entries.reduce((highest, { place, used }) => Math.max(highest, place + 1, used + 1), 0)
  const table = new PeerTable({ limits, peers, negatives: new Map(), tombstones: since, next })
  while (table.peers.size > limits.peersMax) table.evictFirst()
  return table
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
  const entry = owner === undefined ? firstWithKey(set, keyId) : set.peers.get(owner)
  const key = entry?.peer.keys.find(({ id }) => id === keyId)
  return entry === undefined || key === undefined ? undefined : { ...hitOf(entry.peer, now), key }
}

/** In the order in which they came in. */
export function listPeers(set: PeerSet): readonly PeerState[] {
  return [...set.peers.values()].map(({ peer }) => peer)
}

export function negativeOf(set: PeerSet, id: string, now: number): NegativeEntry | undefined {
  const entry = set.negatives.get(id)
  return entry !== undefined && entry.until > now ? entry : undefined
}

/** Since when the peer is known to be gone. */
export function tombstoneOf(set: PeerSet, peerId: string): number | undefined {
  return set.tombstones.get(peerId)
}

/** With those of `peers` that are neither there nor known to be gone, as far as there is room. */
export function addInitialPeers(set: PeerSet, peers: readonly PeerState[]): PeerSet {
  return changed(set, table => table.addInitial(peers))
}

/**
 * With `peer`: in its old place when it is there, else at the end. When the set was full, without the one that goes
 * first. What stood against it or its keys is cleared.
 */
export function storePeer(set: PeerSet, peer: PeerState): PeerSet {
  return changed(set, table => table.store(peer))
}

export function evictPeer(set: PeerSet, peerId: string): PeerSet {
  return changed(set, table => table.evict(peerId))
}

/** Notes that these were used, the latest last. Neither contents nor order change, only who goes first when it is full. */
export function usePeers(set: PeerSet, peerIds: Iterable<string>): PeerSet {
  return changed(set, table => {
    for (const id of peerIds) table.use(id)
  })
}

/** Notes that `id`, a peer's or a key's, could not be fetched. When there are too many, the oldest go. */
export function addNegative(set: PeerSet, id: string, entry: NegativeEntry, now: number): PeerSet {
  return changed(set, table => table.addNegative(id, entry, now))
}

/** Notes that the peer is gone for good. Its entry, if there is one, stays: its last Delete has yet to be verified. */
export function addTombstone(set: PeerSet, peerId: string, since: number): PeerSet {
  return changed(set, table => table.addTombstone(peerId, since))
}

function changed(set: PeerSet, change: (table: PeerTable) => void): PeerSet {
  const table = new PeerTable(set)
  change(table)
  return table
}

function firstWithKey(set: PeerSet, keyId: string): PeerEntry | undefined {
  let first: PeerEntry | undefined
  for (const peerId of set.peersByKey.get(keyId) ?? []) {
    const entry = set.peers.get(peerId)
    if (entry !== undefined && (first === undefined || entry.place < first.place)) first = entry
  }
  return first
}
