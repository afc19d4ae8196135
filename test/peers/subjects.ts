/** The two forms of the peer cache behind one small adapter, so that both keep the same promises. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { PeerCache, type PeerCacheOptions } from '../../src/peers/peer-cache.ts'
import * as sets from '../../src/peers/peer-set.ts'
import type { FetchPeerState, NegativeEntry, PeerHit, PeerKeyHit, PeerState } from '../../src/peers/types.ts'

export const DAY_MS = 24 * 60 * 60 * 1000
export const START = Date.UTC(2026, 0, 1)

export interface Subject {
  lookup(peerId: string): PeerHit | undefined
  lookupByKey(keyId: string, owner?: string): PeerKeyHit | undefined
  list(): readonly PeerState[]
  store(peer: PeerState): Promise<void>
  evict(peerId: string): Promise<void>
  addNegative(id: string, entry: NegativeEntry): void
  negative(id: string): NegativeEntry | undefined
  bury(peerId: string): Promise<void>
  tombstone(peerId: string): number | undefined
  /** The same one, closed and opened again, or saved and restored. */
  reopen(options?: Pick<PeerCacheOptions, 'initial' | 'peersMax'>): Promise<Subject>
  close(): Promise<void>
}

interface Settings {
  readonly clock?: () => number
  readonly peersMax?: number
  readonly hostPeersMax?: number
  readonly negativesMax?: number
  readonly initial?: readonly PeerState[]
}

interface Kind {
  readonly name: string
  /** The persistent one is slow to open; properties take this many runs. */
  readonly runs: number
  readonly open: (settings?: Settings) => Promise<Subject>
}

const directories: string[] = []
const caches: PeerCache[] = []

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** The name of a directory that is not there yet. */
export function newDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'twinlog-peers-'))
  directories.push(parent)
  return join(parent, 'peers')
}

/** A cache that is closed after the test, if not before. */
export async function openCache(options: PeerCacheOptions = {}, directory = newDirectory()): Promise<PeerCache> {
  const cache = await PeerCache.open(directory, { clock: () => START, ...options })
  caches.push(cache)
  return cache
}

export function peer(name: string, fields: Partial<PeerState> = {}): PeerState {
  const id = idOf(name)
  const keys = [
    { id: keyIdOf(name), owner: id, algorithm: 'ed25519' as const, publicKey: Uint8Array.from(Buffer.from(name)) },
  ]
  return { id, keys, fetchedAt: START, ...fields }
}

export const idOf = (name: string): string => `https://remote.example/users/${name}`
export const keyIdOf = (name: string): string => `${idOf(name)}#main-key`
export const idsOf = (subject: Pick<Subject, 'list'>): string[] => subject.list().map(({ id }) => id)

/** Answers 410. */
export const gone: FetchPeerState = () => Object.assign(new Error('Gone'), { status: 410 })

const persistentKind: Kind = {
  name: 'the persistent cache',
  runs: 15,
  open: settings => openPersistent(newDirectory(), { clock: () => START, ...settings }),
}

const pureKind: Kind = {
  name: 'the pure form',
  runs: 100,
  open: async ({ clock = () => START, peersMax = 100, negativesMax = 100, initial = [], ...settings } = {}) => {
    const hostPeersMax = settings.hostPeersMax ?? Math.ceil(peersMax / 4)
    const empty = sets.emptyPeerSet({ peersMax, hostPeersMax, negativesMax, tombstonesMax: 100 })
    return pureOver(sets.addInitialPeers(empty, initial), clock)
  },
}

export const kinds: readonly Kind[] = [pureKind, persistentKind]

async function openPersistent(directory: string, options: PeerCacheOptions): Promise<Subject> {
  const cache = await openCache(options, directory)
  return {
    lookup: id => cache.lookup(id),
    lookupByKey: (id, owner) => cache.lookupByKey(id, owner),
    list: () => cache.list(),
    store: state => cache.store(state),
    evict: id => cache.evict(id),
    addNegative: (id, entry) => cache.addNegative(id, entry),
    negative: id => cache.negative(id),
    bury: async id => void (await cache.refresh(id, gone).catch(() => undefined)),
    tombstone: id => cache.tombstone(id),
    reopen: async changes => {
      await cache.close()
      // As in the pure form, what an earlier opening was given is not given again.
      return openPersistent(directory, { ...options, initial: [], ...changes })
    },
    close: () => cache.close(),
  }
}

function pureOver(first: sets.PeerSet, clock: () => number): Subject {
  let set = first
  return {
    lookup: id => {
      set = sets.usePeers(set, [id])
      return sets.lookupPeer(set, id, clock())
    },
    lookupByKey: (id, owner) => {
      const hit = sets.lookupKey(set, id, clock(), owner)
      set = sets.usePeers(set, hit === undefined ? [] : [hit.peer.id])
      return hit
    },
    list: () => sets.listPeers(set),
    store: async state => void (set = sets.storePeer(set, state)),
    evict: async id => void (set = sets.evictPeer(set, id)),
    addNegative: (id, entry) => void (set = sets.addNegative(set, id, entry, clock())),
    negative: id => sets.negativeOf(set, id, clock()),
    bury: async id => void (set = sets.addTombstone(set, id, clock())),
    tombstone: id => sets.tombstoneOf(set, id),
    reopen: async ({ initial = [], peersMax = set.limits.peersMax } = {}) => {
      const restored = sets.restorePeerSet({ ...set.limits, peersMax }, [...set.peers.values()].toReversed(), [
        ...set.tombstones,
      ])
      return pureOver(sets.addInitialPeers(restored, [...initial]), clock)
    },
    close: async () => undefined,
  }
}
