/**
 * Retention: how much of a log's past is kept. It only ever drops the oldest records, in one trim, so that a log begins
 * somewhere and has no holes. Nothing runs by itself: the host calls it, and `compact` after it.
 */
import { isTwinlogError } from '../errors.ts'
import type { EpochBounds, LogName, LogStore } from '../log-store/types.ts'
import { SLICE_RECORDS_MAX } from './engine.ts'
import type { RetentionPolicy } from './types.ts'

/** What retention looks at of a record. */
interface Facts {
  readonly seq: number
  /** Null when the record is damaged, or its time is not known. */
  readonly receivedAt: number | null
  readonly bytes: number
}

/**
 * Trims the log to what the policy keeps. Null for an actor that is not there.
 * @param now the time to go by; null: nothing is dropped for its age
 */
export async function retain(
  logStore: LogStore,
  log: LogName,
  policy: RetentionPolicy,
  now: number | null,
): Promise<{ readonly bounds: EpochBounds; readonly dropped: number } | null> {
  const bounds = await logStore.bounds(log)
  if (bounds === null) return null
  const { maxAge, maxRecords, maxBytes } = policy
  let before = bounds.first
  if (maxRecords !== undefined) before = Math.max(before, bounds.tip + 1 - maxRecords)
  if (maxAge !== undefined && now !== null)
    before = await firstNotOlder(logStore, log, { ...bounds, first: before }, now - maxAge, now)
  if (maxBytes !== undefined) before = await firstWithin(logStore, log, { ...bounds, first: before }, maxBytes)
  if (before <= bounds.first) return { bounds, dropped: 0 }
  // The same actor, or another one that was added since under the same id: of that one nothing was looked at.
  const present = await logStore.bounds(log)
  if (present === null || present.epoch !== bounds.epoch) return null
  const after = await logStore.trim(log, before)
  return after === null ? null : { bounds: after, dropped: Math.max(0, before - present.first) }
}

/**
 * The first record that is not older than `cutoff`, from the log's first on. One whose time is unknown, or yet to come,
 * was stamped by a wrong clock: it goes when one after it goes.
 */
async function firstNotOlder(
  logStore: LogStore,
  log: LogName,
  bounds: EpochBounds,
  cutoff: number,
  now: number,
): Promise<number> {
  let before = bounds.first
  for await (const { seq, receivedAt } of factsOf(logStore, log, bounds, false)) {
    if (receivedAt === null || receivedAt > now) continue
    if (receivedAt >= cutoff) return before
    before = seq + 1
  }
  return before
}

/** The first of the newest records whose payloads take no more than that together. */
async function firstWithin(logStore: LogStore, log: LogName, bounds: EpochBounds, bytesMax: number): Promise<number> {
  let left = bytesMax
  for await (const { seq, bytes } of factsOf(logStore, log, bounds, true)) {
    left -= bytes
    if (left < 0) return seq + 1
  }
  return bounds.first
}

async function* factsOf(
  logStore: LogStore,
  log: LogName,
  { epoch, first, tip }: EpochBounds,
  reverse: boolean,
): AsyncGenerator<Facts> {
  let from = first
  let to = tip
  while (from <= to) {
    const facts = await sliceOf(logStore, log, epoch, from, to, reverse)
    if (facts.length === 0) return
    for (const each of facts) {
      if (reverse) to = each.seq - 1
      else from = each.seq + 1
      yield each
    }
  }
}

/** Empty when the log has changed so that what was begun makes no sense any more. */
async function sliceOf(
  logStore: LogStore,
  log: LogName,
  epoch: number,
  from: number,
  to: number,
  reverse: boolean,
): Promise<readonly Facts[]> {
  try {
    const slice = await logStore.read(log, { from, to, reverse, limit: SLICE_RECORDS_MAX })
    if (slice === null || slice.bounds.epoch !== epoch) return []
    return slice.records.map(({ seq, receivedAt, payload, redacted }) => ({
      seq,
      receivedAt: redacted && receivedAt === 0 ? null : receivedAt,
      bytes: payload.length,
    }))
  } catch (error) {
    if (!isTwinlogError(error, 'CORRUPT')) throw error
    return [{ seq: reverse ? to : from, receivedAt: null, bytes: 0 }]
  }
}
