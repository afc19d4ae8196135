/** What consumers read: the feed, or one log, slice by slice. A source holds nothing open, and remembers nothing. */
import { checkCursors } from '../actors/cursor.ts'
import type { Engine } from '../actors/engine.ts'
import { END, noActor } from '../actors/slices.ts'
import { TwinlogError } from '../errors.ts'
import type { Box, FeedDamage, FeedPoint, LogName, LogStore } from '../log-store/types.ts'
import { ConsumedRecord } from './consumed-record.ts'
import type { Place } from './place.ts'
import { pointOf, positionOf } from './position.ts'
import type { ConsumerRecord } from './types.ts'

/** Records that are asked for at once. A driver may give more of less work, or less of more. */
const SLICE_RECORDS = 1024
/** Nothing lies behind it: a slice there is read at once, and says where the end is. */
const BEYOND: FeedPoint = { commit: Number.MAX_SAFE_INTEGER, ordinal: 0 }
/** Unread records are counted up to here. */
const LAG_MAX = 10_000

export interface Batch<Value> {
  readonly records: readonly ConsumedRecord<Value>[]
  /** Up to here all was looked at. */
  readonly through: Place
  /** There was no more. */
  readonly isEnd: boolean
}

export interface Source<Value> {
  /** Null: any log. */
  readonly log: LogName | null
  /** What lies behind a place. @throws CORRUPT, TRIMMED, AHEAD, NO_ACTOR */
  read(after: Place): Promise<Batch<Value>>
  /** The place that a host names. @throws POSITION_INVALID, DIVERGED, TRIMMED, AHEAD, OUT_OF_RANGE, NO_ACTOR */
  placeOf(target: unknown): Promise<Place>
  /** How many records lie behind a place: `LAG_MAX` stands for as many or more. */
  lagAt(place: Place): Promise<number>
  /** As hosts see it; null where that is a sequence. */
  positionAt(place: Place): string | null
}

export interface FeedFilter<Value> {
  readonly boxes?: readonly Box[] | undefined
  readonly actors?: ReadonlySet<string> | undefined
  readonly where?: ((record: ConsumerRecord<Value>) => boolean) | undefined
}

export class FeedSource<Value> implements Source<Value> {
  readonly log = null
  readonly #logStore: LogStore
  readonly #filter: FeedFilter<Value>

  constructor({ logStore }: Engine, filter: FeedFilter<Value>) {
    this.#logStore = logStore
    this.#filter = filter
  }

  async read(after: Place): Promise<Batch<Value>> {
    const batch = await this.#read(after)
    const { where } = this.#filter
    return where === undefined ? batch : { ...batch, records: batch.records.filter(where) }
  }

  async #read(after: Place): Promise<Batch<Value>> {
    const { boxes, actors } = this.#filter
    const slice = await this.#logStore.feed({
      after: pointAt(after),
      limit: SLICE_RECORDS,
      ...(boxes === undefined ? {} : { boxes }),
      ...(actors === undefined ? {} : { actors }),
    })
    const { through, end, damage } = slice
    if (damage !== null && slice.records.length === 0) throw this.#corrupt(damage)
    const positionAt = (place: Place): string => this.positionAt(place)
    const records = slice.records.map(
      entry => new ConsumedRecord<Value>(entry.log, entry.epoch, entry, placeAt(entry.point), positionAt),
    )
    const isEnd = damage === null && through.commit >= end.commit && through.ordinal >= end.ordinal
    return { records, through: placeAt(through), isEnd }
  }

  async placeOf(target: unknown): Promise<Place> {
    if (target === 'start') return [0, 0]
    const { end } = await this.#logStore.feed({ after: BEYOND, limit: 1 })
    return placeAt(target === 'end' ? end : pointOf(this.#logStore.feedOrigin(), target, end))
  }

  async lagAt(place: Place): Promise<number> {
    let lag = 0
    for (let after = place; lag < LAG_MAX;) {
      const { records, through, isEnd } = await this.#read(after)
      lag += records.length
      after = through
      if (isEnd) break
    }
    return Math.min(lag, LAG_MAX)
  }

  positionAt(place: Place): string {
    return positionOf(this.#logStore.feedOrigin(), pointAt(place))
  }

  #corrupt({ place, log, seq, through }: FeedDamage): TwinlogError<'CORRUPT'> {
    const position = this.positionAt(placeAt(through))
    const what = log === undefined ? 'a commit' : `record ${seq} of the ${log.box} of ${log.actor}`
    const facts = { place, position, ...log, ...(seq === undefined ? {} : { seq }) }
    return new TwinlogError('CORRUPT', `${what} is damaged, at ${place}; the feed goes on after \`position\``, facts)
  }
}

export class LogSource<Value> implements Source<Value> {
  readonly log: LogName
  readonly #logStore: LogStore

  constructor({ logStore }: Engine, log: LogName) {
    this.#logStore = logStore
    this.log = log
  }

  async read([epoch, seq]: Place): Promise<Batch<Value>> {
    const slice = await this.#logStore.read(this.log, { from: seq + 1, to: END, limit: SLICE_RECORDS })
    if (slice === null) throw await noActor(this.#logStore, this.log.actor)
    const { bounds } = slice
    // The actor was removed and added again: this is another log, and none of it was read.
    if (bounds.epoch !== epoch && epoch !== 0) return this.read([bounds.epoch, 0])
    checkCursors(this.log, bounds, { after: seq })
    const there = slice.records.filter(({ redacted }) => !redacted)
    const records = there.map(
      stored => new ConsumedRecord<Value>(this.log, bounds.epoch, stored, [bounds.epoch, stored.seq], () => null),
    )
    const last = slice.records.at(-1)?.seq ?? seq
    return { records, through: [bounds.epoch, last], isEnd: last >= bounds.tip }
  }

  async placeOf(target: unknown): Promise<Place> {
    const bounds = await this.#logStore.bounds(this.log)
    if (bounds === null) throw await noActor(this.#logStore, this.log.actor)
    const { epoch, first, tip } = bounds
    if (target === 'start') return [epoch, first - 1]
    if (target === 'end') return [epoch, tip]
    if (typeof target !== 'number') throw new TypeError('a place in a log is a sequence, start or end')
    if (!Number.isSafeInteger(target) || target < 0) {
      const facts = { argument: 'to', value: target, min: 0, max: tip }
      throw new TwinlogError('OUT_OF_RANGE', `a sequence is a whole number, not ${target}`, facts)
    }
    checkCursors(this.log, bounds, { after: target })
    return [epoch, target]
  }

  async lagAt([epoch, seq]: Place): Promise<number> {
    const bounds = await this.#logStore.bounds(this.log)
    if (bounds === null) return 0
    return Math.min(LAG_MAX, bounds.tip - (bounds.epoch === epoch || epoch === 0 ? seq : 0))
  }

  positionAt(): null {
    return null
  }
}

export function pointAt([commit, ordinal]: Place): FeedPoint {
  return { commit, ordinal }
}

function placeAt({ commit, ordinal }: FeedPoint): Place {
  return [commit, ordinal]
}
