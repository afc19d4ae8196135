/** What consumers are to a host: the feed of all logs, and what is built on it. */
import type { FlushItem, FlushResult, Log, LogRecord, Store as EngineStore } from '../actors/types.ts'
import type { Box, LogName } from '../log-store/types.ts'

/** A record with the log it is of. */
export interface ConsumerRecord<Value = unknown> extends LogRecord<Value> {
  readonly actor: string
  readonly box: Box
}

/** A record of the feed. */
export interface FeedRecord<Value = unknown> extends ConsumerRecord<Value> {
  /** Opaque; reading on `after` it gives what comes next. */
  readonly position: string
}

export interface FeedFilterOptions<Value = unknown> {
  /** Only records of these boxes; of both by default. */
  readonly boxes?: readonly Box[] | undefined
  /** Only records of these actors; of all by default. */
  readonly actors?: readonly string[] | undefined
  /** Only records that pass. */
  readonly where?: ((record: ConsumerRecord<Value>) => boolean) | undefined
}

export interface LiveOptions {
  /** At the end, wait for more (default); false: be done. */
  readonly live?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FeedOptions<Value = unknown> extends FeedFilterOptions<Value>, LiveOptions {
  /** A record's `position`, or that of a `CORRUPT` error; `start` (default), or `end` for what is yet to come. */
  readonly after?: string | undefined
}

export interface CursorOptions<Value = unknown> extends FeedFilterOptions<Value> {
  /** Read this one log; the feed by default. The filters are the feed's alone. */
  readonly log?: Log | undefined
  /**
   * Where a cursor begins of which nothing is known: `start` (default), `end`, a position of the feed, or a sequence of the
   * log.
   */
  readonly from?: string | number | undefined
}

export interface CursorFollowOptions extends LiveOptions {
  /** Records given out and not acknowledged, at most: 1,000 by default. */
  readonly ahead?: number | undefined
}

export interface AcknowledgeOptions {
  /** Appended in the same commit that moves the cursor: both are there, or neither. */
  readonly append?: readonly FlushItem[] | undefined
}

export interface RunOptions extends LiveOptions {
  /** Records handled at a time, 1 by default. */
  readonly concurrency?: number | undefined
}

/** What it answers is done in the commit that acknowledges the record. */
export type CursorHandler<Value = unknown> = (
  record: ConsumerRecord<Value>,
  context: { readonly signal: AbortSignal },
) => Promise<AcknowledgeOptions | void> | AcknowledgeOptions | void

/** Where a consumer stands. */
export interface ConsumerStatus {
  readonly name: string
  readonly kind: 'cursor' | 'worker' | 'projection'
  /** The log it reads; null for the feed. */
  readonly log: LogName | null
  /** In the feed; null for a log. */
  readonly position: string | null
  /** In a log: the last sequence it is done with; null for the feed. */
  readonly seq: number | null
  /** Records that it has yet to read, its `where` aside. 10,000: so many or more. */
  readonly lag: number
  /** When it last moved, in milliseconds since 1970. */
  readonly movedAt: number
  readonly state: 'running' | 'stopped'
  /** What ended its last run in this process; null when nothing did. */
  readonly error: string | null
}

/**
 * A durable place in the feed or in a log, under a name. At least once: what was given and not acknowledged is given
 * again by the next reading. It moves over the lowest record that is not acknowledged never.
 */
export interface Cursor<Value = unknown> {
  readonly name: string
  /**
   * The records behind the cursor, then each new one. One reading at a time.
   * @throws CONSUMER_BUSY, TRIMMED, AHEAD, NO_ACTOR (of a log), POSITION_INVALID, DIVERGED, CORRUPT, CLOSED
   */
  follow(options?: CursorFollowOptions): AsyncIterableIterator<ConsumerRecord<Value>>
  /**
   * Resolves when the cursor has moved over the record, which it does once all records before it are acknowledged too. A
   * refused append leaves the record as it was. @throws as `Store.append`
   */
  acknowledge(record: ConsumerRecord, options?: AcknowledgeOptions): Promise<readonly FlushResult[]>
  /**
   * Handles each record and acknowledges it, until `signal` aborts. What the handler throws ends the run, and the record
   * is given again. @throws as `follow` and `acknowledge`
   */
  run(handler: CursorHandler<Value>, options?: RunOptions): Promise<void>
  /** Moves the cursor: `start`, `end`, a position, or a sequence. @throws CONSUMER_BUSY, POSITION_INVALID, DIVERGED, TRIMMED, AHEAD */
  seek(to: string | number): Promise<void>
  status(): Promise<ConsumerStatus>
  /** Forgets the cursor. @throws CONSUMER_BUSY */
  remove(): Promise<void>
}

export interface WorkerOptions<Value = unknown> extends FeedFilterOptions<Value> {
  /** Only records of this box: short for `boxes`. */
  readonly box?: Box | undefined
  /** Where a worker begins of which nothing is known: `start` (default), `end`, or a position. */
  readonly from?: string | undefined
  /**
   * Where a record is to be taken: strings of at most 2,048 bytes. Asked once for each record. None: it is done. Without
   * this function each record has one target, the empty string.
   */
  readonly targets?: ((record: ConsumerRecord<Value>) => readonly string[] | Promise<readonly string[]>) | undefined
  /** A delivery is given up after so many attempts that failed: 16 by default. */
  readonly attemptsMax?: number | undefined
  /** Milliseconds to wait after so many failed attempts (1, 2 …). By default 5 s, doubled each time, at most 6 hours. */
  readonly backoff?: ((attempts: number, target: string) => number) | undefined
  /** An attempt that takes longer has failed: 60,000 ms by default. */
  readonly attemptMs?: number | undefined
  /** How long a run that is to stop waits for its handlers: 10,000 ms by default. */
  readonly stopMs?: number | undefined
  /** Deliveries in memory that are neither done nor written down, about: 1,000 by default. */
  readonly ahead?: number | undefined
  /** Milliseconds since 1970; the store's by default. */
  readonly clock?: (() => number) | undefined
  /** Calls `wake` after so many milliseconds; gives what takes that back. For tests; `setTimeout` by default. */
  readonly timer?: ((ms: number, wake: () => void) => () => void) | undefined
}

/** `done`; `drop`: never again; or another attempt. What it throws is a failed attempt. */
export type WorkerHandler<Value = unknown> = (
  record: ConsumerRecord<Value>,
  target: string,
  context: { readonly attempt: number; readonly signal: AbortSignal },
) => Promise<WorkerAnswer> | WorkerAnswer

export type WorkerAnswer = 'done' | 'drop' | { readonly retryAfterMs: number }

/** A delivery that was given up. */
export interface DeadLetter {
  readonly id: string
  readonly target: string
  readonly actor: string
  readonly box: Box
  readonly seq: number
  readonly attempts: number
  /** When it was given up, in milliseconds since 1970. */
  readonly at: number
  readonly error: string
}

export interface WorkerStats extends ConsumerStatus {
  /** Deliveries that were begun and are not done with: in work, waiting for their turn or for another attempt. */
  readonly depth: number
  /** Deliveries that were given up. */
  readonly dead: number
  /** Handlers at work. */
  readonly running: number
  /** Targets that wait for another attempt. */
  readonly blocked: number
  /** Since the store was opened, as the next three. */
  readonly done: number
  readonly dropped: number
  readonly retried: number
  /** Deliveries whose record is no longer there. */
  readonly gone: number
}

/** Takes each record of the feed to its targets: at least once, in order for each target, again where it fails. */
export interface Worker<Value = unknown> {
  readonly name: string
  /**
   * Resolves when `signal` aborts and all that was done is written down; with `live: false`, when nothing is left to do for
   * now. `concurrency` is 16 by default. @throws CONSUMER_BUSY, CORRUPT, LOG_LOST, DIVERGED, POSITION_INVALID, CLOSED, LOW_SPACE, POISONED, what `targets` throws
   */
  run(handler: WorkerHandler<Value>, options?: RunOptions): Promise<void>
  /** Counts all that waits: it takes longer the more that is. */
  stats(): Promise<WorkerStats>
  status(): Promise<ConsumerStatus>
  /** In the order of the feed. */
  deadLetters(): AsyncIterableIterator<DeadLetter>
  /** Tries a dead letter again, from its first attempt. False when there is none with that id. */
  retry(id: string): Promise<boolean>
  /** Forgets a dead letter. False when there is none with that id. */
  drop(id: string): Promise<boolean>
  /** Moves its place in the feed; deliveries that wait stay. @throws CONSUMER_BUSY, POSITION_INVALID, DIVERGED */
  seek(to: string): Promise<void>
  /** Forgets the worker and all that waits. @throws CONSUMER_BUSY */
  remove(): Promise<void>
}

export interface ProjectionOptions<State, Value = unknown> extends FeedFilterOptions<Value> {
  readonly name: string
  /** Another number: made anew from the start. */
  readonly version: number
  /** Fold this one log; the feed by default. */
  readonly log?: Log | undefined
  /** The state before the first record. msgpack must be able to hold it, and what `apply` makes of it. */
  readonly init: () => State
  /** The state with a record in it; it may change the one it gets, and must depend on nothing else. */
  readonly apply: (state: State, record: ConsumerRecord<Value>) => State
  /** Records between two snapshots, 10,000 by default. */
  readonly snapshotEvery?: number | undefined
}

/** A view of the feed or of a log that is kept up to date, and looked at synchronously. */
export interface Projection<State> {
  readonly name: string
  readonly version: number
  /** Undefined until it is loaded. While a new version is made, that of the old one, as it was. */
  readonly state: State | undefined
  /** Whose state that is; null until it is loaded. */
  readonly servedVersion: number | null
  /** Makes `state` what the last snapshot says, without going on from there. @throws CONSUMER_BUSY, CORRUPT */
  load(): Promise<void>
  /**
   * Keeps it up to date until `signal` aborts; with `live: false`, brings it up to date. @throws CONSUMER_BUSY, CORRUPT,
   * LOG_LOST, CLOSED, UNSUPPORTED_VALUE and PAYLOAD_TOO_LARGE (of the state), TRIMMED and NO_ACTOR (of a log), what `apply`
   * throws
   */
  run(options?: LiveOptions): Promise<void>
  /** Resolves when all that was acknowledged before the call is in `state`. Rejects when the run ends before. */
  caughtUp(): Promise<void>
  status(): Promise<ConsumerStatus>
  /** Forgets it with its snapshots. @throws CONSUMER_BUSY */
  remove(): Promise<void>
}

export interface ConsumerListing extends ConsumerStatus {
  /** Of a worker: deliveries that were begun and not done with; null for others. */
  readonly depth: number | null
  /** Of a worker: deliveries that were given up; null for others. */
  readonly dead: number | null
}

/** A store: actors with their logs, and the consumers of them. */
export interface Store extends EngineStore {
  /**
   * The records of all logs in the order of their commits, then each new one as it is acknowledged, without a gap or a
   * repeat, until `signal` aborts (throws its reason) or the store closes. Holds one slice, and nothing open. What is
   * no longer there (trimmed, redacted, of a removed actor) is passed over. Damage is `CORRUPT` with a `position` to go
   * on after.
   * @throws POSITION_INVALID, DIVERGED, CORRUPT, LOG_LOST, CLOSED, INVALID_ACTOR_ID
   */
  feed<Value = unknown>(options?: FeedOptions<Value>): AsyncIterableIterator<FeedRecord<Value>>
  /** The cursor of that name. Asked for again, it is the same one, and the options are not looked at. @throws INVALID_NAME */
  cursor<Value = unknown>(name: string, options?: CursorOptions<Value>): Cursor<Value>
  /** The worker of that name, as `cursor`. @throws INVALID_NAME, OUT_OF_RANGE */
  worker<Value = unknown>(name: string, options?: WorkerOptions<Value>): Worker<Value>
  /** The projection of that name, as `cursor`. @throws INVALID_NAME, OUT_OF_RANGE */
  projection<State, Value = unknown>(options: ProjectionOptions<State, Value>): Projection<State>
  /** All cursors, workers and projections that the store knows of, by name. */
  consumers(): Promise<readonly ConsumerListing[]>
}
