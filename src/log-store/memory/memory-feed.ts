/** The feed of the memory driver: the records of all logs, in the order they were committed. */
import type { FeedEntry, FeedPoint, FeedRange, FeedSlice, LogName } from '../types.ts'
import type { MemoryContents } from './contents.ts'

/** Where a record stands in the feed. */
export interface FeedMark {
  readonly point: FeedPoint
  readonly log: LogName
  readonly epoch: number
  readonly seq: number
}

const COMMIT_END = 2 ** 32 - 1

export function readMemoryFeed({ feed, actors, commit }: MemoryContents, range: FeedRange): FeedSlice {
  const records: FeedEntry[] = []
  const end = { commit, ordinal: commit === 0 ? 0 : COMMIT_END }
  let through = range.after
  for (let at = firstBehind(feed, range.after); at < feed.length; at += 1) {
    const mark = feed[at]
    if (mark === undefined || records.length >= range.limit) return { records, damage: null, through, end }
    through = mark.point
    const { log, epoch, seq, point } = mark
    const found = actors.get(log.actor)?.[log.box]
    const record = found?.epoch === epoch ? found.records.get(seq) : undefined
    if (record === undefined || record.redacted || range.boxes?.includes(log.box) === false) continue
    if (range.actors?.has(log.actor) === false) continue
    records.push({
      ...record,
      payload: new Uint8Array(record.payload),
      meta: new Uint8Array(record.meta),
      log,
      epoch,
      point,
    })
  }
  return { records, damage: null, through: range.after.commit > commit ? range.after : end, end }
}

function firstBehind(feed: readonly FeedMark[], { commit, ordinal }: FeedPoint): number {
  let low = 0
  let high = feed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const point = feed[middle]?.point
    if (point === undefined || point.commit > commit || (point.commit === commit && point.ordinal > ordinal))
      high = middle
    else low = middle + 1
  }
  return low
}
