/**
 * The rules for cursors, the same for `page`, `read` and `follow`, and for both directions. A cursor that lies outside
 * of the log is never moved to where the log begins or ends: that would be a silent skip.
 *
 * - `after`: the record after it must not be trimmed (`TRIMMED`), and it must not lie beyond the tip (`AHEAD`).
 * - `before`: the record before it must not be trimmed (`TRIMMED`); `before: 1` has none, so on a log that was never
 *   trimmed it is an empty result. It must not lie beyond `tip + 1` (`AHEAD`).
 */
import { TwinlogError } from '../errors.ts'
import type { Bounds, LogName } from '../log-store/types.ts'

interface Cursors {
  readonly after?: number | undefined
  readonly before?: number | undefined
}

/** @throws TRIMMED, AHEAD */
export function checkCursors(log: LogName, bounds: Bounds, { after, before }: Cursors): void {
  const { first, tip } = bounds
  if (after !== undefined) {
    if (after > tip) throw ahead(after, tip)
    if (after + 1 < first) throw trimmed(log, bounds)
  }
  if (before !== undefined) {
    if (before > tip + 1) throw ahead(before, tip)
    if (before <= first && first > 1) throw trimmed(log, bounds)
  }
}

export function trimmed({ actor, box }: LogName, { first, tip }: Bounds): TwinlogError<'TRIMMED'> {
  const message = `The ${box} of ${actor} now begins at ${first}`
  return new TwinlogError('TRIMMED', message, { actor, box, first, tip })
}

function ahead(cursor: number, tip: number): TwinlogError<'AHEAD'> {
  return new TwinlogError('AHEAD', `The cursor ${cursor} lies beyond the tip ${tip}`, { cursor, tip })
}
