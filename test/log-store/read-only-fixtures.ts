/** Read-only stores as the tests here open them, and everything that a store shows. */
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { inbox, outbox } from '../../src/log-store/conformance/suite.ts'
import { openReadOnly } from '../../src/log-store/read-only/open-read-only.ts'
import type { ReadOnlyLogStore } from '../../src/log-store/read-only/read-only-log-store.ts'
import type { LogName, LogStore } from '../../src/log-store/types.ts'
import { holdings } from './embedded-store.ts'

export const look = (path: string): Promise<ReadOnlyLogStore> =>
  openReadOnly({ path, disk: nodeDisk(path), onScan: () => undefined })

export async function withReader<Result>(
  path: string,
  use: (reader: ReadOnlyLogStore) => Promise<Result>,
): Promise<Result> {
  const reader = await look(path)
  try {
    return await use(reader)
  } finally {
    await reader.close()
  }
}

export const names = ['a', 'b', 'c']
export const logs: LogName[] = names.flatMap(actor => [inbox(actor), outbox(actor)])
export const keys = ['k', 'l', 'm']

/** The feed behind each of its first points, and all of it in small slices. */
async function feedOf(store: LogStore): Promise<unknown> {
  const found: unknown[] = []
  for (let after = { commit: 0, ordinal: 0 }; ;) {
    const { records, damage, through, end } = await store.feed({ after, limit: 3 })
    found.push(...records.map(({ log, seq, payload, point }) => [log, seq, String(payload), point]), damage)
    if (through.commit >= end.commit && records.length < 3) return found
    after = through
  }
}

export async function everything(store: LogStore): Promise<unknown> {
  const items: unknown[] = []
  for await (const [name, item] of store.listItems('')) items.push([name, item.version, String(item.value)])
  return {
    actors: await store.listActors({ after: 0, limit: 2 }),
    more: await store.listActors({ after: 2, limit: 10 }),
    statuses: await Promise.all(names.map(name => store.actorStatus(name))),
    logs: await Promise.all(logs.map(log => holdings(store, log, keys))),
    items,
    item: await store.item('i'),
    feed: await feedOf(store),
    origin: store.feedOrigin(),
  }
}
