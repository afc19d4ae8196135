/**
 * Folds a surveyed commit log into actors and bounds, and says of each entry what is to be made of it. Shared by verify,
 * salvage and diff, so that they can't disagree on what is there, what is damaged and what is missing.
 */
import type { ScannedFrame } from '../commit-log/segment-scan.ts'
import { actorNumberOfLog, logNumber } from '../log-store/change.ts'
import type { Box } from '../log-store/types.ts'
import { decodeItem, decodeLost, decodePair } from '../record/bodies.ts'
import type { DecodedEntry } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import { Ranges } from './ranges.ts'

/** A log of an actor that is active. */
export interface FoldedLog {
  readonly log: number
  /** Null: nothing that could be read says whose log it is. */
  readonly actor: string | null
  readonly box: Box
  first: number
  tip: number
  /** Sequences without a record that can be read, trimmed ones included. What is declared lost, or redacted, is not among them. */
  readonly missing: Ranges
}

/** What an entry is, given all before it. */
export type Verdict =
  /** A record whose bytes are right; `payload` is its own or the shared one. `from`: where a gap before it begins. */
  | {
      readonly is: 'record'
      readonly entry: DecodedEntry
      readonly log: FoldedLog
      readonly from: number
      readonly payload: Buffer
    }
  /** A record that says whose it is, and whose payload, or shared payload, is not what was written. */
  | {
      readonly is: 'damaged'
      readonly entry: DecodedEntry
      readonly log: FoldedLog
      readonly from: number
      readonly at: number
    }
  /** What a record that is gone has left: its key. `from`: where a gap before it begins. */
  | { readonly is: 'key'; readonly entry: DecodedEntry; readonly log: FoldedLog; readonly from: number }
  /** The record of that sequence was taken out on purpose. */
  | { readonly is: 'redacted'; readonly entry: DecodedEntry; readonly log: FoldedLog; readonly from: number }
  /** A sequence that the log has already. */
  | { readonly is: 'repeated'; readonly entry: DecodedEntry; readonly log: FoldedLog }
  | {
      readonly is: 'lost'
      readonly entry: DecodedEntry
      readonly log: FoldedLog
      readonly from: number
      readonly lost: { readonly from: number; readonly to: number }
    }
  | {
      readonly is: 'bounds'
      readonly entry: DecodedEntry
      readonly log: FoldedLog
      readonly from: number
      readonly first: number
      readonly tip: number
      /** It goes back behind what is known. */
      readonly isWrong: boolean
    }
  | {
      readonly is: 'added'
      readonly entry: DecodedEntry
      readonly id: string
      readonly number: number
      /** The number that the actor had until then, where nothing that could be read ended it. */
      readonly replaces: number | null
    }
  | { readonly is: 'removed'; readonly entry: DecodedEntry; readonly id: string; readonly number: number }
  | { readonly is: 'item'; readonly entry: DecodedEntry; readonly body: Buffer }
  /** The payload of other records; `isRight`: its bytes are. */
  | { readonly is: 'shared'; readonly entry: DecodedEntry; readonly isRight: boolean }
  /** One of twinlog's own entries, with a body that can't be read: what it did is not known. */
  | { readonly is: 'unknown'; readonly entry: DecodedEntry }
  /** Of a log or an actor that is gone by then, or that was there already. */
  | { readonly is: 'stray'; readonly entry: DecodedEntry }
  /** It was read before: a tail that was written again, where nothing says where the first copy ends. */
  | { readonly is: 'again'; readonly entry: DecodedEntry }

export class StoreFold {
  /** Active actors and their numbers. */
  readonly actors = new Map<string, number>()
  readonly logs = new Map<number, FoldedLog>()
  /** Above all log numbers that were met. */
  nextLog = 2
  readonly #ids = new Map<number, string>()
  readonly #removed = new Set<number>()
  #commit = 0

  /** Whether the log belonged to an actor that has been removed. */
  wasRemoved(log: number): boolean {
    return this.#removed.has(actorNumberOfLog(log))
  }

  *judge(frame: ScannedFrame): Generator<Verdict> {
    const bodies = new SharedBodies(frame)
    const wasRead = frame.commit <= this.#commit
    for (const entry of frame.entries) {
      const verdict = this.#verdict(entry, frame, bodies)
      const isOld = verdict.is === 'repeated' || verdict.is === 'stray' || (verdict.is === 'bounds' && verdict.isWrong)
      yield wasRead && isOld ? { is: 'again', entry } : verdict
    }
    this.#commit = Math.max(this.#commit, frame.commit)
  }

  /** The actor of that number begins, as the log said or as is known otherwise. */
  begin(id: string, number: number): void {
    const before = this.actors.get(id)
    if (before !== undefined) this.end(id)
    this.actors.set(id, number)
    this.#ids.set(number, id)
    for (const box of ['inbox', 'outbox'] as const) this.#beginLog(logNumber(number, box))
  }

  end(id: string): void {
    const number = this.actors.get(id)
    if (number === undefined) return
    this.actors.delete(id)
    this.#ids.delete(number)
    this.#removed.add(number)
    for (const box of ['inbox', 'outbox'] as const) this.logs.delete(logNumber(number, box))
  }

  /** The log of that number; one that nothing has begun has nobody's name. */
  logOf(log: number): FoldedLog {
    return this.logs.get(log) ?? this.#beginLog(log)
  }

  /** All that is missing up to `tip`, which is known to have been reached. Returns where the gap begins. */
  reach(log: FoldedLog, tip: number): number {
    const from = log.tip + 1
    if (tip > log.tip) {
      log.missing.add(from, tip)
      log.tip = tip
    }
    return from
  }

  #beginLog(log: number): FoldedLog {
    const number = actorNumberOfLog(log)
    this.nextLog = Math.max(this.nextLog, logNumber(number + 1, 'inbox'))
    const actor = this.#ids.get(number) ?? null
    const box = log % 2 === 0 ? 'inbox' : 'outbox'
    const folded: FoldedLog = { log, actor, box, first: 1, tip: 0, missing: new Ranges() }
    this.logs.set(log, folded)
    return folded
  }

  #verdict(entry: DecodedEntry, frame: ScannedFrame, bodies: SharedBodies): Verdict {
    if (entry.type === ENTRY_TYPE.append) return this.#record(entry, frame, bodies)
    if (entry.type === ENTRY_TYPE.keyOnly) return this.#keyOnly(entry)
    if (entry.type === ENTRY_TYPE.redact) return this.#redacted(entry)
    if (entry.type !== ENTRY_TYPE.payload) return this.#own(entry, frame.payload(entry))
    return { is: 'shared', entry, isRight: bodies.at(entry.place.offset) !== null }
  }

  #record(entry: DecodedEntry, frame: ScannedFrame, bodies: SharedBodies): Verdict {
    if (this.wasRemoved(entry.log)) return { is: 'stray', entry }
    const log = this.logOf(entry.log)
    if (entry.seq <= log.tip) return { is: 'repeated', entry, log }
    const from = this.reach(log, entry.seq - 1)
    log.tip = entry.seq
    const payload = entry.payloadAt === 0 ? frame.payload(entry) : bodies.of(entry)
    if (payload !== null) return { is: 'record', entry, log, from, payload }
    log.missing.add(entry.seq, entry.seq)
    return { is: 'damaged', entry, log, from, at: entry.payloadAt === 0 ? entry.place.offset : entry.payloadAt }
  }

  #keyOnly(entry: DecodedEntry): Verdict {
    if (this.wasRemoved(entry.log)) return { is: 'stray', entry }
    const log = this.logOf(entry.log)
    if (entry.seq <= log.tip) return { is: 'repeated', entry, log }
    // Its record is trimmed or redacted, as something further on says.
    return { is: 'key', entry, log, from: this.reach(log, entry.seq) }
  }

  #redacted(entry: DecodedEntry): Verdict {
    if (this.wasRemoved(entry.log)) return { is: 'stray', entry }
    const log = this.logOf(entry.log)
    const from = this.reach(log, entry.seq)
    log.missing.delete(entry.seq)
    return { is: 'redacted', entry, log, from }
  }

  #own(entry: DecodedEntry, body: Buffer | null): Verdict {
    if (body === null) return { is: 'unknown', entry }
    switch (entry.type) {
      case ENTRY_TYPE.actorAdded:
        return this.#added(entry, body.toString('utf8'))
      case ENTRY_TYPE.actorRemoved:
        return this.#ended(entry, body.toString('utf8'))
      case ENTRY_TYPE.bounds: {
        const pair = decodePair(body)
        return pair === null ? { is: 'unknown', entry } : this.#trimmed(entry, ...pair)
      }
      case ENTRY_TYPE.lost: {
        const lost = decodeLost(body)
        if (lost === null) return { is: 'unknown', entry }
        if (this.wasRemoved(entry.log)) return { is: 'stray', entry }
        const log = this.logOf(entry.log)
        if (lost.from <= log.tip) return { is: 'repeated', entry, log }
        const from = this.reach(log, lost.from - 1)
        log.tip = lost.to
        return { is: 'lost', entry, log, from, lost }
      }
      case ENTRY_TYPE.itemPut:
      case ENTRY_TYPE.itemDelete:
        return decodeItem(body) === null ? { is: 'unknown', entry } : { is: 'item', entry, body }
      default:
        return { is: 'unknown', entry }
    }
  }

  #added(entry: DecodedEntry, id: string): Verdict {
    const number = actorNumberOfLog(entry.log)
    if (this.#removed.has(number) || this.actors.get(id) === number) return { is: 'stray', entry }
    const replaces = this.actors.get(id) ?? null
    this.begin(id, number)
    return { is: 'added', entry, id, number, replaces }
  }

  #ended(entry: DecodedEntry, id: string): Verdict {
    const number = actorNumberOfLog(entry.log)
    if (this.#removed.has(number)) return { is: 'stray', entry }
    // Where it was not read that the actor began, its logs may have been.
    if (this.actors.get(id) !== number) this.begin(id, number)
    this.end(id)
    return { is: 'removed', entry, id, number }
  }

  #trimmed(entry: DecodedEntry, first: number, tip: number): Verdict {
    if (this.wasRemoved(entry.log)) return { is: 'stray', entry }
    const log = this.logOf(entry.log)
    const isWrong = tip < log.tip || first < log.first || first > tip + 1
    const from = this.reach(log, tip)
    log.first = Math.max(log.first, first)
    return { is: 'bounds', entry, log, from, first, tip, isWrong }
  }
}

/** The shared payloads of a frame, each looked at once. */
class SharedBodies {
  readonly #frame: ScannedFrame
  readonly #entries = new Map<number, DecodedEntry>()
  readonly #bodies = new Map<number, Buffer | null>()

  constructor(frame: ScannedFrame) {
    this.#frame = frame
    for (const entry of frame.entries)
      if (entry.type === ENTRY_TYPE.payload) this.#entries.set(entry.place.offset, entry)
  }

  /** Null when it is not there, or damaged. */
  at(offset: number): Buffer | null {
    const known = this.#bodies.get(offset)
    if (known !== undefined) return known
    const entry = this.#entries.get(offset)
    const body = entry === undefined ? null : this.#frame.payload(entry)
    this.#bodies.set(offset, body)
    return body
  }

  /** Of a record that refers to one. */
  of(record: DecodedEntry): Buffer | null {
    const shared = this.#entries.get(record.payloadAt)
    if (shared === undefined || shared.payloadSum !== record.payloadSum || shared.codec !== record.codec) return null
    return this.at(record.payloadAt)
  }
}
