/**
 * What is dead in the log, and what says so. Only an entry that is there and undamaged kills another one, never the
 * absence of one: a trim, a redaction, a removal, a later value of the same item. These stay themselves, so that a log
 * of which some segments were written again and others were not gives the same store.
 */
import { decodeItem, decodeLost, decodePair } from '../record/bodies.ts'
import type { DecodedEntry, Place } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import type { ScannedFrame } from './segment-scan.ts'

/**
 * What becomes of an entry. `key`: only its key stays. `erased`: it goes, and somebody who asked for it to be gone must
 * be able to rely on that; `trimmed`: it goes when its space is worth it.
 */
type Verdict = 'live' | { readonly because: 'trimmed' | 'erased'; readonly leaves: 'nothing' | 'key' }

interface Bounds {
  readonly first: number
  /** Where the latest one stands. */
  readonly place: Place
}

const ERASED: Verdict = { because: 'erased', leaves: 'nothing' }
const SUPERSEDED: Verdict = { because: 'trimmed', leaves: 'nothing' }

export class Evidence {
  readonly #bounds = new Map<number, Bounds>()
  readonly #redacted = new Map<number, Set<number>>()
  readonly #removedActors = new Set<number>()
  readonly #items = new Map<string, Place>()

  /** Takes in what the frame says. Frames come in their order. */
  learn(frame: ScannedFrame): void {
    for (const entry of frame.entries) this.#learn(entry, frame)
  }

  #learn(entry: DecodedEntry, frame: ScannedFrame): void {
    const { type, log, seq, place } = entry
    switch (type) {
      default:
        return
      case ENTRY_TYPE.bounds: {
        const pair = pairIn(frame, entry)
        if (pair !== null) this.#bounds.set(log, { first: pair[0], place })
        return
      }
      case ENTRY_TYPE.redact: {
        const redacted = this.#redacted.get(log) ?? new Set()
        this.#redacted.set(log, redacted.add(seq))
        return
      }
      case ENTRY_TYPE.actorRemoved:
        if (frame.payload(entry) !== null) this.#removedActors.add(actorOf(log))
        return
      case ENTRY_TYPE.itemPut:
      case ENTRY_TYPE.itemDelete: {
        const name = itemNameIn(frame, entry)
        if (name !== null) this.#items.set(name, place)
        return
      }
    }
  }

  judge(entry: DecodedEntry, frame: ScannedFrame): Verdict {
    const { type, log, seq, place } = entry
    if (log !== 0 && type !== ENTRY_TYPE.actorRemoved && this.#removedActors.has(actorOf(log)))
      return isOfRecord(entry) ? ERASED : SUPERSEDED
    switch (type) {
      case ENTRY_TYPE.append:
        if (this.#redacted.get(log)?.has(seq) === true) return leftOf(entry, 'erased')
        return this.#isTrimmed(log, seq) ? leftOf(entry, 'trimmed') : 'live'
      case ENTRY_TYPE.redact:
        return this.#isTrimmed(log, seq) ? SUPERSEDED : 'live'
      case ENTRY_TYPE.lost: {
        // Of the rest somebody may ask, and is to be told; the tip is in `bounds` too.
        const body = frame.payload(entry)
        const stretch = body === null ? null : decodeLost(body)
        return stretch !== null && this.#isTrimmed(log, stretch.to) ? SUPERSEDED : 'live'
      }
      case ENTRY_TYPE.bounds: {
        const latest = this.#bounds.get(log)
        return latest !== undefined && isBefore(place, latest.place) ? SUPERSEDED : 'live'
      }
      case ENTRY_TYPE.itemPut:
      case ENTRY_TYPE.itemDelete: {
        const name = itemNameIn(frame, entry)
        const latest = name === null ? undefined : this.#items.get(name)
        return latest !== undefined && isBefore(place, latest) ? SUPERSEDED : 'live'
      }
      default:
        return 'live'
    }
  }

  #isTrimmed(log: number, seq: number): boolean {
    return seq < (this.#bounds.get(log)?.first ?? 0)
  }
}

function leftOf({ key }: DecodedEntry, because: 'trimmed' | 'erased'): Verdict {
  return { because, leaves: key === null ? 'nothing' : 'key' }
}

function isOfRecord({ type }: DecodedEntry): boolean {
  return type === ENTRY_TYPE.append || type === ENTRY_TYPE.keyOnly
}

function pairIn(frame: ScannedFrame, entry: DecodedEntry): [number, number] | null {
  const body = frame.payload(entry)
  return body === null ? null : decodePair(body)
}

function itemNameIn(frame: ScannedFrame, entry: DecodedEntry): string | null {
  const body = frame.payload(entry)
  return body === null ? null : (decodeItem(body)?.key.toString('utf8') ?? null)
}

/** Places come in the order of the log: an entry keeps its own, and what is written again by an open gets a later one. */
function isBefore(a: Place, b: Place): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}

/** The logs of an actor are twice its number, and one more. */
function actorOf(log: number): number {
  return Math.floor(log / 2)
}
