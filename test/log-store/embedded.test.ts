/** The embedded driver passes the suite that every driver passes, however it is opened and however far behind its index is. */
import { conformance } from 'twinlog/conformance'
import { afterAll, describe, it } from 'vitest'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { newDirectory, openDriver, removeDirectory, tight, usual, type EmbeddedOptions } from './embedded-store.ts'

interface Configuration {
  readonly options: Partial<EmbeddedOptions>
  /** The index is asked for nothing but what it had when the store was opened. */
  readonly isPaused?: boolean
}

const configurations: Record<string, Configuration> = {
  embedded: { options: usual },
  'embedded, tight,': { options: tight },
  "embedded, with durability 'os',": { options: { ...tight, durability: 'os' } },
  'embedded, its indexer paused,': { options: { ...tight, unindexedMax: 200_000 }, isPaused: true },
}

const directories = new Map<LogStore, string>()

async function openIn(path: string, { options, isPaused = false }: Configuration): Promise<LogStore> {
  const store = await openDriver(path, options)
  directories.set(store, path)
  if (isPaused) pause(store)
  return store
}

/** Only who asks for the index is not made to wait for ever. */
function pause(store: EmbeddedLogStore): void {
  store.indexer.pause()
  const flush = store.indexer.flush.bind(store.indexer)
  store.indexer.flush = async () => {
    store.indexer.resume()
    await flush()
    store.indexer.pause()
  }
}

for (const [name, configuration] of Object.entries(configurations)) {
  conformance({
    name,
    describe,
    it,
    open: async () => openIn(await newDirectory(), configuration),
    reopen: closed => openIn(directories.get(closed)!, configuration),
  })
}

afterAll(async () => {
  for (const path of new Set(directories.values())) await removeDirectory(path)
})
