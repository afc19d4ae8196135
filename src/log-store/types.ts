/**
 * The seam: what a storage driver must do, and nothing more. `actors/` is written against this interface alone;
 * `conformance/` proves that a driver keeps its promises. A driver stores bytes: values, dedupe strings and cursors
 * belong to `actors/`.
 *
 * Every method may reject with `CLOSED` after `close`, and with `IO_ERROR`; other codes are named at the method.
 */
import type { TwinlogError } from '../errors.ts'
import type { CompactOptions, CompactReport } from './compact-options.ts'

/** The two logs of an actor. */
export type Box = 'inbox' | 'outbox'

/** Which log: one box of one actor. The driver maps it to the actor's present epoch at each call. */
export interface LogName {
  readonly actor: string
  readonly box: Box
  /**
   * For the driver alone: what this name led it to, so that it need not look again. Null at first; absent where names are
   * not kept, and then a driver leaves it so.
   */
  known?: unknown
}

/** How a payload's bytes are to be read. Stored with the record; the driver never looks inside. */
export type Codec = 'json' | 'msgpack' | 'bytes'

export interface Payload {
  readonly codec: Codec
  readonly bytes: Uint8Array
}

/** One record to append. */
export interface Append {
  readonly log: LogName
  /** Index into `Flush.payloads`: a body that many appends name is stored once. */
  readonly payload: number
  /** 16 bytes. At most one record of a log, over its whole life, has a given key. */
  readonly key?: Uint8Array | undefined
  /** Small (0–4,096 bytes), stored with the record, no part of 'same bytes'. */
  readonly meta?: Uint8Array | undefined
  /** Refuse unless the log's tip is this, counted after the flush's earlier items. 0 means empty. */
  readonly expectedTip?: number | undefined
  /** When the key is there with other bytes: `conflict` (default) refuses, `keep` answers with the first record. */
  readonly ifExists?: 'conflict' | 'keep' | undefined
  /** Milliseconds since 1970, 0 to 2^48 - 1. Advisory, never order. */
  readonly receivedAt: number
}

/** A change to the small versioned key-value table. `value: null` deletes; a value has at most 1 MiB. */
export interface ItemChange {
  /** 1–512 bytes of UTF-8. */
  readonly key: string
  readonly value: Uint8Array | null
  /** Refuse unless the item's version is this (0: absent). A version counts the puts since it was absent. */
  readonly expectedVersion?: number
}

/** One atomic unit: all of it is there, or none of it. */
export interface Flush {
  readonly payloads: readonly Payload[]
  readonly appends: readonly Append[]
  /** In order: a later change sees the earlier ones. */
  readonly items?: readonly ItemChange[] | undefined
  /**
   * `reject` (default): the first refused append rejects the whole flush with its error. `skip`: a refused append leaves
   * only itself out. A `VERSION_CONFLICT` of an item, looked at after the appends, rejects the whole flush either way.
   */
  readonly onConflict?: 'reject' | 'skip' | undefined
}

/**
 * What became of one append of a flush. The rules, in this order: unknown actor → `NO_ACTOR`; known key with the same
 * bytes and codec (or `ifExists: 'keep'`) → `duplicate`; known key with other bytes → `KEY_CONFLICT`; tip not the
 * expected one → `TIP_CONFLICT`; else the record gets `tip + 1`. Earlier items of the flush count.
 */
export type AppendOutcome =
  | { readonly status: 'appended'; readonly seq: number }
  | { readonly status: 'duplicate'; readonly seq: number }
  | { readonly status: 'refused'; readonly error: TwinlogError<'NO_ACTOR' | 'KEY_CONFLICT' | 'TIP_CONFLICT'> }

/** A log's acknowledged bounds. Empty: `tip === first - 1`. Fresh: `{ first: 1, tip: 0 }`. */
export interface Bounds {
  readonly first: number
  readonly tip: number
}

export interface EpochBounds extends Bounds {
  /** Changes when the actor is removed and added again; never comes back. */
  readonly epoch: number
}

export interface StoredRecord {
  readonly seq: number
  readonly receivedAt: number
  readonly codec: Codec
  /** A copy that the caller owns. */
  readonly payload: Uint8Array
  /** A copy that the caller owns; empty when none was given. */
  readonly meta: Uint8Array
  /** Its payload and its meta were taken out: both are empty. */
  readonly redacted: boolean
}

/** What a redaction found. */
export interface Redaction {
  readonly bounds: EpochBounds
  /** False: there was nothing to take out, the record was redacted or trimmed before. */
  readonly redacted: boolean
}

/** A run of sequences to read: `from..to`, both inclusive, in ascending order unless `reverse`. */
export interface ReadRange {
  readonly from: number
  readonly to: number
  readonly reverse?: boolean
  /** At most this many records, at least 1. */
  readonly limit: number
}

/** What one read saw, at one instant. */
export interface ReadSlice {
  readonly bounds: EpochBounds
  /**
   * The records of `range` that lie in `bounds`, without gaps, from the range's start in reading direction. May be
   * fewer than there are (the driver bounds its work); at least one when there is one.
   */
  readonly records: readonly StoredRecord[]
}

/** A place in the feed: behind that entry of that commit. `{ commit: 0, ordinal: 0 }` is before everything. */
export interface FeedPoint {
  readonly commit: number
  /** Grows within a commit, not always by one; 0 to 2^32 - 1, which is behind all of the commit. */
  readonly ordinal: number
}

/** A stretch of the feed: the records of all logs, in the order of the commits that hold them. */
export interface FeedRange {
  /** Only what lies behind this point. */
  readonly after: FeedPoint
  /** At most this many records, at least 1. */
  readonly limit: number
  /** Only records of these boxes; of both by default. */
  readonly boxes?: readonly Box[]
  /** Only records of these actors; of all by default. */
  readonly actors?: ReadonlySet<string>
}

export interface FeedEntry extends StoredRecord {
  readonly log: LogName
  readonly epoch: number
  /** Where it stands; the next slice goes on after it. */
  readonly point: FeedPoint
}

/** Something in the feed that can't be read: one record, when `log` is there, or what is left of a commit. */
export interface FeedDamage {
  readonly place: string
  readonly log?: LogName
  readonly seq?: number
  /** Behind it. */
  readonly through: FeedPoint
}

export interface FeedSlice {
  /**
   * Records of the range in order, without gaps, but for those that are no longer there: trimmed, redacted, or of an
   * actor that was removed. May be fewer than there are, and none, as long as `through` lies behind `after`.
   */
  readonly records: readonly FeedEntry[]
  /** What stands right behind them and is damaged. */
  readonly damage: FeedDamage | null
  /** Up to here all was looked at, damage not included. */
  readonly through: FeedPoint
  /** Behind the last acknowledged commit: a slice that reaches it has seen all there was. */
  readonly end: FeedPoint
}

/** What tells the feed of one store, at one time of its life, from any other. */
export interface FeedOrigin {
  /** 16 random bytes, as 32 hexadecimal digits. */
  readonly store: string
  /** Changes when an older backup is restored. */
  readonly timeline: number
}

export type ActorStatus = 'active' | 'removed' | 'unknown'

export interface ActorEntry {
  readonly id: string
  readonly epoch: number
}

export interface Item {
  /** A copy that the caller owns. */
  readonly value: Uint8Array
  /** 1 for the first put since the item was absent. */
  readonly version: number
}

export interface LogStore {
  /** Opens both logs of an actor. Resolves when durable. An active actor: `{ added: false }`, nothing changes. */
  addActor(id: string): Promise<{ readonly added: boolean }>
  /** Ends both logs and all they hold. Resolves when durable. Not active: `{ removed: false }`, nothing changes. */
  removeActor(id: string): Promise<{ readonly removed: boolean }>
  actorStatus(id: string): Promise<ActorStatus>
  /** Active actors in the order they were added, after that epoch. */
  listActors(range: { readonly after: number; readonly limit: number }): Promise<readonly ActorEntry[]>

  /**
   * Resolves when the whole flush is as durable as the store promises, with one outcome an append, in order. Sequences
   * of a log follow the order of the calls. Nothing of a refused flush is written. The bytes that were
   * handed over are the caller's again as soon as the call returns.
   * @throws NO_ACTOR, KEY_CONFLICT, TIP_CONFLICT (with `onConflict: 'reject'`), VERSION_CONFLICT, LOW_SPACE,
   *   FLUSH_TOO_LARGE, INDEX_FAILED, INVALID_KEY and PAYLOAD_TOO_LARGE (an item's),
   *   OUTCOME_UNKNOWN, NOT_WRITTEN, POISONED, READ_ONLY
   */
  append(flush: Flush): Promise<readonly AppendOutcome[]>

  /** Null for an actor that is not active. */
  bounds(log: LogName): Promise<EpochBounds | null>
  /**
   * Null for an actor that is not active. Never returns a record whose bytes are not the appended ones.
   * @throws CORRUPT when the first record in reading direction is damaged, LOST when it was lost in a salvage
   */
  read(log: LogName, range: ReadRange): Promise<ReadSlice | null>
  /** The sequence that has this key (16 bytes), trimmed records included. Null: no such key or actor. */
  find(log: LogName, key: Uint8Array): Promise<number | null>
  /**
   * Drops the records below `before`; nothing when it is not above `first`. Keys stay. Null for an actor that is not
   * active.
   * @throws OUT_OF_RANGE when `before` is not a safe integer from 1 to `tip + 1`
   */
  trim(log: LogName, before: number): Promise<EpochBounds | null>
  /**
   * Takes payload and meta out of one record, for good. Its sequence, time and codec stay, and so does its key, with what
   * tells 'the same bytes'. Works on a damaged record too. Null for an actor that is not active. Resolves when durable.
   * @throws OUT_OF_RANGE when `seq` is not a safe integer from 1 to the tip
   */
  redact(log: LogName, seq: number): Promise<Redaction | null>
  /**
   * Calls `listener` some time after the log changed, was removed, or the store closed, never within the call that did
   * it; on a closed store, once, soon. A hint: it carries no data, and several changes may share one. The function it
   * gives back ends it: no call comes after. With `null`: after appends to any log, and when the store closed.
   */
  watch(log: LogName | null, listener: () => void): () => void

  /** A slice of the feed. It holds nothing open once it has answered. @throws LOG_LOST, FORMAT_UNSUPPORTED */
  feed(range: FeedRange): Promise<FeedSlice>
  feedOrigin(): FeedOrigin

  item(key: string): Promise<Item | null>
  /** Items whose key starts with `prefix`, in byte order of the keys. */
  listItems(prefix: string): AsyncIterable<readonly [key: string, item: Item]>

  /**
   * Gives back the space of what was trimmed, redacted and removed before the call, while appends and reads go on. One at
   * a time: a second call waits for the first. A driver that keeps nothing back has nothing to do.
   * @throws OUT_OF_RANGE, LOW_SPACE, POISONED, INDEX_FAILED, LOG_LOST, READ_ONLY; the signal's reason
   */
  compact(options?: CompactOptions): Promise<CompactReport>
  /** Resolves when everything acknowledged before the call would survive a power cut. */
  flush(): Promise<void>
  /** Resolves when the index holds everything acknowledged before the call. A driver without one: at once. */
  flushIndex(): Promise<void>
  stats(): LogStoreStats
  /** Idempotent; waits for what is pending. From the call on, every method but `stats` and `watch` rejects with CLOSED. */
  close(): Promise<void>
}

/** Counters since open, and gauges of this moment. */
export interface LogStoreStats {
  readonly driver: string
  readonly state: 'open' | 'poisoned' | 'closing' | 'closed'
  /** Records appended since open. */
  readonly recordsAppended: number
  readonly duplicates: number
  /** Flushes rejected, and appends left out with `skip`. */
  readonly refused: number
  /** The last commit acknowledged (0: none yet). */
  readonly commit: number
  /** Frames (group commits) written since open. */
  readonly frames: number
  /** Bytes written to the commit log since open. */
  readonly logBytes: number
  /** Acknowledged changes (appends, trims, redactions, actors, items) that the index does not hold yet. */
  readonly unindexedChanges: number
  /** Damaged commits that a read-only opener passed over, in part or whole; an owner never does: 0. */
  readonly damagedCommits: number
  /** Appends that wait for a frame. */
  readonly waiting: number
  readonly index: {
    readonly state: 'current' | 'behind' | 'paused' | 'failed' | 'none'
    readonly commit: number
    /** How far the check of the index's files has come; `damaged`: the next open makes the index anew. */
    readonly scrub: 'running' | 'passed' | 'damaged' | 'stopped' | 'none'
  }
}
