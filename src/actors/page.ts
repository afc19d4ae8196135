/** One page of a log, with cursors to the pages beside it. */
import type { EpochBounds, LogName } from '../log-store/types.ts'
import { checkFunction, checkInteger, checkOptionalInteger, checkOptions } from './arguments.ts'
import { checkCursors } from './cursor.ts'
import {
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  SCAN_MAX_DEFAULT,
  SCAN_MAX_MAX,
  SLICE_RECORDS_MAX,
  type Engine,
} from './engine.ts'
import { StoreRecord } from './record.ts'
import { END, Slices } from './slices.ts'
import type { LogRecord, Page, PageOptions } from './types.ts'

/** Looks at records from the cursor on until the page is full, enough were looked at, or there are no more. */
export async function readPage<Value>(
  { logStore }: Engine,
  log: LogName,
  options: PageOptions<Value> | undefined,
): Promise<Page<Value>> {
  const { before, after, limit, where, scanMax } = checkPageOptions(options)
  const forward = after !== undefined
  const slices = new Slices(logStore, log)
  const items: LogRecord<Value>[] = []
  // The records looked at so far: above `below`, up to `above`.
  let below = after ?? (before === undefined ? END : before - 1)
  let above = below
  let scanned = 0
  let ask = limit
  let bounds: EpochBounds
  do {
    const isFirst = !slices.started
    const range = forward ? { from: above + 1, to: END } : { from: 1, to: below, reverse: true }
    const slice = await slices.read({ ...range, limit: Math.min(ask, scanMax - scanned, SLICE_RECORDS_MAX) })
    bounds = slice.bounds
    if (isFirst) {
      checkCursors(log, bounds, { before, after })
      if (!forward && before === undefined) below = above = bounds.tip
    } else if (forward && above + 1 < bounds.first) {
      // Trimmed since the last slice: the page ends here, and its cursor `newer` will meet `TRIMMED`.
      break
    }
    for (const stored of slice.records) {
      if (forward) above = stored.seq
      else below = stored.seq - 1
      scanned += 1
      const record = new StoreRecord<Value>(log, stored)
      if (where === undefined || (!record.redacted && where(record))) items.push(record)
      if (items.length === limit) break
    }
    // A strict `where` lets few pass: fewer and larger slices then.
    ask = where === undefined ? limit - items.length : 2 * ask
  } while (items.length < limit && scanned < scanMax && (forward ? above < bounds.tip : below >= bounds.first))
  return {
    items,
    older: below >= bounds.first ? below + 1 : null,
    newer: above < bounds.tip ? above : null,
  }
}

function checkPageOptions<Value>(options: PageOptions<Value> | undefined) {
  const { before, after, limit = PAGE_LIMIT_DEFAULT, where, scanMax = SCAN_MAX_DEFAULT } = checkOptions(options, 'page')
  if (before !== undefined && after !== undefined) throw new TypeError('page takes before or after, not both')
  return {
    before: checkOptionalInteger('before', before, 1),
    after: checkOptionalInteger('after', after, 0),
    limit: checkInteger('limit', limit, 1, PAGE_LIMIT_MAX),
    where: where === undefined ? undefined : checkFunction('where', where),
    scanMax: checkInteger('scanMax', scanMax, 1, SCAN_MAX_MAX),
  }
}
