/**
 * Base58 with the Bitcoin alphabet, as multibase `z` (FEP-521a, Data Integrity 1.0 §2.4). Quadratic in the length, so a
 * decoder is told how many bytes it may expect.
 */

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const digitOf = new Map(Array.from(alphabet, (letter, digit) => [letter, digit]))
/** More letters than log(256) / log(58) for each byte. */
const LETTERS_PER_BYTE = 1.37

/** The bytes as multibase base58btc: `z` and the letters. */
export function encodeMultibase(bytes: Uint8Array): string {
  return `z${encodeBase58(bytes)}`
}

/** The bytes of a multibase base58btc text; nothing when it is another base, has another letter, or is too long. */
export function decodeMultibase(text: string, bytesMax: number): Uint8Array | undefined {
  return text.startsWith('z') ? decodeBase58(text.slice(1), bytesMax) : undefined
}

function encodeBase58(bytes: Uint8Array): string {
  const digits: number[] = []
  for (const byte of bytes) {
    let carry = byte
    for (let at = 0; at < digits.length; at++) {
      carry += (digits[at] ?? 0) * 256
      digits[at] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  return (
    alphabet.charAt(0).repeat(leading(bytes, 0)) +
    digits
      .map(digit => alphabet.charAt(digit))
      .toReversed()
      .join('')
  )
}

function decodeBase58(text: string, bytesMax: number): Uint8Array | undefined {
  if (text.length > Math.ceil(bytesMax * LETTERS_PER_BYTE)) return undefined
  const digits: number[] = []
  const bytes: number[] = []
  for (const letter of text) {
    const digit = digitOf.get(letter)
    if (digit === undefined) return undefined
    digits.push(digit)
    let carry = digit
    for (let at = 0; at < bytes.length; at++) {
      carry += (bytes[at] ?? 0) * 58
      bytes[at] = carry % 256
      carry = Math.floor(carry / 256)
    }
    for (; carry > 0; carry = Math.floor(carry / 256)) bytes.push(carry % 256)
  }
  const zeros = leading(digits, 0)
  if (zeros + bytes.length > bytesMax) return undefined
  return Uint8Array.from([...Array.from({ length: zeros }, () => 0), ...bytes.toReversed()])
}

function leading(values: Iterable<number>, wanted: number): number {
  let count = 0
  for (const value of values) {
    if (value !== wanted) break
    count += 1
  }
  return count
}
