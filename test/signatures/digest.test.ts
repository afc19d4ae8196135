/** `Digest` and `Content-Digest`: one that counts, and all that count are true. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatContentDigest, formatDigest, matchesContentDigest, matchesDigest } from '../../src/signatures/digest.ts'
import { flip } from './fixtures.ts'

const body = Buffer.from('{"hello": "world"}')
const hash = (name: string, bytes: Uint8Array = body): string => createHash(name).update(bytes).digest('base64')
const [good, good512] = [hash('sha256'), hash('sha512')]
const [bad, bad512] = [hash('sha256', Buffer.from('x')), hash('sha512', Buffer.from('x'))]
const md5 = hash('md5')

describe('Digest', () => {
  it.each([
    `SHA-256=${good}`,
    `sha-256=${good}`,
    `SHA-512=${good512}`,
    `SHA-256=${good},SHA-512=${good512}`,
    ` SHA-512=${good512}\t, SHA-256=${good} `,
    `MD5=${md5},SHA-256=${good}`,
    `MD5=wrong,sha-256=${good},unixsum=30637`,
  ])('is true: %s', value => expect(matchesDigest(value, body)).toBe(true))

  it.each([
    '',
    'SHA-256',
    'SHA-256=',
    `SHA-256=${bad}`,
    `SHA-256=${good},SHA-512=${bad512}`,
    `SHA-512=${bad512},SHA-256=${good}`,
    `SHA-256=${good},SHA-256=${bad}`,
    `SHA-256=${bad},sha-256=${good}`,
    `MD5=${md5}`,
    `SHA=${hash('sha1')}`,
    `SHA-256=${good},`,
    `,SHA-256=${good}`,
    `SHA-256=${good};SHA-512=${bad512}`,
    `SHA-256=${good.slice(0, -1)}`,
    `SHA-256=${good}=`,
    `SHA-256=${good.replace('=', '')} =`,
    `SHA-256="${good}"`,
    `SHA-256=:${good}:`,
    `SHA-256=${Buffer.from(good, 'base64').toString('base64url')}`,
    `SHA-256=${good512}`,
    `SHA-256 =${good}`,
  ])('is not true: %s', value => expect(matchesDigest(value, body)).toBe(false))

  it('has only one text: the bits that padding leaves unused are zero', () => {
    // The last letter before the padding carries two bits that a lenient decoder drops.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const letter = last[last.indexOf(good.at(-2)!) + 1]!
    const twin = `${good.slice(0, -2)}${letter}=`
    expect(Buffer.from(twin, 'base64')).toEqual(Buffer.from(good, 'base64'))
    expect(matchesDigest(`SHA-256=${twin}`, body)).toBe(false)
    expect(matchesContentDigest(`sha-256=:${twin}:`, body)).toBe(false)
  })
})

describe('Content-Digest', () => {
  it.each([
    `sha-256=:${good}:`,
    `sha-512=:${good512}:`,
    `sha-256=:${good}:, sha-512=:${good512}:`,
    `md5=:${md5}:,\tsha-512=:${good512}:`,
    // RFC 9530, appendix D, and RFC 9421, B.2.
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
  ])('is true: %s', value => expect(matchesContentDigest(value, body)).toBe(true))

  it.each([
    '',
    `sha-256=${good}`,
    `SHA-256=:${good}:`,
    `sha-256=:${bad}:`,
    `sha-256=:${good}:, sha-512=:${bad512}:`,
    `sha-256=:${bad}:, sha-256=:${good}:`,
    `sha-256=:${good}:, sha-256=:${good}:`,
    `md5=:${md5}:`,
    `sha-256=:${good.replace('=', '')}:`,
    `sha-256=:${good}:,`,
    `sha-256=(:${good}:)`,
    `sha-256="${good}"`,
    'sha-256',
  ])('is not true: %s', value => expect(matchesContentDigest(value, body)).toBe(false))
})

it('what is written is true of the body, and of no body that differs in one bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, bit) => {
      const at = bit % (bytes.length * 8)
      for (const [value, matches] of [
        [formatDigest(bytes), matchesDigest],
        [formatContentDigest(bytes), matchesContentDigest],
      ] as const) {
        expect(matches(value, bytes)).toBe(true)
        expect(matches(value, flip(bytes, at))).toBe(false)
      }
    }),
  )
})
