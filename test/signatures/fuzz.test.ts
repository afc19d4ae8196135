/** Every parser of this room meets random and mutated input: it never throws, it never hangs, and what it says is typed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOfDocument, keysOfActor } from '../../src/signatures/actor-keys.ts'
import { decodeMultibase } from '../../src/signatures/base58.ts'
import { canonicalJson } from '../../src/signatures/canonical-json.ts'
import { parseCavageHeader } from '../../src/signatures/cavage-header.ts'
import { parseDateTime, parseHttpDate, parseSeconds } from '../../src/signatures/dates.ts'
import { targetOf } from '../../src/signatures/delivery.ts'
import { matchesContentDigest, matchesDigest } from '../../src/signatures/digest.ts'
import { addProof, readProof } from '../../src/signatures/integrity-proof.ts'
import { keyFromJwk, keyFromMultikey, keyFromPem, multikeyOf } from '../../src/signatures/key-import.ts'
import { keyObjectOf } from '../../src/signatures/key-material.ts'
import type { RejectionCode } from '../../src/signatures/rejection.ts'
import { parseSignatures } from '../../src/signatures/signature-input.ts'
import { runs } from '../engine/runs.ts'
import {
  activity,
  actor,
  codeOf,
  combinations,
  ed25519,
  header,
  host,
  keys,
  now,
  rsa,
  send,
  verify,
  withHeaders,
} from './fixtures.ts'

const everyCode: Readonly<Record<RejectionCode | 'accepted', true>> = {
  accepted: true,
  digest_mismatch: true,
  duplicate_header: true,
  insufficient_coverage: true,
  key_invalid: true,
  malformed_signature: true,
  missing_signature: true,
  signature_expired: true,
  signature_from_future: true,
  signature_invalid: true,
  unsupported_algorithm: true,
}
const codes = Object.keys(everyCode)
const limits = { labelsMax: 4, componentsMax: 32 }
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
const signed = combinations.map(({ form, algorithm }) => send({ form, key: keys[algorithm] }))
const texts = [
  ...signed.flatMap(delivery => delivery.rawHeaders.map(([, value]) => value)),
  pem,
  multikeyOf(rsa.verification),
  multikeyOf(ed25519.verification),
  '2026-03-04T05:06:07Z',
  'https://b.example/users/bob/inbox?x=1',
]

/** Random text, and good text with pieces cut, repeated, swapped and thrown in. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.stringMatching(/^[ \t"\\:;,=()@%?*a-z0-9-]{0,60}$/),
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.nat(40),
      fc.oneof(fc.constantFrom('"', '\\', ',', ';', ':', '(', ')', '=', ' ', '\n', '\0', 'é', '?1', '-0'), fc.string()),
      fc.nat(3),
    )
    .map(([text, at, length, piece, times]) => {
      const start = at % (text.length + 1)
      return text.slice(0, start) + piece.repeat(times) + text.slice(start + length)
    }),
)

describe('any text', () => {
  it.each<[string, (text: string) => unknown]>([
    ['the Signature header', parseCavageHeader],
    ['Signature-Input', text => parseSignatures(text, 'sig1=:AAAA:', limits)],
    ['Signature', text => parseSignatures('sig1=()', text, limits)],
    ['Digest', text => matchesDigest(text, activity)],
    ['Content-Digest', text => matchesContentDigest(text, activity)],
    ['PEM', keyFromPem],
    ['Multikey', keyFromMultikey],
    ['multibase', text => decodeMultibase(text, 100)],
    ['URL', targetOf],
    ['HTTP date', parseHttpDate],
    ['date and time', parseDateTime],
    ['seconds', parseSeconds],
  ])('as %s', (_, parse) => {
    fc.assert(
      fc.property(anyText, text => {
        expect(() => parse(text)).not.toThrow()
      }),
      runs(500),
    )
  })
})

describe('any header of a delivery', () => {
  it.each(signed.map((delivery, at) => ({ delivery, ...combinations[at]! })))(
    'in the form $form with a key of kind $algorithm',
    ({ delivery, algorithm }) => {
      const names = fc.constantFrom(...delivery.rawHeaders.map(([name]) => name), 'signature-input', 'X')
      fc.assert(
        fc.property(names, anyText, fc.boolean(), (name, text, isAdded) => {
          const rawHeaders = isAdded ? [...delivery.rawHeaders, [name, text] as const] : undefined
          const changed =
            rawHeaders === undefined ? withHeaders(delivery, { [name]: text }) : { ...delivery, rawHeaders }
          expect(codes).toContain(codeOf(verify(changed, keys[algorithm].verification)))
        }),
        runs(500),
      )
    },
  )

  it('of any kind, and any method, URL and host', () => {
    const flat = fc.array(fc.oneof(anyText, fc.constantFrom('Signature', 'Signature-Input', 'Host', 'Date')))
    fc.assert(
      fc.property(flat, anyText, anyText, anyText, (rawHeaders, method, url, named) => {
        const delivery = { method, url, rawHeaders, body: activity }
        expect(codes).toContain(codeOf(verify(delivery, rsa.verification, { host: named })))
        expect(codes).toContain(codeOf(verify({ ...delivery, method: 'POST', url: signed[0]!.url }, rsa.verification)))
      }),
      runs(500),
    )
  })
})

describe('any document', () => {
  const proven = addProof({ id: actor, type: 'Note' }, { key: ed25519, created: now })
  const words =
    'id owner controller publicKey assertionMethod publicKeyPem publicKeyMultibase publicKeyJwk kty crv x n e expires proof'
  const word = fc.constantFrom(...words.split(' '), 'type', 'cryptosuite', '__proto__', 'toJSON')
  const value = fc.oneof(
    anyText,
    fc.constantFrom(
      actor,
      `${actor}#key`,
      pem,
      multikeyOf(rsa.verification),
      'RSA',
      'OKP',
      'Ed25519',
      'eddsa-jcs-2022',
    ),
  )
  const document = fc.letrec(tie => ({
    any: fc.oneof({ maxDepth: 4 }, value, fc.jsonValue(), fc.dictionary(word, tie('any')), fc.array(tie('any'))),
  })).any

  it.each<[string, (document: unknown) => unknown]>([
    ['an actor', keysOfActor],
    ['an actor with that key', each => keysOfActor({ id: actor, publicKey: each, assertionMethod: each })],
    ['a key', keyOfDocument],
    ['a JWK', keyFromJwk],
    ['a proof', each => readProof({ ...proven, proof: each }, { now })],
    ['a document with a proof', each => readProof(each, { now })],
    ['what was proven', each => readProof({ ...proven, content: each }, { now })],
    ['JSON', canonicalJson],
  ])('as %s', (_, parse) => {
    fc.assert(
      fc.property(document, each => {
        expect(() => parse(each)).not.toThrow()
      }),
      runs(300),
    )
  })

  it('as the bytes of a key', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const copy = Uint8Array.from(rsa.verification.publicKey)
        copy[at % copy.length] = byte
        return copy
      }),
    )
    fc.assert(
      fc.property(bytes, fc.constantFrom('rsa', 'ed25519'), (publicKey, algorithm) => {
        expect(() => keyObjectOf({ algorithm, publicKey })).not.toThrow()
      }),
    )
  })
})

describe('long input takes a short time', () => {
  const long = (piece: string): string => piece.repeat(Math.ceil(1_000_000 / piece.length))
  // A step for each pair of letters would take minutes. It is this process's own time that counts, not the machine's.
  const limitMicroseconds = 20_000_000

  it.each(['a', ' ', '\t', '"', '\\"', ',', ':', ';a', '("', '(', 'a=b,', 'a=(), ', '="', 'z1', '-', '%"', '\n'])(
    '%j',
    piece => {
      const text = long(piece)
      const started = process.cpuUsage()
      for (const delivery of signed) {
        for (const name of ['signature', 'signature-input', 'date', 'digest', 'content-digest', 'host']) {
          for (const value of [text, `x${text}x`, header(delivery, 'signature') + text.slice(0, 15_000)]) {
            expect(codeOf(verify(withHeaders(delivery, { [name]: value }), rsa.verification, { host }))).not.toBe('')
          }
        }
      }
      for (const parse of [keyFromPem, keyFromMultikey, parseDateTime, parseHttpDate, targetOf]) parse(text)
      keyFromPem(`-----BEGIN PUBLIC KEY-----\n${text.slice(0, 8000)}`)
      keyFromMultikey(`z${text.slice(0, 1500)}`)
      expect(process.cpuUsage(started).user).toBeLessThan(limitMicroseconds)
    },
  )
})
