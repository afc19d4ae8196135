/** What every part of the public engine is given: a log store to keep the bytes, a clock, and the payload limit. */
import type { LogName, LogStore } from '../log-store/types.ts'
import type { RetentionClock } from './retention-clock.ts'

export interface Engine {
  readonly logStore: LogStore
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly payloadBytesMax: number
  /** The first record below `before` that a consumer has yet to read; `before` when none has. */
  readonly firstUnread: (log: LogName, before: number) => Promise<number>
  readonly retentionClock: RetentionClock
}

export const PAYLOAD_BYTES_MAX_DEFAULT = 1024 * 1024
export const DEDUPE_KEY_BYTES_MAX = 65_536
/** `receivedAt` is stored in 48 bits. */
export const RECEIVED_AT_MAX = 2 ** 48 - 1

export const PAGE_LIMIT_DEFAULT = 20
export const PAGE_LIMIT_MAX = 1000
export const SCAN_MAX_DEFAULT = 1000
export const SCAN_MAX_MAX = 100_000

/** Records that one read of the log store asks for at most. The driver bounds their bytes. */
export const SLICE_RECORDS_MAX = 256
/** Actors that one read of the log store asks for. */
export const ACTORS_PER_SLICE = 1000
