/** What the tests of the public engine share: stores in memory whose log store is changed at one place. */
import { createStore } from '../../src/consumers/create-store.ts'
import type { Log, LogRecord, Store, StoreOptions } from '../../src/actors/types.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'

export const alice = 'https://example.com/users/alice'
export const bob = 'https://example.com/users/bob'

/** `logStore` with some methods replaced. */
export function override(logStore: LogStore, methods: Partial<LogStore>): LogStore {
  return new Proxy(logStore, {
    get(target, name) {
      const method: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

/** A log store that gives at most so many records at a time, as a driver may. */
export function shortSlices(recordsMax: number, logStore = createMemoryLogStore()): LogStore {
  return override(logStore, {
    read: (log, range) => logStore.read(log, { ...range, limit: Math.min(range.limit, recordsMax) }),
  })
}

/** A store with alice and bob in it. */
export async function storeOver(logStore: LogStore, options?: StoreOptions): Promise<Store> {
  const store = createStore(logStore, options)
  for (const actor of [alice, bob]) await store.actors.add(actor)
  return store
}

/**
 * Alice's inbox with 10 records, read 2 at a time; after the first slice `change` is done to it once. So a reader meets
 * the change between two slices.
 */
export async function changingLog(change: (log: Log, logStore: LogStore) => Promise<unknown>): Promise<Log> {
  const inner = createMemoryLogStore()
  let isDone = false
  const store = await storeOver(
    override(inner, {
      read: async (name, wanted) => {
        const slice = await inner.read(name, { ...wanted, limit: Math.min(wanted.limit, 2) })
        if (!isDone) {
          isDone = true
          await change(store.inbox(alice), inner)
        }
        return slice
      },
    }),
  )
  const log = store.inbox(alice)
  await fill(log, 10)
  return log
}

export async function removeAlice(_: Log, logStore: LogStore): Promise<void> {
  await logStore.removeActor(alice)
}

/** Removes alice and adds her again, with 10 records as before. */
export async function startOver(log: Log, logStore: LogStore): Promise<void> {
  await logStore.removeActor(alice)
  await logStore.addActor(alice)
  await fill(log, 10)
}

/** Appends `count` records with their own sequences as values, and trims those below `first`. */
export async function fill(log: Log, count: number, first = 1): Promise<void> {
  const start = (await log.tip()) ?? 0
  for (let each = 1; each <= count; each++) await log.append(start + each)
  if (first > 1) await log.trim({ before: first })
}

export const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)

export const seqs = (records: readonly LogRecord[]): number[] => records.map(({ seq }) => seq)

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export async function collectSeqs(records: AsyncIterable<LogRecord>): Promise<number[]> {
  return seqs(await collect(records))
}
