/**
 * What callers ask of the sequencer, one form each, with the promise that answers it.
 */
import type { Checksum } from '../../bytes/checksum.ts'
import { FLUSH_BYTES_MAX } from '../../commit-log/layout.ts'
import { TwinlogError } from '../../errors.ts'
import type { DedupeValue } from '../../key-index/values.ts'
import { entryLength } from '../../record/entry.ts'
import { checkItem } from '../item-limits.ts'
import type { Append, AppendOutcome, EpochBounds, Flush, LogName, Redaction } from '../types.ts'
import type { Ticket } from './frame-batch.ts'
import type { LogState } from './log-state.ts'
import type { RecordRemains } from './record-remains.ts'

interface Answer<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** What an append means for the driver: which log, under which name its key is known, and which record has that key. */
export interface Target {
  readonly append: Append
  /** Null: there is no such actor. */
  readonly state: LogState | null
  readonly keyAs: string | null
  readonly known: DedupeValue | null
  /** The sequence that its plan gives it; 0: none. */
  seq: number
}

const NONE: readonly [] = []
const NOTHING: Flush = { payloads: NONE, appends: NONE }

/** Waits for its turn, and then, as its own ticket, for the frame that its outcomes rest on. */
export class AppendRequest implements Answer<readonly AppendOutcome[]>, Ticket {
  readonly kind = 'append'
  flush: Flush
  /** XXH64 of each payload. */
  sums: readonly bigint[]
  readonly bytes: number
  /** Of each append, from when all that the request needs was found, for as long as nothing else is taken. */
  targets: readonly Target[] = NONE
  outcomes: readonly AppendOutcome[] = NONE
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void
  readonly reject: (error: unknown) => void

  /** @throws FLUSH_TOO_LARGE; INVALID_KEY, PAYLOAD_TOO_LARGE for an item */
  constructor(
    flush: Flush,
    checksum: Checksum,
    resolve: (outcomes: readonly AppendOutcome[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.flush = flush
    this.bytes = flushBytes(flush)
    this.sums = flush.payloads.map(payload => checksum.sum(payload.bytes))
    this.resolve = resolve
    this.reject = reject
  }

  /** It is in the frame: what it was made of need not wait with it. */
  written(outcomes: readonly AppendOutcome[]): void {
    this.outcomes = outcomes
    this.flush = NOTHING
    this.sums = NONE
    this.targets = NONE
  }

  answer(): void {
    this.resolve(this.outcomes)
  }

  fail(error: unknown): void {
    this.reject(error)
  }
}

export type Request =
  | AppendRequest
  | (Answer<{ readonly added: boolean }> & { readonly kind: 'addActor'; readonly id: string; readonly bytes: number })
  | (Answer<{ readonly removed: boolean }> & {
      readonly kind: 'removeActor'
      readonly id: string
      readonly bytes: number
    })
  | (Answer<EpochBounds | null> & {
      readonly kind: 'trim'
      readonly log: LogName
      readonly before: number
      readonly bytes: number
    })
  | (Answer<Redaction | null> & {
      readonly kind: 'redact'
      readonly log: LogName
      readonly seq: number
      /** Undefined until everything asked for before is acknowledged, and the record was looked at. */
      left?: RecordRemains | null
      readonly bytes: number
    })

/** More than any of twinlog's own entries but an item's takes. */
export const OWN_ENTRY_BYTES = 4096

/** Bytes that a flush may take in its frame, at most. */
function flushBytes(flush: Flush): number {
  let bytes = 0
  for (const payload of flush.payloads) bytes += entryLength(0, 0, payload.bytes.length)
  const isShared = flush.appends.length !== flush.payloads.length
  for (const append of flush.appends) {
    bytes += entryLength(append.key?.length ?? 0, append.meta?.length ?? 0, 0) + (isShared ? 8 : 0)
  }
  for (const item of flush.items ?? []) {
    checkItem(item)
    bytes += OWN_ENTRY_BYTES + (item.value?.length ?? 0)
  }
  if (bytes > FLUSH_BYTES_MAX) {
    throw new TwinlogError('FLUSH_TOO_LARGE', `a flush of ${bytes} bytes is too large`, {
      bytes,
      bytesMax: FLUSH_BYTES_MAX,
    })
  }
  return bytes
}
