/**
 * The rules of the peer cache, once for both of its forms: a table that is changed in place, each time at the same cost
 * however much it holds. The persistent cache has one of its own; the pure form copies one for each change. No I/O, and
 * no clock.
 */
import { originOf } from '../signatures/origin.ts'
import type { NegativeEntry, PeerState } from './types.ts'
import { UseOrder, type Use } from './use-order.ts'
import type { PeerEntry, PeerSet, PeerSetLimits } from './peer-set.ts'

interface PeerUse {
  readonly host: string
  readonly overall: Use
  readonly ofHost: Use
}

export class PeerTable implements PeerSet {
  readonly limits: PeerSetLimits
  readonly peers = new Map<string, PeerEntry>()
  readonly peersByKey = new Map<string, Set<string>>()
  readonly negatives: Map<string, NegativeEntry>
  readonly tombstones: Map<string, number>
  next: number
  readonly #uses = new Map<string, PeerUse>()
  readonly #order = new UseOrder()
  readonly #hosts = new Map<string, UseOrder>()
  /** Those of `#hosts` with more than their share: there can be `peersMax / hostPeersMax` at most. */
  readonly #beyond = new Set<UseOrder>()

  /** A copy: what it is made of stays as it is. */
  constructor({ limits, peers, negatives, tombstones, next }: Omit<PeerSet, 'peersByKey'>) {
    this.limits = limits
    this.negatives = new Map(negatives)
    this.tombstones = new Map(tombstones)
    this.next = next
    for (const [id, entry] of peers) {
      this.peers.set(id, entry)
      this.#listKeys(entry.peer)
    }
    for (const { peer } of [...peers.values()].toSorted((left, right) => left.used - right.used)) this.#noteUse(peer.id)
  }

  /** In its old place when it is there, else at the end. @returns who had to go for it */
  store(peer: PeerState): string | undefined {
    const before = this.peers.get(peer.id)
    const gone = before === undefined && this.peers.size >= this.limits.peersMax ? this.evictFirst(peer.id) : undefined
    if (before !== undefined) this.#unlistKeys(before.peer)
    this.#put(peer, before?.place)
    for (const id of [peer.id, ...peer.keys.map(key => key.id)]) this.negatives.delete(id)
    this.tombstones.delete(peer.id)
    return gone
  }

  /** Those that are neither there nor known to be gone, as far as there is room. @returns who was added */
  addInitial(peers: readonly PeerState[]): string[] {
    const fresh = new Map(peers.map(peer => [peer.id, peer]))
    const added = [...fresh.values()]
      .filter(({ id }) => !this.peers.has(id) && !this.tombstones.has(id))
      .slice(0, Math.max(0, this.limits.peersMax - this.peers.size))
    for (const peer of added) this.#put(peer)
    return added.map(({ id }) => id)
  }

  evict(peerId: string): void {
    const entry = this.peers.get(peerId)
    if (entry === undefined) return
    this.peers.delete(peerId)
    this.#unlistKeys(entry.peer)
    this.#forgetUse(peerId)
  }

  /**
   * Makes room, for `newcomer` when there is one. A host that has its share makes room for its own. Else those go first
   * that had more than their share, while there was room; else the least recently used of all.
   * @returns who had to go
   */
  evictFirst(newcomer?: string): string | undefined {
    const own = newcomer === undefined ? undefined : this.#hosts.get(hostOf(newcomer))
    const hasShare = own !== undefined && own.size >= this.limits.hostPeersMax
    const id = hasShare ? own.oldest : (this.#leastUsedBeyond() ?? this.#order.oldest)
    if (id !== undefined) this.evict(id)
    return id
  }

  use(peerId: string): void {
    const entry = this.peers.get(peerId)
    if (entry === undefined) return
    this.peers.set(peerId, { ...entry, used: this.next++ })
    this.#noteUse(peerId)
  }

  addNegative(id: string, entry: NegativeEntry, now: number): void {
    this.negatives.delete(id)
    if (this.negatives.size >= this.limits.negativesMax)
      for (const [other, { until }] of this.negatives) if (until <= now) this.negatives.delete(other)
    this.negatives.set(id, entry)
    dropOldest(this.negatives, this.limits.negativesMax)
  }

  /** @returns whose tombstone had to go for it */
  addTombstone(peerId: string, since: number): string | undefined {
    this.tombstones.delete(peerId)
    this.tombstones.set(peerId, since)
    return dropOldest(this.tombstones, this.limits.tombstonesMax)
  }

  #put(peer: PeerState, place = this.next): void {
    this.peers.set(peer.id, { peer, place, used: this.next++ })
    this.#listKeys(peer)
    this.#noteUse(peer.id)
  }

  #leastUsedBeyond(): string | undefined {
    let least: PeerEntry | undefined
    for (const { oldest } of this.#beyond) {
      const entry = oldest === undefined ? undefined : this.peers.get(oldest)
      if (entry !== undefined && (least === undefined || entry.used < least.used)) least = entry
    }
    return least?.peer.id
  }

  #noteUse(peerId: string): void {
    const host = this.#forgetUse(peerId) ?? hostOf(peerId)
    const order = this.#hosts.get(host) ?? new UseOrder()
    this.#hosts.set(host, order)
    this.#uses.set(peerId, { host, overall: this.#order.add(peerId), ofHost: order.add(peerId) })
    if (order.size > this.limits.hostPeersMax) this.#beyond.add(order)
  }

  /** @returns the host, so that it is read once for each peer */
  #forgetUse(peerId: string): string | undefined {
    const use = this.#uses.get(peerId)
    if (use === undefined) return undefined
    this.#uses.delete(peerId)
    this.#order.remove(use.overall)
    const order = this.#hosts.get(use.host)
    order?.remove(use.ofHost)
    if (order?.size === 0) this.#hosts.delete(use.host)
    if (order !== undefined && order.size <= this.limits.hostPeersMax) this.#beyond.delete(order)
    return use.host
  }

  #listKeys(peer: PeerState): void {
    for (const { id } of peer.keys) {
      const listed = this.peersByKey.get(id)
      if (listed === undefined) this.peersByKey.set(id, new Set([peer.id]))
      else listed.add(peer.id)
    }
  }

  #unlistKeys(peer: PeerState): void {
    for (const { id } of peer.keys) {
      const listed = this.peersByKey.get(id)
      listed?.delete(peer.id)
      if (listed?.size === 0) this.peersByKey.delete(id)
    }
  }
}

/** Without scheme and port, of which one server can have as many as it likes. */
function hostOf(peerId: string): string {
  const origin = originOf(peerId) ?? peerId
  return origin.replace(/^https?:\/\//, '').replace(/\.?(?::\d+)?$/, '')
}

/** The first, when there is one more than fits. */
function dropOldest(map: Map<string, unknown>, sizeMax: number): string | undefined {
  if (map.size <= sizeMax) return undefined
  const oldest = map.keys().next().value
  if (oldest !== undefined) map.delete(oldest)
  return oldest
}
