/** What of a log the consumers have yet to read: a trim can be asked to leave it. */
import type { FeedPoint, LogName, LogStore } from '../log-store/types.ts'
import { type ConsumerState, statesOf } from './consumer-state.ts'
import { pointAt } from './source.ts'
import { allDeliveries } from './worker-items.ts'

/** The first record below `before` that some consumer is not done with; `before` when there is none. */
export async function firstUnread(logStore: LogStore, log: LogName, before: number): Promise<number> {
  const bounds = await logStore.bounds(log)
  // What is wrong with the request, the trim itself says.
  if (bounds === null || before <= bounds.first || before > bounds.tip + 1) return before
  let first = before
  for await (const [, state] of statesOf(logStore)) {
    if (state.log === null) first = Math.min(first, await firstInFeed(logStore, log, state, first))
    else if (state.log.actor === log.actor && state.log.box === log.box)
      first = Math.min(first, state.at[0] === bounds.epoch ? state.at[1] + 1 : bounds.first)
  }
  for await (const { log: of, epoch, seq } of allDeliveries(logStore)) {
    if (of.actor === log.actor && of.box === log.box && epoch === bounds.epoch) first = Math.min(first, seq)
  }
  return Math.max(first, bounds.first)
}

/** Reads on from where the consumer stands to the first record of the log. Its `where` is unknown here: all count. */
async function firstInFeed(
  logStore: LogStore,
  log: LogName,
  { at, boxes, actors }: ConsumerState,
  before: number,
): Promise<number> {
  if (boxes?.includes(log.box) === false || actors?.includes(log.actor) === false) return before
  const range = { limit: 1, boxes: [log.box], actors: new Set([log.actor]) }
  for (let after: FeedPoint = pointAt(at); ;) {
    const { records, damage, through, end } = await logStore.feed({ ...range, after })
    const seq = records[0]?.seq ?? damage?.seq
    if (seq !== undefined) return seq
    after = damage?.through ?? through
    if (after.commit > end.commit || (after.commit === end.commit && after.ordinal >= end.ordinal)) return before
  }
}
