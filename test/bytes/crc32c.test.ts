import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c } from '../../src/bytes/crc32c.ts'
import { DATA_BYTES } from '../../src/bytes/crc32c-module.ts'

/** Bit by bit, as the definition has it. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}

it.each([
  ['nothing', Buffer.alloc(0), 0],
  ['the digits', Buffer.from('123456789'), 0xe306_9283],
  // RFC 3720, B.4.
  ['32 zeros', Buffer.alloc(32), 0x8a91_36aa],
  ['32 times 255', Buffer.alloc(32, 0xff), 0x62a8_ab43],
  ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd_794e],
  ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113f_db5c],
])('of %s is the published one', (_, bytes, expected) => expect(crc32c(bytes)).toBe(expected))

it('of any stretch of any bytes is what the definition says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
      const [from, to] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
      expect(crc32c(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)))
    }),
  )
})

it('of more bytes than are taken at once is what the definition says, wherever it begins and ends', () => {
  const bytes = Buffer.from(Array.from({ length: 2 * DATA_BYTES + 40 }, (_, i) => (i * i) >>> 3))
  for (const [from, to] of [0, 1, 17].flatMap(at =>
    [DATA_BYTES - 1, DATA_BYTES, DATA_BYTES + 1, bytes.length].map(end => [at, end]),
  ))
    expect(crc32c(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)))
})
