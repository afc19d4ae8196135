/**
 * The memory driver: a log store in plain Maps. `twinlog/testing` opens it, and the tests hold every other driver
 * against it, so it does the obvious thing at every turn: a call takes effect at once and resolves later.
 */
import { TwinlogError } from '../../errors.ts'
import type {
  ActorEntry,
  ActorStatus,
  Append,
  AppendOutcome,
  EpochBounds,
  FeedOrigin,
  FeedRange,
  FeedSlice,
  Flush,
  Item,
  ItemChange,
  LogName,
  LogStore,
  LogStoreStats,
  Payload,
  ReadRange,
  ReadSlice,
  StoredRecord,
} from '../types.ts'
import { checkItem } from '../item-limits.ts'
import { Watchers } from '../watchers.ts'
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
        const outcome = this.#appendOne(append, payloads, undo)
        if (outcome.status === 'refused' && flush.onConflict !== 'skip') throw outcome.error
        outcomes.push(outcome)
      }
      for (const change of flush.items ?? []) this.#changeItem(change, undo)
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
    if (!Number.isSafeInteger(before) || before < 1 || before > max) {
      const facts = { argument: 'before', value: before, min: 1, max }
      throw new TwinlogError('OUT_OF_RANGE', `before must be 1 to ${max}, not ${before}`, facts)
    }
    if (before > found.first) {
      while (found.first < before) found.records.delete(found.first++)
      this.#committed([log])
    }
    return boundsOf(found)
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

  /** The rules of `AppendOutcome`, in their order. */
  #appendOne(append: Append, payloads: readonly Payload[], undo: (() => void)[]): AppendOutcome {
    const { actor, box } = append.log
    const payload = payloads[append.payload]
    if (payload === undefined) throw new TypeError(`The flush has no payload ${append.payload}`)
    const log = this.#log(append.log)
    if (log === undefined) {
      const status = this.#contents.removed.has(actor) ? 'removed' : 'unknown'
      return refused(new TwinlogError('NO_ACTOR', `No such actor: ${actor}`, { actor, status }))
    }
    const key = append.key === undefined ? undefined : hex(append.key)
    const first = key === undefined ? undefined : log.keys.get(key)
    if (first !== undefined) {
      if (append.ifExists === 'keep' || same(first.payload, payload)) return { status: 'duplicate', seq: first.seq }
      const facts = { actor, box, seq: first.seq }
      return refused(new TwinlogError('KEY_CONFLICT', `Record ${first.seq} has that key and other bytes`, facts))
    }
    if (append.expectedTip !== undefined && append.expectedTip !== log.tip) {
      const facts = { actor, box, expected: append.expectedTip, actual: log.tip }
      return refused(new TwinlogError('TIP_CONFLICT', `The tip is ${log.tip}, not ${append.expectedTip}`, facts))
    }
    const seq = ++log.tip
    const { codec, bytes } = payload
    const meta = copy(append.meta ?? new Uint8Array())
    log.records.set(seq, { seq, receivedAt: append.receivedAt, codec, payload: bytes, meta })
    if (key !== undefined) log.keys.set(key, { seq, payload })
    undo.push(() => {
      log.tip -= 1
      log.records.delete(seq)
      if (key !== undefined) log.keys.delete(key)
    })
    return { status: 'appended', seq }
  }

  #changeItem({ key, value, expectedVersion }: ItemChange, undo: (() => void)[]): void {
    const { items } = this.#contents
    const before = items.get(key)
    const actual = before?.version ?? 0
    if (expectedVersion !== undefined && expectedVersion !== actual) {
      const facts = { key, expected: expectedVersion, actual }
      throw new TwinlogError('VERSION_CONFLICT', `Item ${key} is at version ${actual}, not ${expectedVersion}`, facts)
    }
    if (value !== null) items.set(key, { value: copy(value), version: actual + 1 })
    else if (!items.delete(key)) return
    undo.push(() => (before === undefined ? items.delete(key) : items.set(key, before)))
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
const refused = (error: TwinlogError<'NO_ACTOR' | 'KEY_CONFLICT' | 'TIP_CONFLICT'>): AppendOutcome => ({
  status: 'refused',
  error,
})
// `slice` of a Buffer is a view of it, so copies are made with the constructor.
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const same = (left: Payload, right: Payload): boolean =>
  left.codec === right.codec && Buffer.compare(left.bytes, right.bytes) === 0
