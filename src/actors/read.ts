/** Records from a cursor to the tip, or back, without holding anything open between slices. */
import type { LogName } from '../log-store/types.ts'
import { checkOptionalInteger, checkOptions, checkSignal } from './arguments.ts'
import { checkCursors, trimmed } from './cursor.ts'
import { SLICE_RECORDS_MAX, type Engine } from './engine.ts'
import { StoreRecord } from './record.ts'
import { END, Slices } from './slices.ts'
import type { LogRecord, ReadOptions } from './types.ts'

/**
 * Gives every record it set out to give, or says that it can't: what is trimmed away before it is read is `TRIMMED`,
 * in both directions. Forwards it ends at the tip of the last slice, so it takes in what is appended meanwhile;
 * backwards it sets out from the tip, and for the first record, of its first slice.
 */
export async function* readRecords<Value>(
  { logStore }: Engine,
  log: LogName,
  options: ReadOptions | undefined,
): AsyncGenerator<LogRecord<Value>, void, undefined> {
  const { after, before, reverse, limit, signal } = checkReadOptions(options)
  const slices = new Slices(logStore, log)
  // What is still to be read: `from` to `to`.
  let from = after === undefined ? 1 : after + 1
  let to = before === undefined ? END : before - 1
  let left = limit
  let isLast = false
  while (!isLast) {
    const isFirst = !slices.started
    signal?.throwIfAborted()
    const { bounds, records } = await slices.read({ from, to, reverse, limit: Math.min(left, SLICE_RECORDS_MAX) })
    signal?.throwIfAborted()
    if (isFirst) {
      checkCursors(log, bounds, { after, before })
      from = Math.max(from, bounds.first)
    } else if (from < bounds.first && (!reverse || records.length === 0)) {
      throw trimmed(log, bounds)
    }
    for (const stored of records) {
      if (reverse) to = stored.seq - 1
      else from = stored.seq + 1
      left -= 1
    }
    isLast = left === 0 || from > Math.min(to, bounds.tip)
    for (const stored of records) {
      signal?.throwIfAborted()
      yield new StoreRecord<Value>(log, stored)
    }
  }
}

function checkReadOptions(options: ReadOptions | undefined) {
  const { after, before, reverse = false, limit, signal } = checkOptions(options, 'read')
  if (typeof reverse !== 'boolean') throw new TypeError('reverse must be a boolean')
  return {
    after: checkOptionalInteger('after', after, 0),
    before: checkOptionalInteger('before', before, 1),
    reverse,
    limit: checkOptionalInteger('limit', limit, 1) ?? Number.POSITIVE_INFINITY,
    signal: checkSignal(signal),
  }
}
