/**
 * Checks the tables of a large index while the store serves: a slice at a time, slowly enough to leave disk and event
 * loop to the host. What it finds damaged is condemned: the next open makes the index anew.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Checked } from '../../key-index/inspect.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { HeldTables } from '../../key-index/table-files.ts'
import type { LogStoreStats } from '../types.ts'
import { publish } from './diagnostics.ts'

const BYTES_PER_SECOND = 32 * 1024 * 1024

interface ScrubParts {
  readonly path: string
  readonly index: KeyIndex
  /** What was checked before opening; null: nothing. */
  readonly checked: Checked | null
  /** What is still to be checked; null: nothing. */
  readonly unchecked: HeldTables | null
}

export class IndexScrub {
  readonly #parts: ScrubParts
  readonly #stopping = new AbortController()
  #state: LogStoreStats['index']['scrub'] = 'passed'
  #work: Promise<void> = Promise.resolve()

  constructor(parts: ScrubParts) {
    this.#parts = parts
  }

  get state(): LogStoreStats['index']['scrub'] {
    return this.#state
  }

  /** Tells what was checked before opening; begins with what is left. */
  start(): void {
    const { path, index, checked, unchecked } = this.#parts
    if (checked !== null) publish('twinlog:index-scrub', () => ({ path, ...checked }))
    if (unchecked === null) return index.served()
    this.#state = 'running'
    this.#work = this.#run(unchecked)
  }

  /** Ends it, wherever it is. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#work
  }

  async #run(tables: HeldTables): Promise<void> {
    const { path, index } = this.#parts
    const { count, bytes } = tables
    try {
      const damage = await tables.findDamage(read => this.#rest(read))
      if (damage !== null) index.condemned.condemn(damage)
      else index.served()
      this.#state = damage === null ? 'passed' : 'damaged'
      publish('twinlog:index-scrub', () => ({ path, tables: count, bytes, damage }))
    } catch {
      // It was stopped, or a file could not be read for a reason that is no damage: the next open begins again.
      this.#state = 'stopped'
    } finally {
      await tables.close().catch(() => {})
    }
  }

  /** Waits as long as so many bytes may take. A process that has nothing else to do may end meanwhile. */
  async #rest(bytes: number): Promise<void> {
    const { signal } = this.#stopping
    await delay(Math.ceil((1000 * bytes) / BYTES_PER_SECOND), undefined, { signal, ref: false })
  }
}
