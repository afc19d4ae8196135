/** `twinlog/testing`: a store without a disk, for a host's own tests. */
import { createStore } from './actors/store.ts'
import type { Store, StoreOptions } from './actors/types.ts'
import { createMemoryLogStore } from './log-store/memory/memory-log-store.ts'

export interface OpenMemoryOptions extends StoreOptions {
  /** Ids of actors to add, in this order. */
  readonly actors?: readonly string[]
}

/** Opens a store in memory: the same API and the same errors, nothing kept after `close`. */
export async function openMemory(options: OpenMemoryOptions = {}): Promise<Store> {
  const { actors = [], ...storeOptions } = options
  const store = createStore(createMemoryLogStore(), storeOptions)
  for (const actor of actors) await store.actors.add(actor)
  return store
}
