/**
 * Where the entries lie that were indexed or looked up last: a page that is read again, or was just written, needs no
 * look-up in LevelDB. One table of fixed size; what falls on a slot that is taken takes it over.
 */
import type { IndexedLocation } from './values.ts'

/** Log and sequence in two words each, then segment, offset and length; the eighth is not used. */
const SLOT_WORDS = 8
const WORD = 2 ** 32
/** Spreads the logs over the table; the sequences of one log stand side by side. Any odd number without a pattern does. */
const LOG_STEP = 0x9e37_79b1

export class LocationCache {
  readonly #words: Uint32Array
  readonly #mask: number

  /** @param slots a power of two; each takes 32 bytes once it is used */
  constructor(slots: number) {
    this.#words = new Uint32Array(slots * SLOT_WORDS)
    this.#mask = slots - 1
  }

  get(log: number, seq: number): IndexedLocation | undefined {
    const words = this.#words
    const at = this.#slotOf(log, seq)
    if (words[at] !== log >>> 0 || words[at + 2] !== seq >>> 0) return undefined
    if (words[at + 1] !== Math.floor(log / WORD) || words[at + 3] !== Math.floor(seq / WORD)) return undefined
    return { segment: words[at + 4] ?? 0, offset: words[at + 5] ?? 0, length: words[at + 6] ?? 0 }
  }

  put(log: number, seq: number, { segment, offset, length }: IndexedLocation): void {
    const words = this.#words
    const at = this.#slotOf(log, seq)
    words[at] = log
    words[at + 1] = Math.floor(log / WORD)
    words[at + 2] = seq
    words[at + 3] = Math.floor(seq / WORD)
    words[at + 4] = segment
    words[at + 5] = offset
    words[at + 6] = length
  }

  /** Forgets all. */
  clear(): void {
    this.#words.fill(0)
  }

  /** Sequences begin at 1, so an empty slot is nobody's. */
  #slotOf(log: number, seq: number): number {
    return ((Math.imul(log >>> 0, LOG_STEP) + seq) & this.#mask) * SLOT_WORDS
  }
}
