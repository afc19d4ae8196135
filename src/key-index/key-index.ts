/**
 * The index: typed reads and batches over LevelDB. It is derived from the commit log and may be thrown away. What a
 * batch means is decided by the embedded driver; what a key looks like by keys.ts; this file brings the two together.
 */
import { rm } from 'node:fs/promises'
import type { Checksum } from '../bytes/checksum.ts'
import { IndexBatch } from './index-batch.ts'
import { Condemned } from './condemned.ts'
import * as keys from './keys.ts'
import { type Database, isLevelDamaged, openLevel } from './level-database.ts'
import { QuickReads } from './quick-reads.ts'
import { countStart, setUncleanStarts } from './unclean-starts.ts'
import * as values from './values.ts'

/** Where a batch has brought the log; the index adds batch number and ledger floor. */
type IndexedThrough = Omit<values.IndexPoint, 'batch' | 'ledgerFloor'>

export interface OpenedCheckpoint {
  /** The newest point. */
  readonly point: values.IndexPoint
  /** The last point before the first lost batch: replay from here. `point` itself when none is lost; null: from the start. */
  readonly wholeThrough: values.IndexPoint | null
}

/** The ledger covers the batches that may still be in LevelDB's write-ahead log; past this many it starts anew. */
const LEDGER_BATCHES = 1024
/** Compacting a range that holds nothing only writes the memory out. */
const PAST_ALL_KEYS = Buffer.from([0xff])
/** A start that went well so long ends the row of unclean ones before it. */
const SERVED_MS = 30_000
/** Every key begins with six bytes of a number. */
const BEFORE_ALL_KEYS = Buffer.from([0])

export class KeyIndex {
  readonly #directory: string
  readonly condemned: Condemned
  readonly #opened: Database
  readonly #checksum: Checksum
  /** What it says at once. */
  readonly now: QuickReads
  #point: values.IndexPoint | null = null
  /** Whether the ledger lacked a batch: then the newest point is no witness of what came before it. */
  #hasGap = false
  /** Batches that may not be in a table yet. Opening LevelDB puts its write-ahead log there. */
  #unsettled = 0
  #serving: NodeJS.Timeout | null = null

  private constructor(directory: string, database: Database, checksum: Checksum) {
    this.#directory = directory
    this.condemned = new Condemned(directory)
    this.#opened = database
    this.#checksum = checksum
    this.now = new QuickReads(database, checksum, this.condemned)
  }

  /** Counts as an unclean start until it is closed, or `served`. */
  static async open(directory: string, checksum: Checksum): Promise<KeyIndex> {
    const before = await countStart(directory)
    try {
      return new KeyIndex(directory, await openLevel(directory), checksum)
    } catch (error) {
      await setUncleanStarts(directory, before).catch(() => {})
      throw error
    }
  }

  /** A new, empty one in place of whatever is there. */
  static async create(directory: string, checksum: Checksum): Promise<KeyIndex> {
    await rm(directory, { recursive: true, force: true })
    // What ended the process before is gone.
    await setUncleanStarts(directory, 0)
    return KeyIndex.open(directory, checksum)
  }

  /** What is there is sound as far as anyone can tell: after a while from now the start counts as clean. */
  served(): void {
    this.#serving ??= setTimeout(() => void setUncleanStarts(this.#directory, 0).catch(() => {}), SERVED_MS)
    this.#serving.unref()
  }

  /** Where the error says that LevelDB can't read what it wrote, the next open is to make the index anew. */
  condemnFor(error: unknown): void {
    if (isLevelDamaged(error)) this.condemned.condemn('LevelDB could not read it')
  }

  /** Everything goes through here, but closing; what was asked for before it was condemned asks once more when it has it. */
  get #database(): Database {
    this.condemned.assertNot()
    return this.#opened
  }

  batch(): IndexBatch {
    return new IndexBatch(this.#database, this.#checksum)
  }

  /**
   * The newest point, and how far the ledger is whole: LevelDB can lose a batch in the middle of its write-ahead log
   * and keep later ones. Null in a new index.
   * @throws DamagedValueError
   */
  async checkpoint(): Promise<OpenedCheckpoint | null> {
    const point = await this.#one(keys.checkpointKey(), values.decodePoint)
    if (point === null) return null
    let wholeThrough: values.IndexPoint | null = null
    for await (const [key, sealed] of this.#database.iterator(keys.ledgerRange(point.ledgerFloor, point.batch))) {
      const expected = wholeThrough === null ? point.ledgerFloor : wholeThrough.batch + 1
      if (keys.batchOf(key) !== expected) break
      wholeThrough = values.decodePoint(values.unseal(key, sealed, this.#checksum))
    }
    this.#point = point
    this.#hasGap = wholeThrough?.batch !== point.batch
    return { point, wholeThrough }
  }

  /**
   * Writes a batch with its ledger key and the checkpoint, all or nothing, synced. The ledger begins with the last batch
   * that is in a table: LevelDB can lose its newest tables as well, and keep what came after them.
   */
  async write(batch: IndexBatch, through: IndexedThrough): Promise<void> {
    const number = (this.#point?.batch ?? 0) + 1
    const oldFloor = this.#point?.ledgerFloor ?? number
    const point = {
      ...through,
      batch: number,
      ledgerFloor: this.#unsettled === 0 ? Math.max(oldFloor, this.#hasGap ? number : number - 1) : oldFloor,
    }
    this.#hasGap = false
    batch.putPoint(point, oldFloor)
    await batch.write()
    this.#point = point
    this.#unsettled += 1
    if (point.batch - point.ledgerFloor >= LEDGER_BATCHES) await this.#settle()
  }

  /**
   * Moves LevelDB's memory into tables and starts the ledger anew: the next open has next to no write-ahead log to
   * replay.
   */
  async settle(): Promise<void> {
    const point = this.#point
    if (point === null || this.#unsettled <= 1) return
    await this.#settle()
    await this.write(this.batch(), point)
  }

  async #settle(): Promise<void> {
    await this.#database.compactRange(PAST_ALL_KEYS, PAST_ALL_KEYS)
    this.#unsettled = 0
  }

  /**
   * Lets LevelDB write all of its tables again, so that nothing deleted or replaced stays in them. It leaves a table as
   * it is that nothing newer touches: so all there is goes into tables, and what comes then reaches over all of them.
   */
  async purge(): Promise<void> {
    await this.#database.compactRange(PAST_ALL_KEYS, PAST_ALL_KEYS)
    await this.#delete([BEFORE_ALL_KEYS, PAST_ALL_KEYS])
    await this.#database.compactRange(BEFORE_ALL_KEYS, PAST_ALL_KEYS)
  }

  async heads(logs: readonly number[]): Promise<(values.Head | null)[]> {
    return this.#many(
      logs.map(log => keys.headKey(log)),
      values.decodeHead,
    )
  }

  /** Which of these entries exist. */
  async hasEntries(entries: readonly { readonly log: number; readonly seq: number }[]): Promise<boolean[]> {
    const found = await this.#database.hasMany(entries.map(entry => keys.entryKey(entry.log, entry.seq)))
    this.condemned.assertNot()
    return found
  }

  /** The locations of these sequences, null where there is none. */
  async locations(log: number, sequences: readonly number[]): Promise<(values.IndexedLocation | null)[]> {
    return this.#many(
      sequences.map(seq => keys.entryKey(log, seq)),
      values.decodeLocation,
    )
  }

  async dedupes(
    wanted: readonly { readonly log: number; readonly key: Uint8Array }[],
  ): Promise<(values.DedupeValue | null)[]> {
    return this.#many(
      wanted.map(({ log, key }) => keys.dedupeKey(log, key)),
      values.decodeDedupe,
    )
  }

  async actors(ids: readonly string[]): Promise<(values.ActorValue | null)[]> {
    return this.#many(ids.map(keys.actorIdKey), values.decodeActor)
  }

  /** The active actor with that number. */
  async actorNumbered(number: number): Promise<string | null> {
    return this.#one(keys.actorNumberKey(number), body => body.toString('utf8'))
  }

  /** Active actors with numbers above `after`, in order. */
  async *actorsAfter(after: number): AsyncGenerator<{ readonly id: string; readonly number: number }> {
    for await (const [key, sealed] of this.#database.iterator(keys.actorNumberRange(after))) {
      const id = values.unseal(key, sealed, this.#checksum).toString('utf8')
      this.condemned.assertNot()
      yield { id, number: keys.actorNumberOf(key) }
    }
    this.condemned.assertNot()
  }

  async item(key: string): Promise<values.ItemValue | null> {
    return this.#one(keys.itemKey(key), values.decodeItemValue)
  }

  async *itemsStarting(start: string): AsyncGenerator<readonly [string, values.ItemValue]> {
    for await (const [key, sealed] of this.#database.iterator(keys.itemRange(start))) {
      const value = values.decodeItemValue(values.unseal(key, sealed, this.#checksum))
      this.condemned.assertNot()
      yield [keys.itemNameOf(key), value]
    }
    this.condemned.assertNot()
  }

  /** The first logs that have keys yet to be cleared. Where it is damaged what is to be cleared, it is the lesser. */
  async sweeps(limit: number): Promise<{ readonly log: number; readonly extent: values.SweepExtent }[]> {
    const found = await this.#database.iterator({ ...keys.sweepRange(), limit }).all()
    return found.map(([key, sealed]) => ({
      log: keys.sweptLogOf(key),
      extent: values.isSealed(key, sealed, this.#checksum)
        ? values.decodeSweep(values.unseal(key, sealed, this.#checksum))
        : 'trimmed',
    }))
  }

  /** Clears at most `limit` entries of a log below `first`, or keys of all its range; true when none are left. */
  async clear(log: number, below: { readonly first: number } | 'all', limit: number): Promise<boolean> {
    const range = below === 'all' ? keys.logRange(log) : keys.entryRange(log, 0, below.first - 1)
    const found = await this.#database.keys({ ...range, limit }).all()
    await this.#delete(found)
    return found.length < limit
  }

  /** Deletes what does not match its checksum among a log's keys, or (0) among actors and items. */
  async dropDamaged(log: number): Promise<void> {
    const damaged: Buffer[] = []
    for (const range of log === 0 ? keys.derivedRanges() : [keys.logRange(log)]) {
      for await (const [key, sealed] of this.#database.iterator(range))
        if (!values.isSealed(key, sealed, this.#checksum)) damaged.push(key)
    }
    await this.#delete(damaged)
    this.now.forget()
  }

  async #delete(some: readonly Buffer[]): Promise<void> {
    if (some.length === 0) return
    const batch = this.#database.batch()
    for (const key of some) batch.del(key)
    await batch.write({ sync: true })
  }

  async close(): Promise<void> {
    if (this.#serving !== null) clearTimeout(this.#serving)
    await this.#opened.close()
    // What can't be written counts as an unclean start: it costs a check, one of these days.
    await setUncleanStarts(this.#directory, 0).catch(() => {})
  }

  async #one<Value>(key: Buffer, decode: (body: Buffer) => Value): Promise<Value | null> {
    const [value] = await this.#many([key], decode)
    return value ?? null
  }

  async #many<Value>(wanted: Buffer[], decode: (body: Buffer) => Value): Promise<(Value | null)[]> {
    if (wanted.length === 0) return []
    const found = await this.#database.getMany(wanted)
    this.condemned.assertNot()
    return found.map((sealed, i) => {
      const key = wanted[i]
      return sealed === undefined || key === undefined ? null : decode(values.unseal(key, sealed, this.#checksum))
    })
  }
}
