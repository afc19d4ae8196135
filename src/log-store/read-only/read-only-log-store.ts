/**
 * The read-only driver: looks at a store from its segment files alone, beside a running owner or without one. It may
 * show a record a moment before its owner acknowledges it.
 */
import { RecentFrames } from '../../commit-log/recent-frames.ts'
import { RecordReader } from '../../commit-log/record-reader.ts'
import type { SegmentReading } from '../../commit-log/recovery.ts'
import { SegmentFiles } from '../../commit-log/segment-handles.ts'
import { readMap } from '../../commit-log/segment-map.ts'
import { TwinlogError } from '../../errors.ts'
import { logNumber } from '../change.ts'
import { readFeedSlice } from '../feed-slice.ts'
import { aboutRecord, toStoredRecord } from '../stored-record.ts'
import type {
  ActorEntry,
  ActorStatus,
  EpochBounds,
  FeedOrigin,
  FeedRange,
  FeedSlice,
  Item,
  LogName,
  LogStore,
  LogStoreStats,
  ReadRange,
  ReadSlice,
  StoredRecord,
} from '../types.ts'
import { Watchers } from '../watchers.ts'
import { keyName, type SegmentView } from './segment-view.ts'

/** How often a watched store is looked at. */
const LOOK_MS = 100
/** How often a record that can't be found is looked for, each time in a newer view. */
const LOOKS_MAX = 5
const SLICE_BYTES = 4 * 1024 * 1024
const SLICE_RECORDS = 1000

export class ReadOnlyLogStore implements LogStore {
  readonly #path: string
  readonly #origin: FeedOrigin
  readonly #view: SegmentView
  readonly #files: SegmentFiles
  readonly #reader: RecordReader
  readonly #watchers = new Watchers()
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(path: string, reading: SegmentReading, view: SegmentView, timeline: number) {
    this.#path = path
    this.#origin = { store: Buffer.from(reading.storeId).toString('hex'), timeline }
    this.#view = view
    this.#files = new SegmentFiles(reading.disk, (...args) => readMap(reading, ...args))
    this.#reader = new RecordReader(this.#files, new RecentFrames(0), reading.checksum)
  }

  addActor(): Promise<never> {
    return this.#refuse()
  }

  removeActor(): Promise<never> {
    return this.#refuse()
  }

  append(): Promise<never> {
    return this.#refuse()
  }

  trim(): Promise<never> {
    return this.#refuse()
  }

  redact(): Promise<never> {
    return this.#refuse()
  }

  compact(): Promise<never> {
    return this.#refuse()
  }

  async actorStatus(id: string): Promise<ActorStatus> {
    await this.#refresh()
    const actor = this.#view.actors.get(id)
    if (actor === undefined) return 'unknown'
    return actor.isActive ? 'active' : 'removed'
  }

  async listActors({
    after,
    limit,
  }: {
    readonly after: number
    readonly limit: number
  }): Promise<readonly ActorEntry[]> {
    await this.#refresh()
    const listed: ActorEntry[] = []
    for (const [id, { number, isActive }] of this.#view.actors)
      if (isActive && number > after) listed.push({ id, epoch: number })
    return listed.toSorted((a, b) => a.epoch - b.epoch).slice(0, limit)
  }

  async bounds(log: LogName): Promise<EpochBounds | null> {
    await this.#refresh()
    return this.#bounds(log)
  }

  async read(log: LogName, range: ReadRange): Promise<ReadSlice | null> {
    await this.#refresh()
    for (let looks = 1; ; looks += 1) {
      try {
        return await this.#slice(log, range)
      } catch (error) {
        // What the owner has trimmed or redacted meanwhile, and taken off the disk, is no damage.
        if (looks === LOOKS_MAX || !(await this.#refresh())) throw error
      }
    }
  }

  async #slice(log: LogName, range: ReadRange): Promise<ReadSlice | null> {
    const bounds = this.#bounds(log)
    if (bounds === null) return null
    const number = logNumber(bounds.epoch, log.box)
    const { locations } = await this.#view.placesOf(number)
    const from = Math.max(range.from, bounds.first)
    const to = Math.min(range.to, bounds.tip)
    const records: StoredRecord[] = []
    let bytes = 0
    const count = Math.min(to - from + 1, range.limit, SLICE_RECORDS)
    for (let i = 0; i < count && bytes < SLICE_BYTES; i += 1) {
      const seq = range.reverse === true ? to - i : from + i
      try {
        const location = locations.get(seq)
        const found = location === undefined ? null : await this.#reader.read(location)
        const record = found === null ? null : toStoredRecord(found, number, seq)
        if (record === null) throw new TwinlogError('CORRUPT', 'its entry is damaged', { place: 'unknown' })
        records.push(record)
        bytes += record.payload.length
      } catch (error) {
        if (records.length > 0) break
        throw aboutRecord(error, log, seq)
      }
    }
    return { bounds, records }
  }

  async find(log: LogName, key: Uint8Array): Promise<number | null> {
    await this.#refresh()
    const bounds = this.#bounds(log)
    if (bounds === null) return null
    const { keys } = await this.#view.placesOf(logNumber(bounds.epoch, log.box))
    return keys.get(keyName(key)) ?? null
  }

  watch(log: LogName | null, listener: () => void): () => void {
    const end = this.#watchers.watch(log, listener)
    if (!this.#isClosed) this.#timer ??= setInterval(() => void this.#look(), LOOK_MS)
    return () => {
      end()
      if (this.#watchers.isEmpty) this.#stopLooking()
    }
  }

  async feed(range: FeedRange): Promise<FeedSlice> {
    await this.#refresh()
    return readFeedSlice(this.#view.feedSource(), range)
  }

  feedOrigin(): FeedOrigin {
    return this.#origin
  }

  async item(key: string): Promise<Item | null> {
    await this.#refresh()
    const item = this.#view.items.get(key)
    return item === undefined ? null : copyOf(item)
  }

  async *listItems(prefix: string): AsyncGenerator<readonly [string, Item]> {
    await this.#refresh()
    const found = [...this.#view.items].filter(([key]) => key.startsWith(prefix))
    for (const [key, item] of found.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      this.#assertOpen()
      yield [key, copyOf(item)]
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
      driver: 'read-only',
      state: this.#isClosed ? 'closed' : 'open',
      recordsAppended: 0,
      duplicates: 0,
      refused: 0,
      commit: this.#view.commit,
      frames: 0,
      logBytes: 0,
      unindexedChanges: 0,
      damagedCommits: this.#view.damagedCommits,
      waiting: 0,
      index: { state: 'none', commit: 0, scrub: 'none' },
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopLooking()
    this.#watchers.close()
    await this.#files.close()
  }

  #bounds(log: LogName): EpochBounds | null {
    const actor = this.#view.actors.get(log.actor)
    if (actor === undefined || !actor.isActive) return null
    return { epoch: actor.number, ...this.#view.bounds(actor.number, log.box) }
  }

  /** True when there was something new. */
  async #refresh(): Promise<boolean> {
    this.#assertOpen()
    const isNews = await this.#view.refresh()
    for (const [i, generation] of this.#view.generations.entries()) this.#files.useGeneration(i + 1, generation)
    return isNews
  }

  async #look(): Promise<void> {
    try {
      if (await this.#view.refresh()) this.#watchers.notifyAll()
    } catch {
      // Whoever is woken reads again and meets the error.
      this.#watchers.notifyAll()
    }
  }

  #stopLooking(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  async #refuse(): Promise<never> {
    this.#assertOpen()
    throw new TwinlogError('READ_ONLY', 'the store was opened read-only', { path: this.#path })
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TwinlogError('CLOSED', 'the store is closed', {})
  }
}

/** A copy that the caller owns. */
function copyOf({ version, value }: Item): Item {
  return { version, value: Buffer.from(value) }
}
