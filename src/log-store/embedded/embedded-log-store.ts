/**
 * The embedded driver: the commit log is the truth, LevelDB its index. This file wires the parts together; each part
 * says in its own file what it does. Opened by open-embedded.ts.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { TwinlogError } from '../../errors.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { CompactOptions, CompactReport } from '../compact-options.ts'
import type {
  ActorEntry,
  ActorStatus,
  AppendOutcome,
  EpochBounds,
  FeedOrigin,
  FeedRange,
  FeedSlice,
  Flush,
  Item,
  LogName,
  LogStore,
  LogStoreStats,
  ReadRange,
  ReadSlice,
  Redaction,
} from '../types.ts'
import { readFeedSlice, type FeedSource } from '../feed-slice.ts'
import { Compactions } from './compaction.ts'
import { touchedLogs } from './touched-logs.ts'
import { publish } from './diagnostics.ts'
import type { FrameBatch } from './frame-batch.ts'
import type { FreeSpace } from './free-space.ts'
import { Indexer, type IndexerLimits } from './indexer.ts'
import type { IndexScrub } from './index-scrub.ts'
import { lookUp } from './lookup.ts'
import { boundsOf } from './read-slice.ts'
import { copyOf } from './merge-items.ts'
import { Reading } from './reading.ts'
import { remainsOfRecord } from './record-remains.ts'
import { AppendRequest, OWN_ENTRY_BYTES, type Request } from './requests.ts'
import { poisoned, Sequencer } from './sequencer.ts'
import { TailMemory } from './tail-memory.ts'
import { Watchers } from '../watchers.ts'

interface EmbeddedParts {
  readonly path: string
  readonly log: CommitLog
  readonly index: KeyIndex
  readonly scrub: IndexScrub
  readonly freeSpace: FreeSpace
  readonly limits: IndexerLimits
  /** How many logs, actors and keys to keep in memory beyond what must be there. */
  readonly hot: number
  readonly hasSweeps: boolean
  /** Lets go of the directory; last. */
  readonly release: () => Promise<void>
}

/** Makes a request of what answers it. */
type MakeRequest<Result> = (answer: {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}) => Request

export class EmbeddedLogStore implements LogStore {
  readonly #parts: EmbeddedParts
  readonly #memory: TailMemory
  readonly #watchers = new Watchers()
  readonly #sequencer: Sequencer
  readonly #reading: Reading
  readonly #compactions: Compactions
  /** For tests: `pause` and `resume`. */
  readonly indexer: Indexer
  #closing: Promise<void> | null = null
  #isClosed = false

  constructor(parts: EmbeddedParts) {
    this.#parts = parts
    this.#memory = new TailMemory(parts.hot)
    this.indexer = new Indexer(parts.log, parts.index, this.#memory, parts.limits, parts.hasSweeps, {
      onProgress: () => this.#sequencer.pump(),
      isFrameDue: () => this.#sequencer.isFrameDue,
    })
    const { path, log, index } = parts
    const isClosed = (): boolean => this.#isClosed
    this.#reading = new Reading({ path, log, index, indexer: this.indexer, memory: this.#memory, isClosed })
    this.#sequencer = new Sequencer(parts.log, this.#memory, {
      index,
      lookUp: requests => this.#reading.mending(() => lookUp(requests, this.#memory, parts.index)),
      look: (each, seq) => remainsOfRecord(async (of, range) => this.#reading.slice(of, range), each, seq),
      isIndexFull: () => this.indexer.isFull && this.indexer.failure === null,
      refusal: bytes => (this.indexer.isFull ? this.indexer.failure : null) ?? parts.freeSpace.take(bytes),
      makeRoom: () => parts.freeSpace.makeRoom(),
      onCommit: batch => this.#onCommit(batch),
    })
    this.#compactions = new Compactions({
      log,
      flushIndex: async () => {
        await log.sync()
        await this.indexer.flush()
      },
      sealSegment: () => this.#sequencer.sealSegment(),
      purgeIndex: () => this.#reading.mending(() => index.purge()),
    })
    parts.log.onPoison = error => this.#onPoison(error)
    index.condemned.onCondemned = error => this.indexer.fail(error)
    parts.scrub.start()
  }

  addActor(id: string): Promise<{ added: boolean }> {
    return this.#submit(answer => ({ ...answer, kind: 'addActor', id, bytes: OWN_ENTRY_BYTES }))
  }

  removeActor(id: string): Promise<{ removed: boolean }> {
    return this.#submit(answer => ({ ...answer, kind: 'removeActor', id, bytes: OWN_ENTRY_BYTES }))
  }

  async actorStatus(id: string): Promise<ActorStatus> {
    this.#assertOpen()
    const actor = await this.#reading.actor(id)
    if (actor === null) return 'unknown'
    return actor.isActive ? 'active' : 'removed'
  }

  async listActors(range: { readonly after: number; readonly limit: number }): Promise<readonly ActorEntry[]> {
    this.#assertOpen()
    return this.#reading.actorsAfter(range.after, range.limit)
  }

  append(flush: Flush): Promise<readonly AppendOutcome[]> {
    // Not by `#submit`, whose function and object every append would pay for.
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      this.#sequencer.submit(new AppendRequest(flush, this.#parts.log.checksum, resolve, reject))
    })
  }

  async bounds(log: LogName): Promise<EpochBounds | null> {
    this.#assertOpen()
    const found = this.#reading.stateSoon(log)
    const state = found instanceof Promise ? await found : found
    return state === null ? null : boundsOf(state)
  }

  async read(log: LogName, range: ReadRange): Promise<ReadSlice | null> {
    this.#assertOpen()
    return this.#reading.slice(log, range)
  }

  async find(log: LogName, key: Uint8Array): Promise<number | null> {
    this.#assertOpen()
    const state = await this.#reading.stateSoon(log)
    return state === null ? null : this.#reading.sequenceOf(state.log, key)
  }

  trim(log: LogName, before: number): Promise<EpochBounds | null> {
    return this.#submit(answer => ({ ...answer, kind: 'trim', log, before, bytes: OWN_ENTRY_BYTES }))
  }

  redact(log: LogName, seq: number): Promise<Redaction | null> {
    return this.#submit(answer => ({ ...answer, kind: 'redact', log, seq, bytes: OWN_ENTRY_BYTES }))
  }

  watch(log: LogName | null, listener: () => void): () => void {
    return this.#watchers.watch(log, listener)
  }

  async feed(range: FeedRange): Promise<FeedSlice> {
    this.#assertOpen()
    const { log } = this.#parts
    const { places, end } = log
    const frames = log.frames.bind(log)
    const logOf: FeedSource['logOf'] = number => this.#reading.feedLog(number)
    const goneAmong: FeedSource['goneAmong'] = (...about) => this.#reading.goneAmong(...about)
    return readFeedSlice({ places, end, frames, logOf, goneAmong }, range)
  }

  feedOrigin(): FeedOrigin {
    const { storeId, timeline } = this.#parts.log.identity
    return { store: storeId.toString('hex'), timeline }
  }

  async item(key: string): Promise<Item | null> {
    this.#assertOpen()
    const item = await this.#reading.item(key)
    return item === null ? null : copyOf(item)
  }

  async *listItems(prefix: string): AsyncGenerator<readonly [string, Item]> {
    this.#assertOpen()
    yield* this.#reading.itemsStarting(prefix)
  }

  async compact(options: CompactOptions = {}): Promise<CompactReport> {
    this.#assertOpen()
    return this.#compactions.compact(options)
  }

  async flush(): Promise<void> {
    this.#assertOpen()
    const { log } = this.#parts
    if (log.poison !== null) throw poisoned(log.poison)
    await log.sync()
  }

  async flushIndex(): Promise<void> {
    this.#assertOpen()
    await this.indexer.flush()
  }

  stats(): LogStoreStats {
    const { log } = this.#parts
    const { counts } = this.#sequencer
    return {
      driver: 'embedded',
      state: this.#status(),
      recordsAppended: counts.appended,
      duplicates: counts.duplicates,
      refused: counts.refused,
      commit: log.end.commit,
      frames: counts.frames,
      logBytes: log.bytesWritten,
      unindexedChanges: this.indexer.behind,
      damagedCommits: 0,
      waiting: this.#sequencer.waiting,
      index: { state: this.indexer.state, commit: this.indexer.commit, scrub: this.#parts.scrub.state },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Makes the index range of one log anew from the commit log. False when there is no such log. */
  async rebuildIndex(log: LogName): Promise<boolean> {
    this.#assertOpen()
    const state = await this.#reading.state(log)
    if (state === null) return false
    await this.indexer.rebuild(state.log)
    return true
  }

  async #close(): Promise<void> {
    const { log, index, scrub, freeSpace, release } = this.#parts
    const failures: unknown[] = []
    const attempt = (step: () => Promise<void>): Promise<void> =>
      step().catch((error: unknown) => void failures.push(error))
    await attempt(() => scrub.stop())
    await this.#compactions.stop()
    await this.#sequencer.idle()
    await attempt(() => this.#makeDurable())
    // What the index does not take now, the next open replays.
    await this.indexer.settle().catch(() => {})
    this.#isClosed = true
    this.#watchers.close()
    const steps = [() => this.indexer.stop(), () => index.close(), () => log.close(), () => freeSpace.stop(), release]
    for (const step of steps) await attempt(step)
    if (failures.length > 0) throw failures[0]
  }

  /** All that is acknowledged, on disk and vouched for. */
  async #makeDurable(): Promise<void> {
    const { log } = this.#parts
    if (log.poison !== null) return
    await log.sync()
    await this.#sequencer.vouch()
    if (log.poison === null) await log.sync()
  }

  #submit<Result>(make: MakeRequest<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      this.#sequencer.submit(make({ resolve, reject }))
    })
  }

  #onCommit(batch: FrameBatch): void {
    const { log, path } = this.#parts
    this.indexer.add(batch)
    this.#watchers.notify(touchedLogs(batch.changes, this.#memory))
    const { records, bytes } = batch
    publish('twinlog:commit', () => ({ path, commit: log.end.commit, records, bytes }))
  }

  #onPoison(error: TwinlogError): void {
    this.#sequencer.failWaiting(error)
    this.#watchers.notifyAll()
    publish('twinlog:poison', () => ({ path: this.#parts.path, error }))
  }

  #status(): LogStoreStats['state'] {
    if (this.#isClosed) return 'closed'
    if (this.#closing !== null) return 'closing'
    return this.#parts.log.poison === null ? 'open' : 'poisoned'
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new TwinlogError('CLOSED', 'the store is closed', {})
  }
}
