/**
 * Records up to the tip, then each new one. The watch is registered before the first read and carries no data: a
 * wake-up only says 'look again', and looking always starts at the cursor. So nothing is skipped between catching up
 * and going live, and nothing comes twice.
 */
import { setMaxListeners } from 'node:events'
import type { LogName } from '../log-store/types.ts'
import { checkOptionalInteger, checkOptions, checkSignal } from './arguments.ts'
import { checkCursors, trimmed } from './cursor.ts'
import { SLICE_RECORDS_MAX, type Engine } from './engine.ts'
import { StoreRecord } from './record.ts'
import { END, Slices } from './slices.ts'
import type { FollowOptions, LogRecord } from './types.ts'
import { Wake } from './wake.ts'

/** Ends a pending `next` at once when `return` is called; a bare generator would wait for the next record. */
export function followRecords<Value>(
  engine: Engine,
  log: LogName,
  options: FollowOptions | undefined,
): AsyncIterableIterator<LogRecord<Value>> {
  const wake = new Wake()
  const records = generate<Value>(engine, log, options, wake)
  return {
    next: () => records.next(),
    return: () => {
      wake.stop()
      return records.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* generate<Value>(
  { logStore }: Engine,
  log: LogName,
  options: FollowOptions | undefined,
  wake: Wake,
): AsyncGenerator<LogRecord<Value>, undefined, undefined> {
  const { after, signal } = checkFollowOptions(options)
  const slices = new Slices(logStore, log)
  let from = after === undefined ? 1 : after + 1
  signal?.throwIfAborted()
  const unwatch = logStore.watch(log, wake.up)
  // One signal ends any number of followers.
  if (signal !== undefined) setMaxListeners(0, signal)
  signal?.addEventListener('abort', wake.up)
  try {
    while (!wake.stopped) {
      const isFirst = !slices.started
      wake.reset()
      const { bounds, records } = await slices.read({ from, to: END, limit: SLICE_RECORDS_MAX })
      if (isFirst) {
        checkCursors(log, bounds, { after })
        from = Math.max(from, bounds.first)
      } else if (from < bounds.first) {
        throw trimmed(log, bounds)
      }
      for (const stored of records) {
        signal?.throwIfAborted()
        from = stored.seq + 1
        yield new StoreRecord<Value>(log, stored)
      }
      if (from > bounds.tip) await wake.wait()
      signal?.throwIfAborted()
    }
    return undefined
  } finally {
    unwatch()
    signal?.removeEventListener('abort', wake.up)
  }
}

function checkFollowOptions(options: FollowOptions | undefined) {
  const { after, signal } = checkOptions(options, 'follow')
  return { after: checkOptionalInteger('after', after, 0), signal: checkSignal(signal) }
}
