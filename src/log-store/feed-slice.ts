/**
 * One slice of the feed, read from the frames of the commit log: which entries are records that are still there, and
 * what of them is damaged. For the embedded and the read-only driver, which know the logs in different ways.
 */
import type { CommitPlaces } from '../commit-log/commit-place.ts'
import { segmentPath } from '../commit-log/segment-files.ts'
import type { LogPoint, ScannedFrame } from '../commit-log/segment-scan.ts'
import type { DecodedEntry, Place } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import { actorNumberOfLog } from './change.ts'
import { codecName } from './stored-record.ts'
import type { FeedDamage, FeedEntry, FeedPoint, FeedRange, FeedSlice, LogName } from './types.ts'

/** One slice carries about this many bytes, and at least one record. */
const SLICE_BYTES = 4 * 1024 * 1024
const SLICE_RECORDS = 4096
/** And passes over about this much of the log at most: a narrow filter must not hold up closing. */
const SCAN_BYTES = 16 * 1024 * 1024
/** Behind all entries of a commit: none has this ordinal. */
export const COMMIT_END = 2 ** 32 - 1
const EMPTY = new Uint8Array(0)

/** A log as it is now: null when its actor is removed. */
export type FeedLog = { readonly name: LogName; readonly first: number } | null

export interface FeedSource {
  readonly places: CommitPlaces
  /** The end of what is acknowledged. */
  readonly end: LogPoint
  frames(from: LogPoint, end: LogPoint): AsyncIterable<ScannedFrame>
  logOf(log: number): FeedLog | Promise<FeedLog>
  /** The sequences among these that were redacted, or trimmed or removed meanwhile, though what was appended may still stand. */
  goneAmong(log: number, records: readonly RecordPlace[]): ReadonlySet<number> | Promise<ReadonlySet<number>>
}

/** A record of a log, and where it was appended. */
export interface RecordPlace {
  readonly seq: number
  readonly place: Place
}

/** An entry of the slice, before it is known whether it was redacted. */
interface Candidate extends RecordPlace {
  readonly log: number
  readonly entry: FeedEntry
}

/** The point behind all of a commit. */
function endOfCommit(commit: number): FeedPoint {
  return { commit, ordinal: commit === 0 ? 0 : COMMIT_END }
}

/** @throws LOG_LOST, FORMAT_UNSUPPORTED */
export async function readFeedSlice(source: FeedSource, range: FeedRange): Promise<FeedSlice> {
  const { places, end } = source
  const { after } = range
  const slice = new SliceBuilder(source, range)
  /** The last commit of which nothing more is wanted. */
  const past = after.commit === 0 || after.ordinal === COMMIT_END ? after.commit : after.commit - 1
  if (past < end.commit) {
    let before = { commit: past, point: await places.pointAt(past, end) }
    let scanned = 0
    for await (const frame of source.frames(before.point, end)) {
      const isWanted = frame.commit > past
      if (isWanted && !(await slice.take(frame))) break
      scanned += frame.end.offset - frame.place.offset
      if (isWanted || frame.commit === past) before = { commit: frame.commit, point: frame.end }
      if (isWanted && scanned >= SCAN_BYTES) break
    }
    places.remember(before.commit, before.point)
  }
  return {
    records: await slice.present(),
    damage: slice.damage,
    through: slice.through,
    end: endOfCommit(end.commit),
  }
}

class SliceBuilder {
  readonly #candidates: Candidate[] = []
  damage: FeedDamage | null = null
  through: FeedPoint
  readonly #source: FeedSource
  readonly #range: FeedRange
  readonly #recordsMax: number
  readonly #logs = new Map<number, FeedLog>()
  #bytes = 0

  constructor(source: FeedSource, range: FeedRange) {
    this.#source = source
    this.#range = range
    this.#recordsMax = Math.min(range.limit, SLICE_RECORDS)
    this.through = range.after
  }

  /** True when the slice goes on behind the frame. */
  async take(frame: ScannedFrame): Promise<boolean> {
    const { commit, entries } = frame
    const isOrdered = entries.every((entry, i) => i === 0 || entry.ordinal > (entries[i - 1]?.ordinal ?? 0))
    for (const [i, entry] of entries.entries()) {
      // What is left of several damaged commits is counted through.
      const point = { commit, ordinal: isOrdered ? entry.ordinal : i }
      if (entry.type !== ENTRY_TYPE.append || !this.#isBehind(point)) continue
      if (this.#candidates.length >= this.#recordsMax || this.#bytes >= SLICE_BYTES) return false
      const known = this.#logs.get(entry.log)
      const log = known === undefined ? await this.#find(entry.log) : known
      if (log === null || entry.seq < log.first) continue
      const codec = codecName(entry.codec)
      const payload = payloadIn(frame, entry)
      const { seq, receivedAt, place } = entry
      if (payload === null || codec === undefined) {
        if (await this.#isGone(entry.log, { seq, place })) continue
        this.damage = { place: placeName(entry.place), log: log.name, seq: entry.seq, through: point }
        return false
      }
      const epoch = actorNumberOfLog(entry.log)
      const meta = entry.meta ?? EMPTY
      const record = { log: log.name, epoch, seq, receivedAt, codec, payload, meta, redacted: false, point }
      this.#candidates.push({ log: entry.log, seq, place, entry: record })
      this.#bytes += payload.length
      this.through = point
    }
    const through = endOfCommit(commit)
    if (frame.damage === 'entries') {
      this.damage = { place: placeName(frame.place), through }
      return false
    }
    this.through = through
    return true
  }

  /** Without what was redacted, trimmed or removed since it was appended. */
  async present(): Promise<FeedEntry[]> {
    const byLog = new Map<number, Candidate[]>()
    for (const candidate of this.#candidates) {
      const others = byLog.get(candidate.log)
      if (others === undefined) byLog.set(candidate.log, [candidate])
      else others.push(candidate)
    }
    const gone = new Set<FeedEntry>()
    for (const [log, candidates] of byLog) {
      const found = this.#source.goneAmong(log, candidates)
      const sequences = found instanceof Promise ? await found : found
      if (sequences.size === 0) continue
      for (const { seq, entry } of candidates) if (sequences.has(seq)) gone.add(entry)
    }
    const entries = this.#candidates.map(({ entry }) => entry)
    return gone.size === 0 ? entries : entries.filter(entry => !gone.has(entry))
  }

  async #isGone(log: number, record: RecordPlace): Promise<boolean> {
    return (await this.#source.goneAmong(log, [record])).has(record.seq)
  }

  #isBehind({ commit, ordinal }: FeedPoint): boolean {
    const { after } = this.#range
    return commit > after.commit || ordinal > after.ordinal
  }

  /** The log, when its records are wanted and it is there. Asked for once a slice. */
  async #find(log: number): Promise<FeedLog> {
    const { boxes, actors } = this.#range
    let found: FeedLog = null
    if (boxes === undefined || boxes.includes(log % 2 === 0 ? 'inbox' : 'outbox')) {
      found = await this.#source.logOf(log)
      if (found !== null && actors?.has(found.name.actor) === false) found = null
    }
    this.#logs.set(log, found)
    return found
  }
}

/** A verified copy, from the entry itself or from where several entries share it. */
function payloadIn(frame: ScannedFrame, entry: DecodedEntry): Buffer | null {
  if (entry.payloadAt === 0) return frame.payload(entry)
  const shared = entryAt(frame.entries, entry.payloadAt)
  return shared === undefined || shared.payloadSum !== entry.payloadSum ? null : frame.payload(shared)
}

/** Entries stand in the order of their offsets. */
function entryAt(entries: readonly DecodedEntry[], offset: number): DecodedEntry | undefined {
  let low = 0
  let high = entries.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry === undefined || entry.place.offset === offset) return entry
    if (entry.place.offset < offset) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

function placeName({ segment, offset }: Place): string {
  return `${segmentPath(segment)}, offset ${offset}`
}
