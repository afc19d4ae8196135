/**
 * The public engine's types: what a host app sees. `store.ts` and `log.ts` implement them over any `LogStore`.
 */
import type { TwinlogError } from '../errors.ts'
import type { CompactOptions, CompactReport } from '../log-store/compact-options.ts'
import type { ActorStatus, Bounds, Box, Codec, LogStoreStats } from '../log-store/types.ts'

/** One record of a log, verified. `value`, `bytes` and `meta` are the caller's own copies. */
export interface LogRecord<Value = unknown> {
  /** 1 for a log's first record, then without gaps. */
  readonly seq: number
  /** Milliseconds since 1970 when it was appended, by the store's clock. Advisory: order is `seq`. */
  readonly receivedAt: number
  readonly codec: Codec
  /** The payload's exact bytes, as its codec wrote them. */
  readonly bytes: Uint8Array
  /** The payload, decoded on first use; for `bytes` the same as `bytes`. @throws CORRUPT when the codec can't read it */
  readonly value: Value
  /** What the appender said about the record; undefined when nothing. */
  readonly meta: unknown
  /** True: payload and meta were taken out with `redact`; `bytes` is empty, `value` and `meta` are undefined. */
  readonly redacted: boolean
}

export interface AppendOptions {
  /** Appending is idempotent by this key (an activity's `id`), for the life of the log. 1–65,536 bytes of UTF-8. */
  readonly key?: string | undefined
  /** Append only if the log's tip is this; 0 for an empty log. */
  readonly expectedTip?: number | undefined
  /** When the key is there with other bytes: `conflict` (default) rejects with `KEY_CONFLICT`, `keep` keeps the first. */
  readonly ifExists?: 'conflict' | 'keep' | undefined
  /** A small value (at most 4,096 bytes as msgpack) stored beside the payload; no part of 'same bytes'. */
  readonly meta?: unknown
}

export interface AppendResult {
  readonly seq: number
  /** True when the key was there already: `seq` is the first record's, nothing was written. */
  readonly duplicate: boolean
}

/** One part of a flush over several logs, with exactly one of `value` (as msgpack), `json` (exact bytes) and `bytes`. */
export type FlushItem = AppendOptions & { readonly log: Log } & (
    | { readonly value: unknown; readonly json?: never; readonly bytes?: never }
    | { readonly json: Uint8Array | string; readonly value?: never; readonly bytes?: never }
    | { readonly bytes: Uint8Array; readonly value?: never; readonly json?: never }
  )

export interface FlushOptions {
  /** `reject` (default): any refused part rejects all. `skip`: a refused part leaves only itself out. */
  readonly onConflict?: 'reject' | 'skip'
}

/** With `onConflict: 'skip'`, a refused part says why in `error`. */
export type FlushResult =
  | (AppendResult & { readonly error?: never })
  | {
      readonly error: TwinlogError<'NO_ACTOR' | 'KEY_CONFLICT' | 'TIP_CONFLICT'>
      readonly seq?: never
      readonly duplicate?: never
    }

/**
 * Cursors are sequences, and mean the same to `page`, `read` and `follow`. One is never moved to where the log begins or
 * ends: `after` is `TRIMMED` when the record above it is, `AHEAD` beyond the tip; `before` is `TRIMMED` when the record
 * below it is, `AHEAD` beyond `tip + 1`. (`before: 1` is an empty result, unless the log was trimmed.)
 */
export interface PageOptions<Value = unknown> {
  /** Newest first, from below this sequence. */
  readonly before?: number | undefined
  /** Oldest first, from above this sequence. Not together with `before`. */
  readonly after?: number | undefined
  /** Items on the page: 1–1,000, 20 by default. */
  readonly limit?: number | undefined
  /** Only records that pass. A redacted one has nothing to be chosen by: it is not asked about, and left out. */
  readonly where?: ((record: LogRecord<Value>) => boolean) | undefined
  /** Records looked at for one page, 1–100,000, 1,000 by default: a strict `where` then yields a short page with a cursor. */
  readonly scanMax?: number | undefined
}

export interface Page<Value = unknown> {
  /** In reading direction: newest first, or oldest first with `after`. */
  readonly items: readonly LogRecord<Value>[]
  /** Pass as `before` for what is older; null when nothing older exists. */
  readonly older: number | null
  /** Pass as `after` for what is newer; null when nothing newer exists yet. */
  readonly newer: number | null
}

export interface ReadOptions {
  /** Only records above this sequence; from the first record by default. */
  readonly after?: number | undefined
  /** Only records below this sequence; up to the tip of the moment each slice is read by default. */
  readonly before?: number | undefined
  /** Newest first. */
  readonly reverse?: boolean | undefined
  /** Stop after so many records. */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FollowOptions {
  /** Start above this sequence; from the first record by default. */
  readonly after?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TrimOptions {
  /** The first record that stays. */
  readonly before: number
  /** Keep what a cursor, a worker or a projection has yet to read. False by default. */
  readonly respectCursors?: boolean | undefined
}

/** How much of a log's past to keep: what lies outside any of these limits is dropped. */
export interface RetentionPolicy {
  /** Milliseconds, 0 or more. */
  readonly maxAge?: number | undefined
  /** Records, 0 or more. */
  readonly maxRecords?: number | undefined
  /** Payload bytes of all records together, 0 or more. */
  readonly maxBytes?: number | undefined
}

/** A policy for each box; a box without one is left alone. */
export interface RetentionPolicies {
  readonly inbox?: RetentionPolicy | undefined
  readonly outbox?: RetentionPolicy | undefined
}

export interface RetentionReport {
  /** Logs of which something was dropped. */
  readonly logs: number
  /** Records that were dropped. */
  readonly records: number
}

/**
 * One log: the inbox or the outbox of one actor. A handle is a name, costs nothing and holds nothing open.
 * Every method rejects with `CLOSED` on a closed store.
 */
export interface Log {
  readonly actor: string
  readonly box: Box
  /**
   * Appends a value as msgpack; resolves when durable.
   * @throws NO_ACTOR, KEY_CONFLICT, TIP_CONFLICT, UNSUPPORTED_VALUE, PAYLOAD_TOO_LARGE, META_TOO_LARGE, INVALID_KEY,
   *   OUT_OF_RANGE, LOW_SPACE, OUTCOME_UNKNOWN, NOT_WRITTEN, POISONED, READ_ONLY
   */
  append(value: unknown, options?: AppendOptions): Promise<AppendResult>
  /** Appends these exact JSON bytes; `record.bytes` gives them back. @throws as `append`, and INVALID_JSON */
  appendJson(json: Uint8Array | string, options?: AppendOptions): Promise<AppendResult>
  /** Appends raw bytes; `record.value` gives them back. @throws as `append` */
  appendBytes(bytes: Uint8Array, options?: AppendOptions): Promise<AppendResult>
  /** The last sequence; 0 when nothing was ever appended, null for an actor that is not there. */
  tip(): Promise<number | null>
  /** `{ first: 1, tip: 0 }` when fresh. @throws NO_ACTOR */
  bounds(): Promise<Bounds>
  /** The record, or undefined above the tip. @throws NO_ACTOR, TRIMMED, CORRUPT, LOST, OUT_OF_RANGE */
  get<Value = unknown>(seq: number): Promise<LogRecord<Value> | undefined>
  /** Newest first by default. @throws NO_ACTOR, TRIMMED, AHEAD, CORRUPT, LOST, OUT_OF_RANGE */
  page<Value = unknown>(options?: PageOptions<Value>): Promise<Page<Value>>
  /**
   * Records up to the tip, those that are appended meanwhile too; in reverse, from the tip it found. Holds nothing open
   * between slices. What is trimmed away before it is read is `TRIMMED`; in reverse, after what is still there.
   * @throws NO_ACTOR, TRIMMED, AHEAD, CORRUPT, LOST, OUT_OF_RANGE
   */
  read<Value = unknown>(options?: ReadOptions): AsyncIterableIterator<LogRecord<Value>>
  /**
   * Records up to the tip, then each new one as it is acknowledged, without a gap or a repeat, until `signal` aborts
   * (throws its reason), the actor is removed (`NO_ACTOR`) or the store closes (`CLOSED`).
   * @throws NO_ACTOR, TRIMMED, AHEAD, CORRUPT, LOST, OUT_OF_RANGE, CLOSED
   */
  follow<Value = unknown>(options?: FollowOptions): AsyncIterableIterator<LogRecord<Value>>
  /** The sequence appended with this key, trimmed ones included; undefined when there is none. @throws NO_ACTOR, INVALID_KEY */
  find(key: string): Promise<number | undefined>
  /** Drops the records below `before` (1 to tip + 1); their keys still dedupe. @throws NO_ACTOR, OUT_OF_RANGE */
  trim(options: TrimOptions): Promise<Bounds>
  /**
   * Drops the oldest records that lie outside of the policy; their keys still dedupe. A clock that jumps does not make
   * everything look old: docs/api.md has the rules.
   * @throws NO_ACTOR, OUT_OF_RANGE
   */
  retain(policy: RetentionPolicy): Promise<Bounds>
  /**
   * Takes payload and meta out of one record, for good; its sequence and its key stay. `{ redacted: false }` when it was
   * redacted before. Works on a damaged record too. The bytes leave the disk with `Store.compact`.
   * @throws NO_ACTOR, TRIMMED, OUT_OF_RANGE (above the tip)
   */
  redact(seq: number): Promise<{ readonly redacted: boolean }>
}

/** The actors of a store. An id is 1–2,048 bytes of well-formed UTF-8; twinlog gives it no meaning. */
export interface Actors {
  /** Opens an inbox and an outbox. `{ added: false }` when the actor is there already. @throws INVALID_ACTOR_ID */
  add(id: string): Promise<{ readonly added: boolean }>
  /** Ends both logs for good; adding the id again starts at 0. `{ removed: false }` when it is not there. */
  remove(id: string): Promise<{ readonly removed: boolean }>
  /** `removed` is not `unknown`: an HTTP host answers 410 to one and 404 to the other. */
  status(id: string): Promise<ActorStatus>
  /** Active actors, in the order they were added. */
  list(): AsyncIterableIterator<string>
}

export interface Store {
  readonly actors: Actors
  /** The handle of a log, whether its actor is there or not. @throws INVALID_ACTOR_ID at once */
  inbox(actor: string): Log
  /** As `inbox`. */
  outbox(actor: string): Log
  /**
   * Appends to several logs: all or nothing, in one commit; a value given by the same reference (or the same bytes)
   * is stored once. Duplicates are answered, a conflict rejects all; with `onConflict: 'skip'` it leaves out only its
   * own part.
   * @throws as `Log.append`
   */
  append(items: readonly FlushItem[], options?: FlushOptions): Promise<readonly FlushResult[]>
  /** Resolves when everything acknowledged so far would survive a power cut (at once with `durability: 'disk'`). */
  flush(): Promise<void>
  /** Resolves when the LevelDB index holds everything acknowledged so far. */
  flushIndex(): Promise<void>
  /** `Log.retain` for the logs of all actors. @throws OUT_OF_RANGE, READ_ONLY, CLOSED; the signal's reason */
  retain(policies: RetentionPolicies, options?: { readonly signal?: AbortSignal | undefined }): Promise<RetentionReport>
  /**
   * Gives back the space of what was trimmed, redacted and removed before the call, while appends and reads go on.
   * @throws OUT_OF_RANGE, LOW_SPACE, POISONED, INDEX_FAILED, LOG_LOST, READ_ONLY, CLOSED; the signal's reason
   */
  compact(options?: CompactOptions): Promise<CompactReport>
  stats(): LogStoreStats
  /** Idempotent; waits for what is pending, then lets go of the directory. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface StoreOptions {
  /** Milliseconds since 1970, for `receivedAt`; `Date.now` by default. */
  readonly clock?: () => number
  /** The largest payload taken, in encoded bytes: 1 to 67,108,864 (64 MiB), 1,048,576 (1 MiB) by default. */
  readonly payloadBytesMax?: number
}
