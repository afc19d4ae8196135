/**
 * Finds where one JSON value ends, however its bytes arrive: it follows brackets and strings and knows no more of the
 * grammar, so that a value with a mistake inside still has an end. `JSON.parse` judges the slice later.
 */
// The bytes that JSON's structure is made of.
export const quote = 0x22
export const comma = 0x2c
export const colon = 0x3a
export const openBracket = 0x5b
export const backslash = 0x5c
export const closeBracket = 0x5d
export const openBrace = 0x7b
export const closeBrace = 0x7d

/** JSON's own white space. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Whether JSON allows a value to begin with this byte. */
export function beginsValue(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39
  const isWord = byte === 0x74 || byte === 0x66 || byte === 0x6e
  return byte === openBrace || byte === openBracket || byte === quote || byte === 0x2d || isDigit || isWord
}

/** `bytes` without the white space at both ends, as a view. */
export function trimmed(bytes: Uint8Array): Uint8Array {
  let from = 0
  let to = bytes.length
  while (from < to && isSpace(bytes[from])) from++
  while (to > from && isSpace(bytes[to - 1])) to--
  return bytes.subarray(from, to)
}

export class ValueScanner {
  #depth = 0
  #scalar = false
  #inString = false
  #escaped = false

  /** A value begins with the next byte; `depth` brackets around it are open already. */
  reset(depth = 0): void {
    this.#depth = depth
    this.#scalar = false
    this.#inString = false
    this.#escaped = false
  }

  /** Whether the value is a bare number or word: such a one ends where its input ends. */
  get isScalar(): boolean {
    return this.#scalar
  }

  /** Whether what was read so far ends inside a string. */
  get isInString(): boolean {
    return this.#inString
  }

  /** The index just past the value, or -1 when it goes on in the next chunk. `from` lies inside it. */
  scan(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === backslash) this.#escaped = true
        else if (byte === quote) {
          this.#inString = false
          if (this.#depth === 0) return at + 1
        }
        continue
      }
      if (this.#scalar && (isSpace(byte) || isStructural(byte))) return at
      if (byte === quote) this.#inString = true
      else if (byte === openBrace || byte === openBracket) this.#depth++
      else if (byte === closeBrace || byte === closeBracket) {
        if (--this.#depth <= 0) return at + 1
      } else if (this.#depth === 0) this.#scalar = true
    }
    return -1
  }
}

function isStructural(byte: number): boolean {
  return (
    byte === comma ||
    byte === colon ||
    byte === quote ||
    byte === openBrace ||
    byte === openBracket ||
    byte === closeBrace ||
    byte === closeBracket
  )
}
