/** What hosts get: the engine's store, and beside it the cache of peers that their inboxes are written by. */
import type { Store } from './consumers/types.ts'
import type { PeerCache } from './peers/peer-cache.ts'
import type { Peers } from './peers/types.ts'

export interface HostStore extends Store {
  /** Remote actors and their keys. It is only a cache: losing it loses no record. */
  readonly peers: Peers
}

/** The store, with its peers; closing it closes both. */
export function withPeers(store: Store, peers: PeerCache): HostStore {
  const closeStore = store.close.bind(store)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= Promise.allSettled([peers.close(), closeStore()]).then(throwFirst))
  return Object.assign(store, { peers, close })
}

function throwFirst(results: readonly PromiseSettledResult<void>[]): void {
  for (const result of results.toReversed()) if (result.status === 'rejected') throw result.reason
}
