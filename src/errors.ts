/**
 * The one error class of twinlog and its stable codes. Codes and the facts they carry are API: hosts match on `code`,
 * never on the message. docs/errors.md says what each means and what a host does about it (a test compares the two).
 * A wrong *type* of argument is not here: that is the caller's bug and throws a plain `TypeError`.
 */

/** The facts an error of each code carries, as own fields of the error. */
export interface ErrorFacts {
  /** The cursor lies beyond the tip: it belongs to another log, or to a timeline that this store does not have. */
  AHEAD: { cursor: number; tip: number }
  /** The store, or the handle's store, is closed or closing. */
  CLOSED: object
  /** The bytes on disk are not the ones that were appended. `place` is segment file and byte offset. */
  CORRUPT: { actor?: string; box?: 'inbox' | 'outbox'; seq?: number; place: string; position?: string }
  /** The position is of a time that this store does not have: it was restored from an older backup, or lost its end. */
  DIVERGED: { commit: number; end: number; timeline: number; current: number }
  /** A newer version of the format, or a critical flag this version does not know. */
  FORMAT_UNSUPPORTED: { place: string; version?: number }
  /** This cursor, worker or projection is at work already, or must not be at work for this. */
  CONSUMER_BUSY: { consumer: string }
  /** The actor id is empty, longer than 2,048 bytes, or not well-formed Unicode. */
  INVALID_ACTOR_ID: { bytes: number }
  /** The entries of one flush take more than 128 MiB. */
  FLUSH_TOO_LARGE: { bytes: number; bytesMax: number }
  /** The LevelDB index can't be written or read; the commit log is whole. Reopen the store. */
  INDEX_FAILED: object
  /** The bytes given as JSON are not well-formed UTF-8 that holds one JSON text. */
  INVALID_JSON: object
  /** The dedupe key is empty, longer than 65,536 bytes, or not well-formed Unicode. */
  INVALID_KEY: { bytes: number }
  /** The name of a consumer is empty, too long, or has other characters than it may. */
  INVALID_NAME: { consumer: string; bytes: number }
  /** The operating system refused a file operation for a reason that has no code of its own. */
  IO_ERROR: { place: string }
  /** This log already has a record with that dedupe key and other bytes, at `seq`. */
  KEY_CONFLICT: { actor: string; box: 'inbox' | 'outbox'; seq: number }
  /** Another process, worker or `open` call owns the store. */
  LOCKED: { path: string }
  /** The commit log is shorter than its index says, a segment file is missing, or what a commit held can't be known. */
  LOG_LOST: { place: string }
  /** The record was lost to damage before the store was salvaged; so were all from `from` to `to`. */
  LOST: { actor: string; box: 'inbox' | 'outbox'; seq: number; from: number; to: number }
  /** Free space is below the watermark: nothing was written. */
  LOW_SPACE: { path: string }
  /** The encoded `meta` is larger than 4,096 bytes. */
  META_TOO_LARGE: { bytes: number; bytesMax: number }
  /** The store has no such actor: never added (`unknown`) or removed. */
  NO_ACTOR: { actor: string; status: 'unknown' | 'removed' }
  /** The directory is no backup that can be used: there is none, it was never finished, it is damaged, or of another past. */
  NOT_A_BACKUP: { path: string; reason: 'absent' | 'unfinished' | 'damaged' | 'other-store' | 'diverged' }
  /** The directory holds something else, or what is left of a store without its identity file. */
  NOT_A_STORE: { path: string }
  /** What is to be made needs a directory that does not exist yet, or is empty. */
  NOT_EMPTY: { path: string }
  /** The append never reached the file, because an earlier write failed. Safe to retry after reopening. */
  NOT_WRITTEN: object
  /** A number lies outside its allowed range, or is no safe integer. */
  OUT_OF_RANGE: { argument: string; value: number; min: number; max: number }
  /** The write or sync of this very append failed: it may or may not be there after reopening. */
  OUTCOME_UNKNOWN: object
  /** The encoded payload is larger than the store's `payloadBytesMax`. */
  PAYLOAD_TOO_LARGE: { bytes: number; bytesMax: number }
  /** A peer could not be fetched; what is known of it stays. `cause` is what the fetch function threw or returned. */
  PEER_FETCH_FAILED: { peer: string; reason: 'error' | 'gone' | 'timeout' }
  /** What was given or fetched as a peer state is none, or is another peer's; `received` is what came. */
  PEER_INVALID: { peer: string; received: unknown }
  /** That is no position of this store's feed: of another store, or not a position at all. */
  POSITION_INVALID: { reason: 'malformed' | 'store' }
  /** An earlier write failed; the store takes no more appends until it is reopened. Reads go on. */
  POISONED: object
  /** The store was opened read-only, or its directory can't be written. */
  READ_ONLY: { path: string }
  /** There is no store at that path and `createIfMissing` is false, or the store is opened read-only. */
  STORE_NOT_FOUND: { path: string }
  /** The tip was not the expected one. */
  TIP_CONFLICT: { actor: string; box: 'inbox' | 'outbox'; expected: number; actual: number }
  /** The cursor lies below the first record that is still there. */
  TRIMMED: { actor: string; box: 'inbox' | 'outbox'; first: number; tip: number }
  /** The value holds something that the codec would change; `path` leads to it. */
  UNSUPPORTED_VALUE: { path: string }
  /** The key-value item was not at the expected version. */
  VERSION_CONFLICT: { key: string; expected: number; actual: number }
}

/** A stable, upper-case error code. */
export type ErrorCode = keyof ErrorFacts

/** Every expected failure of twinlog: `code` is stable, the facts are own fields, the first cause is kept in `cause`. */
export class TwinlogError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, facts: ErrorFacts[Code], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TwinlogError'
    this.code = code
    Object.assign(this, facts)
  }
}

/** Whether `error` is a `TwinlogError`, of the given code when one is named; narrows the type to that code's facts. */
export function isTwinlogError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is { [Each in Code]: TwinlogError<Each> & ErrorFacts[Each] }[Code] {
  return error instanceof TwinlogError && (code === undefined || error.code === code)
}
