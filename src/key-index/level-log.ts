/**
 * Reads LevelDB's log format, which its write-ahead log and its MANIFEST have: blocks of 32 KiB, in them fragments of
 * records, each with a checksum. As LevelDB's own reader, it passes over the rest of a block once a fragment does not
 * fit; unlike it, it says whether what was lost was the end or lay before records that are still there. Pure.
 */
import { crc32c } from '../bytes/crc32c.ts'
import { unmasked } from './level-format.ts'

export const LOG_BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7
/** Never change: LevelDB's numbers. */
const FRAGMENT = { full: 1, first: 2, middle: 3, last: 4 } as const

/** `torn`: its end is missing, as after a write that was cut short. `damaged`: something before its end is. */
export type LogVerdict = 'whole' | 'torn' | 'damaged'

export class LevelLogReader {
  readonly #onRecord: ((record: Buffer) => void) | null
  /** Of the record that is begun; null: none is. */
  #fragments: Buffer[] | null = null
  #isBroken = false
  #isDamaged = false

  /** @param onRecord told each whole record, in order; the bytes are good until the next block is given. Null: nobody is */
  constructor(onRecord: ((record: Buffer) => void) | null) {
    this.#onRecord = onRecord
  }

  /** Takes the next block; only the last one of a file may be shorter than `LOG_BLOCK_BYTES`. */
  take(block: Buffer): void {
    let at = 0
    while (at + HEADER_BYTES <= block.length) {
      const bytes = block.readUInt16LE(at + 4)
      const end = at + HEADER_BYTES + bytes
      if (end > block.length || unmasked(block.readUInt32LE(at)) !== crc32c(block, at + 6, end)) return this.#break()
      this.#fragment(block[at + 6] ?? 0, block.subarray(at + HEADER_BYTES, end))
      at = end
    }
    // LevelDB leaves up to six zeros at the end of a full block, where no header fits.
    if (at < block.length && block.length < LOG_BLOCK_BYTES) this.#break()
  }

  end(): LogVerdict {
    if (this.#isDamaged) return 'damaged'
    return this.#isBroken || this.#fragments !== null ? 'torn' : 'whole'
  }

  #fragment(type: number, bytes: Buffer): void {
    const begun = this.#fragments
    const begins = type === FRAGMENT.full || type === FRAGMENT.first
    if (begins === (begun !== null)) this.#break()
    if (type === FRAGMENT.full) this.#record([bytes])
    else if (type === FRAGMENT.first) this.#fragments = this.#kept(bytes)
    else if (begun === null || (type !== FRAGMENT.middle && type !== FRAGMENT.last)) this.#break()
    else {
      begun.push(...this.#kept(bytes))
      if (type === FRAGMENT.last) this.#record(begun)
    }
  }

  /** A copy, where anybody wants it: the record goes on in the next block. */
  #kept(bytes: Buffer): Buffer[] {
    return this.#onRecord === null ? [] : [Buffer.from(bytes)]
  }

  #record(fragments: readonly Buffer[]): void {
    this.#fragments = null
    this.#isDamaged ||= this.#isBroken
    const [first, ...others] = fragments
    if (first !== undefined) this.#onRecord?.(others.length === 0 ? first : Buffer.concat(fragments))
  }

  #break(): void {
    this.#isBroken = true
    this.#fragments = null
  }
}
