/**
 * Checks the tables of a large index while the store serves: a slice at a time, slowly enough to leave disk and event
 * loop to the host, and quicker at first, so that an index of usual size has passed soon. What it finds damaged is
 * condemned: the next open makes the index anew.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Checked } from '../../key-index/inspect.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { HeldTables } from '../../key-index/table-files.ts'
import type { LogStoreStats } from '../types.ts'
import { publish } from './diagnostics.ts'

const MIB = 1024 * 1024
/** The first requests come first. */
const BEGIN_AFTER_MS = 100
/** While it has checked no more than `QUICK_BYTES`: a fifth of one core, where its memory has the files. */
const QUICK_BYTES_PER_SECOND = 256 * MIB
const QUICK_BYTES = 64 * MIB
const BYTES_PER_SECOND = 32 * MIB

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
  #checkedBytes = 0

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
      await this.#wait(BEGIN_AFTER_MS)
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

  /** Waits as long as so many bytes may take. */
  async #rest(bytes: number): Promise<void> {
    this.#checkedBytes += bytes
    const pace = this.#checkedBytes <= QUICK_BYTES ? QUICK_BYTES_PER_SECOND : BYTES_PER_SECOND
    await this.#wait(Math.ceil((1000 * bytes) / pace))
  }

  /** A process that has nothing else to do may end meanwhile. */
  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false })
  }
}
