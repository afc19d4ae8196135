/**
 * What the segment files of a store say, folded into memory without LevelDB and without a lock: actors, items and the
 * bounds of every log, and where one log's records lie when somebody asks. Catches up with a running owner.
 */
import { CommitPlaces } from '../../commit-log/commit-place.ts'
import type { Location } from '../../commit-log/frame-builder.ts'
import { findTail, LOG_START, type SegmentReading } from '../../commit-log/recovery.ts'
import { generationsOf } from '../../commit-log/segment-files.ts'
import type { LogPoint, ScannedFrame } from '../../commit-log/segment-scan.ts'
import { framesBetween } from '../../commit-log/segment-walk.ts'
import {
  actorNumberOfLog,
  type Change,
  isRecordChange,
  knownChangesOf,
  logNumber,
  type RecordChange,
} from '../change.ts'
import type { FeedSource } from '../feed-slice.ts'
import type { Bounds, Box, Item } from '../types.ts'

interface SeenActor {
  readonly number: number
  readonly isActive: boolean
}

/** Where the records of one log lie, and which keys they have. */
interface LogPlaces {
  readonly locations: Map<number, Location>
  readonly keys: Map<string, number>
}

/** Places of so many logs are kept. */
const PLACES_MAX = 4

export class SegmentView {
  readonly actors = new Map<string, SeenActor>()
  readonly items = new Map<string, Item>()
  /** Commits of which something can't be known. */
  damagedCommits = 0
  /** Of each segment, the first one's first. */
  generations: readonly number[] = []
  readonly #reading: SegmentReading
  readonly #onScan: (commits: number) => void
  readonly #commitPlaces: CommitPlaces
  /** Of active actors. */
  readonly #ids = new Map<number, string>()
  /** The redacted sequences of each log that has any. */
  readonly #redacted = new Map<number, Set<number>>()
  readonly #heads = new Map<number, Bounds>()
  readonly #places = new Map<number, LogPlaces>()
  #point: LogPoint = LOG_START
  /** The last look at the segments that was begun or is to begin, and the one that has not begun. */
  #looking: Promise<unknown> = Promise.resolve()
  #nextLook: Promise<boolean> | null = null
  records = 0

  constructor(reading: SegmentReading, onScan: (commits: number) => void) {
    this.#reading = reading
    this.#commitPlaces = new CommitPlaces(reading)
    this.#onScan = onScan
  }

  get commit(): number {
    return this.#point.commit
  }

  /** For reading the feed up to what was seen. */
  feedSource(): FeedSource {
    return {
      places: this.#commitPlaces,
      end: this.#point,
      frames: (from, end) => framesBetween(this.#reading, from, end),
      logOf: async log => {
        const number = actorNumberOfLog(log)
        const actor = this.#ids.get(number)
        const box = log % 2 === 0 ? 'inbox' : 'outbox'
        return actor === undefined ? null : { name: { actor, box }, first: this.bounds(number, box).first }
      },
      goneAmong: async log => this.#redacted.get(log) ?? new Set(),
    }
  }

  bounds(actorNumber: number, box: Box): Bounds {
    return this.#heads.get(logNumber(actorNumber, box)) ?? { first: 1, tip: 0 }
  }

  /**
   * Reads what the segments have more than at the last call; true when there was something. Sees all that was there when
   * it was called, so a look already under way is not enough.
   */
  refresh(): Promise<boolean> {
    this.#nextLook ??= this.#lookAfter(this.#looking)
    this.#looking = this.#nextLook.catch(() => {})
    return this.#nextLook
  }

  async #lookAfter(previous: Promise<unknown>): Promise<boolean> {
    await previous
    this.#nextLook = null
    return this.#catchUp()
  }

  /** One pass over the segments for a log that nobody has asked for lately. */
  async placesOf(log: number): Promise<LogPlaces> {
    const known = this.#places.get(log)
    if (known !== undefined) return known
    const places: LogPlaces = { locations: new Map(), keys: new Map() }
    for (let from = LOG_START; from.commit < this.#point.commit;) {
      const end = this.#point
      for await (const frame of framesBetween(this.#reading, from, end)) {
        for (const change of knownChangesOf(frame))
          if (isRecordChange(change) && change.log === log) note(places, change)
      }
      from = end
    }
    for (const old of this.#places.keys()) if (this.#places.size >= PLACES_MAX) this.#places.delete(old)
    this.#places.set(log, places)
    return places
  }

  async #catchUp(): Promise<boolean> {
    const from = this.#point
    const before = this.generations
    this.generations = await generationsOf(this.#reading.disk)
    const isRewritten = this.generations.some((generation, i) => generation !== (before[i] ?? 0))
    const tail = await findTail(this.#reading, this.generations.length, from.segment === 0 ? null : from)
    for await (const frame of framesBetween(this.#reading, from, tail.end)) {
      if (frame.commit > this.#point.commit) this.#fold(frame)
      this.#point = frame.end
      if (frame.commit % 1000 === 0) this.#onScan(frame.commit)
    }
    return isRewritten || this.#point.commit > from.commit
  }

  #fold(frame: ScannedFrame): void {
    if (frame.damage === 'entries') this.damagedCommits += 1
    for (const change of knownChangesOf(frame)) this.#apply(change)
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'append': {
        const { first, tip } = this.#heads.get(change.log) ?? { first: 1, tip: 0 }
        this.#heads.set(change.log, { first, tip: Math.max(tip, change.seq) })
        this.records += 1
        this.#note(change)
        return
      }
      case 'key':
      case 'redact': {
        const { first, tip } = this.#heads.get(change.log) ?? { first: 1, tip: 0 }
        this.#heads.set(change.log, { first, tip: Math.max(tip, change.seq) })
        if (change.kind === 'redact') this.#noteRedacted(change.log, change.seq)
        return this.#note(change)
      }
      case 'bounds':
        this.#heads.set(change.log, { first: change.first, tip: change.tip })
        return
      case 'actorAdded':
        this.actors.set(change.id, { number: change.number, isActive: true })
        this.#ids.set(change.number, change.id)
        return
      case 'actorRemoved':
        this.actors.set(change.id, { number: change.number, isActive: false })
        this.#ids.delete(change.number)
        this.#heads.delete(logNumber(change.number, 'inbox'))
        this.#heads.delete(logNumber(change.number, 'outbox'))
        return
      case 'item':
        if (change.value === null) this.items.delete(change.key)
        else this.items.set(change.key, { version: change.version, value: change.value })
    }
  }

  #noteRedacted(log: number, seq: number): void {
    const known = this.#redacted.get(log)
    if (known === undefined) this.#redacted.set(log, new Set([seq]))
    else known.add(seq)
  }

  #note(change: RecordChange): void {
    const places = this.#places.get(change.log)
    if (places !== undefined) note(places, change)
  }
}

export function keyName(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}

function note(places: LogPlaces, change: RecordChange): void {
  if (change.kind !== 'key') places.locations.set(change.seq, change.location)
  if (change.kind !== 'redact' && change.key !== null) places.keys.set(keyName(change.key), change.seq)
}
