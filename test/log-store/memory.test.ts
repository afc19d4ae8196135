/** The memory driver passes the suite that every driver passes. */
import { conformance } from 'twinlog/conformance'
import { describe, it } from 'vitest'
import { MemoryContents } from '../../src/log-store/memory/contents.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { LogStore } from '../../src/log-store/types.ts'

const contentsOf = new WeakMap<LogStore, MemoryContents>()

function open(contents = new MemoryContents()): Promise<LogStore> {
  const store = createMemoryLogStore(contents)
  contentsOf.set(store, contents)
  return Promise.resolve(store)
}

conformance({ name: 'memory', describe, it, open, reopen: closed => open(contentsOf.get(closed)) })
