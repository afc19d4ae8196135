/**
 * The dedupe keys of all logs, to tell one that is there twice: 16 bytes each and no more, in one open-addressed table,
 * so that a store with many millions of keys can be checked in some hundreds of megabytes.
 */

const WORDS = 4
const FIRST_SLOTS = 1024
/** Above this share of used slots the table grows. */
const LOAD_MAX = 0.7
/** Odd, so that multiplying by it loses nothing; its bits are spread (the golden ratio). */
const SPREAD = 0x9e37_79b1

export class KeySet {
  #words = new Uint32Array(FIRST_SLOTS * WORDS)
  #used = 0

  /** @param key 16 bytes. @returns false when this log has that key already */
  add(log: number, key: Uint8Array): boolean {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
    // Keys are parts of SHA-256, so what tells logs apart may be mixed into any of their words.
    const low = Math.imul(log >>> 0, SPREAD)
    const high = Math.imul(Math.floor(log / 2 ** 32), SPREAD)
    const words = [view.getUint32(0), view.getUint32(4), view.getUint32(8) ^ high, view.getUint32(12) ^ low] as const
    if (this.#used >= (this.#words.length / WORDS) * LOAD_MAX) this.#grow()
    return this.#put(words[0], words[1], words[2] >>> 0, words[3] >>> 0)
  }

  #put(a: number, b: number, c: number, d: number): boolean {
    const table = this.#words
    const slots = table.length / WORDS
    // An empty slot is all zeros; a key that is would have to be met by chance, at 2^-128.
    for (let slot = ((a ^ d) >>> 0) & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * WORDS
      const [w, x, y, z] = [table[at], table[at + 1], table[at + 2], table[at + 3]]
      if (w === a && x === b && y === c && z === d) return false
      if (w !== 0 || x !== 0 || y !== 0 || z !== 0) continue
      table[at] = a
      table[at + 1] = b
      table[at + 2] = c
      table[at + 3] = d
      this.#used += 1
      return true
    }
  }

  #grow(): void {
    const old = this.#words
    this.#words = new Uint32Array(old.length * 2)
    this.#used = 0
    for (let at = 0; at < old.length; at += WORDS) {
      const [a = 0, b = 0, c = 0, d = 0] = old.subarray(at, at + WORDS)
      if (a !== 0 || b !== 0 || c !== 0 || d !== 0) this.#put(a, b, c, d)
    }
  }
}
