/**
 * The memory driver: a log store in plain Maps. `twinlog/testing` opens it, and the tests hold every other driver
 * against it, so it does the obvious thing at every turn: a call takes effect at once and resolves later.
 */
import { TwinlogError } from '../../errors.ts'
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
  StoredRecord,
} from '../types.ts'
import { nothingToCompact } from '../compact-options.ts'
import { checkItem } from '../item-limits.ts'
import { Watchers } from '../watchers.ts'
import { appendOne, changeItem, copy, hex } from './changes.ts'
import { MemoryContents, type MemoryLog } from './contents.ts'
import { readMemoryFeed } from './memory-feed.ts'

/** Opens a log store in memory. */
export function createMemoryLogStore(contents: MemoryContents = new MemoryContents()): LogStore {
  return new MemoryLogStore(contents)
}

class MemoryLogStore implements LogStore {
  readonly #contents: MemoryContents
  readonly #watchers = new Watchers()
  #closed = false
  #recordsAppended = 0
  #duplicates = 0
  #refused = 0
  #commits = 0
  #bytes = 0

  constructor(contents: MemoryContents) {
    this.#contents = contents
  }

  async addActor(id: string): Promise<{ readonly added: boolean }> {
    this.#assertOpen()
    const { actors, removed } = this.#contents
    if (actors.has(id)) return { added: false }
    const epoch = ++this.#contents.epochs
    const emptyLog = (): MemoryLog => ({ epoch, first: 1, tip: 0, records: new Map(), keys: new Map() })
    actors.set(id, { epoch, inbox: emptyLog(), outbox: emptyLog() })
    removed.delete(id)
    this.#committed([inboxOf(id), outboxOf(id)])
    return { added: true }
  }

  async removeActor(id: string): Promise<{ readonly removed: boolean }> {
    this.#assertOpen()
    if (!this.#contents.actors.delete(id)) return { removed: false }
    this.#contents.removed.add(id)
    this.#committed([inboxOf(id), outboxOf(id)])
    return { removed: true }
  }

  async actorStatus(id: string): Promise<ActorStatus> {
    this.#assertOpen()
    return this.#status(id)
  }

  async listActors(range: { readonly after: number; readonly limit: number }): Promise<readonly ActorEntry[]> {
    this.#assertOpen()
    return [...this.#contents.actors]
      .map(([id, { epoch }]) => ({ id, epoch }))
      .filter(({ epoch }) => epoch > range.after)
      .slice(0, range.limit)
  }

  async append(flush: Flush): Promise<readonly AppendOutcome[]> {
    this.#assertOpen()
    for (const change of flush.items ?? []) checkItem(change)
    const payloads = flush.payloads.map(({ codec, bytes }) => ({ codec, bytes: copy(bytes) }))
    const outcomes: AppendOutcome[] = []
    const undo: (() => void)[] = []
    try {
      for (const append of flush.appends) {
        const outcome = appendOne(this.#contents, append, payloads, undo)
        if (outcome.status === 'refused' && flush.onConflict !== 'skip') throw outcome.error
        outcomes.push(outcome)
      }
      for (const change of flush.items ?? []) changeItem(this.#contents, change, undo)
    } catch (error) {
      for (const step of undo.toReversed()) step()
      this.#refused += 1
      throw error
    }
    const changed = flush.appends.filter((_, index) => outcomes[index]?.status === 'appended')
    this.#recordsAppended += changed.length
    this.#duplicates += outcomes.filter(({ status }) => status === 'duplicate').length
    this.#refused += outcomes.filter(({ status }) => status === 'refused').length
    for (const { payload } of changed) this.#bytes += payloads[payload]?.bytes.length ?? 0
    if (undo.length > 0) this.#committed(changed.map(({ log }) => log))
    for (const [index, { log }] of flush.appends.entries()) {
      const outcome = outcomes[index]
      if (outcome?.status === 'appended') this.#toFeed(log, outcome.seq, index)
    }
    return outcomes
  }

  async bounds(log: LogName): Promise<EpochBounds | null> {
    this.#assertOpen()
    const found = this.#log(log)
    return found === undefined ? null : boundsOf(found)
  }

  async read(log: LogName, range: ReadRange): Promise<ReadSlice | null> {
    this.#assertOpen()
    const found = this.#log(log)
    if (found === undefined) return null
    const from = Math.max(range.from, found.first)
    const to = Math.min(range.to, found.tip)
    const records: StoredRecord[] = []
    for (let step = 0; step <= to - from && records.length < range.limit; step++) {
      const record = found.records.get(range.reverse === true ? to - step : from + step)
      if (record === undefined) throw new Error(`The memory driver lost a record of ${log.actor} ${log.box}`)
      records.push({ ...record, payload: copy(record.payload), meta: copy(record.meta) })
    }
    return { bounds: boundsOf(found), records }
  }

  async find(log: LogName, key: Uint8Array): Promise<number | null> {
    this.#assertOpen()
    return this.#log(log)?.keys.get(hex(key))?.seq ?? null
  }

  async trim(log: LogName, before: number): Promise<EpochBounds | null> {
    this.#assertOpen()
    const found = this.#log(log)
    if (found === undefined) return null
    const max = found.tip + 1
    if (!Number.isSafeInteger(before) || before < 1 || before > max) throw outOfRange('before', before, max)
    if (before > found.first) {
      while (found.first < before) found.records.delete(found.first++)
      this.#committed([log])
    }
    return boundsOf(found)
  }

  async redact(log: LogName, seq: number): Promise<Redaction | null> {
    this.#assertOpen()
    const found = this.#log(log)
    if (found === undefined) return null
    if (!Number.isSafeInteger(seq) || seq < 1 || seq > found.tip) throw outOfRange('seq', seq, found.tip)
    const record = found.records.get(seq)
    if (record === undefined || record.redacted) return { bounds: boundsOf(found), redacted: false }
    found.records.set(seq, { ...record, payload: new Uint8Array(), meta: new Uint8Array(), redacted: true })
    this.#committed([log])
    return { bounds: boundsOf(found), redacted: true }
  }

  watch(log: LogName | null, listener: () => void): () => void {
    return this.#watchers.watch(log, listener)
  }

  async feed(range: FeedRange): Promise<FeedSlice> {
    this.#assertOpen()
    return readMemoryFeed(this.#contents, range)
  }

  feedOrigin(): FeedOrigin {
    return { store: this.#contents.id, timeline: 1 }
  }

  async item(key: string): Promise<Item | null> {
    this.#assertOpen()
    const item = this.#contents.items.get(key)
    return item === undefined ? null : { value: copy(item.value), version: item.version }
  }

  async *listItems(prefix: string): AsyncGenerator<readonly [string, Item]> {
    this.#assertOpen()
    const found = [...this.#contents.items].filter(([key]) => key.startsWith(prefix))
    // JavaScript compares strings by UTF-16 units, which is not the order of their UTF-8 bytes.
    found.sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    for (const [key, { value, version }] of found) {
      this.#assertOpen()
      yield [key, { value: copy(value), version }]
    }
  }

  async compact(options: CompactOptions = {}): Promise<CompactReport> {
    this.#assertOpen()
    return nothingToCompact(options)
  }

  async flush(): Promise<void> {
    this.#assertOpen()
  }

  async flushIndex(): Promise<void> {
    this.#assertOpen()
  }

  stats(): LogStoreStats {
    return {
      driver: 'memory',
      state: this.#closed ? 'closed' : 'open',
      recordsAppended: this.#recordsAppended,
      duplicates: this.#duplicates,
      refused: this.#refused,
      commit: this.#contents.commit,
      frames: this.#commits,
      logBytes: this.#bytes,
      unindexedChanges: 0,
      damagedCommits: 0,
      waiting: 0,
      index: { state: 'none', commit: this.#contents.commit, scrub: 'none' },
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watchers.close()
  }

  #log({ actor, box }: LogName): MemoryLog | undefined {
    return this.#contents.actors.get(actor)?.[box]
  }

  #status(id: string): ActorStatus {
    if (this.#contents.actors.has(id)) return 'active'
    return this.#contents.removed.has(id) ? 'removed' : 'unknown'
  }

  #committed(changed: readonly LogName[]): void {
    this.#contents.commit += 1
    this.#commits += 1
    this.#watchers.notify(changed)
  }

  #toFeed(log: LogName, seq: number, ordinal: number): void {
    const { feed, commit, epochs } = this.#contents
    feed.push({ point: { commit, ordinal }, log: { ...log }, epoch: this.#log(log)?.epoch ?? epochs, seq })
  }

  #assertOpen(): void {
    if (this.#closed) throw new TwinlogError('CLOSED', 'The store is closed', {})
  }
}

const inboxOf = (actor: string): LogName => ({ actor, box: 'inbox' })
const outboxOf = (actor: string): LogName => ({ actor, box: 'outbox' })
const boundsOf = ({ epoch, first, tip }: MemoryLog): EpochBounds => ({ epoch, first, tip })
const outOfRange = (argument: string, value: number, max: number): TwinlogError =>
  new TwinlogError('OUT_OF_RANGE', `${argument} must be 1 to ${max}, not ${value}`, { argument, value, min: 1, max })
