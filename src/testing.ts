/** `twinlog/testing`: a store without a disk, remote actors with keys, and what they sign, for a host's own tests. */
import { createStore } from './consumers/create-store.ts'
import type { StoreOptions } from './actors/types.ts'
import { withPeers, type HostStore } from './host-store.ts'
import { createMemoryLogStore } from './log-store/memory/memory-log-store.ts'
import { PeerCache, type PeerOptions } from './peers/peer-cache.ts'

export { signedDelivery, testKeys, testPeer } from './test-peers.ts'
export type { SignedDeliveryOptions, TestPeer, TestPeerOptions } from './test-peers.ts'

export interface OpenMemoryOptions extends StoreOptions {
  /** Ids of actors to add, in this order. */
  readonly actors?: readonly string[]
  /** Limits of the peer cache, and peers that are there from the start. */
  readonly peers?: PeerOptions
}

/** Opens a store in memory: the same API and the same errors, nothing kept after `close`. */
export async function openMemory(options: OpenMemoryOptions = {}): Promise<HostStore> {
  const { actors = [], peers, ...storeOptions } = options
  const cache = PeerCache.inMemory({ ...peers, ...(options.clock === undefined ? {} : { clock: options.clock }) })
  const store = withPeers(createStore(createMemoryLogStore(), storeOptions), cache)
  for (const actor of actors) await store.actors.add(actor)
  return store
}
