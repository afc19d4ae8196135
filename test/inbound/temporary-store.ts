/** Stores on disk that are closed and removed when their test is over. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { open, type OpenOptions } from 'twinlog'
import type { HostStore } from '../../src/host-store.ts'

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'twinlog-inbound-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Opens a store in a directory of its own, or in one that is given. */
export function temporaryStore(options: OpenOptions = {}, directory = temporaryDirectory()) {
  return async (clock: () => number): Promise<HostStore> => {
    const store = await open(directory, { clock, ...options })
    onTestFinished(() => store.close())
    return store
  }
}
