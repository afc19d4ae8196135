/** Stores for the tests of consumers: in memory, and on a disk so tight that small stories meet every border. */
import { createStore } from '../../src/consumers/create-store.ts'
import type { Store } from '../../src/consumers/types.ts'
import type { StoreOptions } from '../../src/actors/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { MemoryContents } from '../../src/log-store/memory/contents.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { openDriver, withDirectory } from '../log-store/embedded-store.ts'

export const alice = 'https://example.com/users/alice'
export const bob = 'https://example.com/users/bob'

/** A store that can be closed and opened again. */
export interface Reopenable {
  store: Store
  /** What lies under the store. */
  logStore: LogStore
  reopen(): Promise<Store>
}

type Use = (opened: Reopenable) => Promise<void>

export const drivers: readonly (readonly [name: string, (use: Use, options?: StoreOptions) => Promise<void>])[] = [
  ['memory', withMemory],
  ['embedded', withEmbedded],
]

export async function withMemory(use: Use, options?: StoreOptions): Promise<void> {
  const contents = new MemoryContents()
  await usingStore(async () => createMemoryLogStore(contents), use, options)
}

export async function withEmbedded(use: Use, options?: StoreOptions): Promise<void> {
  await withDirectory(path => usingStore(() => openDriver(path), use, options))
}

async function usingStore(open: () => Promise<LogStore>, use: Use, options: StoreOptions | undefined): Promise<void> {
  const logStore = await open()
  const opened: Reopenable = {
    logStore,
    store: createStore(logStore, options),
    async reopen() {
      await this.store.close()
      this.logStore = await open()
      this.store = createStore(this.logStore, options)
      return this.store
    },
  }
  try {
    await use(opened)
  } finally {
    await opened.store.close()
  }
}

export async function collect<Item>(items: AsyncIterable<Item>, count = Number.POSITIVE_INFINITY): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) {
    collected.push(item)
    if (collected.length >= count) break
  }
  return collected
}
