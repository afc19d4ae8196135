/** Public keys in every form, and everything that is no key to trust. */
import { createPublicKey, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMultibase, encodeMultibase } from '../../src/signatures/base58.ts'
import { keyFromJwk, keyFromMultikey, keyFromPem, multikeyOf } from '../../src/signatures/key-import.ts'
import { keyObjectOf, materialOfEd25519 } from '../../src/signatures/key-material.ts'
import { parsedKey, parsedKeysHeld } from '../../src/signatures/parsed-keys.ts'
import { ed25519, flip, keys, ok, rsa } from './fixtures.ts'

const refusal = (detail: string): object => ({ code: 'key_invalid', detail })

/** An RSA public key that nobody has the primes of: its modulus is only a number of so many bits. */
function rsaJwk(bits: number, exponent = Buffer.from([1, 0, 1])): JsonWebKey {
  const modulus = Buffer.alloc(bits / 8, 0x5a)
  modulus[0] = 0x80
  modulus[modulus.length - 1] = 1
  return { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') }
}

const pemOf = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`

describe.each(Object.entries(keys))('a key of kind %s', (_, { publicKey, verification }) => {
  const { algorithm, publicKey: der } = verification
  const material = { algorithm, publicKey: der }

  it('is the same from PEM, Multikey and JWK', () => {
    expect(keyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string)).toEqual(material)
    expect(keyFromMultikey(multikeyOf(material))).toEqual(material)
    expect(keyFromJwk(publicKey.export({ format: 'jwk' }))).toEqual(material)
  })

  it('survives JSON-like storage and is parsed once', () => {
    const first = parsedKey(structuredClone(material))
    expect(first).toMatchObject({ type: 'public', asymmetricKeyType: algorithm })
    expect(parsedKey(structuredClone(material))).toBe(first)
  })

  it('is refused when its bytes have any one bit changed and name the same key', () => {
    // All of the head, and a sample of the modulus.
    for (let bit = 0; bit < der.length * 8; bit += bit < 300 ? 1 : 7) {
      const object = keyObjectOf({ algorithm, publicKey: flip(der, bit) })
      if ('code' in object) continue
      // What is still a key is another one, and would not verify what this one signed.
      expect(object.equals(publicKey)).toBe(false)
    }
  })

  it('is refused with trailing bytes', () => {
    const longer = Buffer.concat([der, Buffer.from([0])])
    expect(keyObjectOf({ algorithm, publicKey: longer })).toMatchObject(refusal('malformed'))
    expect(keyFromPem(pemOf('PUBLIC KEY', longer))).toMatchObject(refusal('malformed'))
  })

  it('is refused under the name of the other algorithm', () => {
    const other = algorithm === 'rsa' ? 'ed25519' : 'rsa'
    expect(keyObjectOf({ algorithm: other, publicKey: der })).toMatchObject(refusal('malformed'))
  })
})

describe('PEM', () => {
  it('may be PKCS#1, with any line length, CRLF, and space around it', () => {
    const pem = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }) as string
    const material = { algorithm: 'rsa', publicKey: rsa.verification.publicKey }
    expect(keyFromPem(`\n  ${pem.replaceAll('\n', '\r\n')}\n`)).toEqual(material)
    expect(keyFromPem(pemOf('RSA PUBLIC KEY', rsa.publicKey.export({ type: 'pkcs1', format: 'der' })))).toEqual(
      material,
    )
  })

  it('of a private key is refused, under its own label and under a public one', () => {
    // createPublicKey takes each of these and derives the public half.
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const pem = rsa.privateKey.export({ type, format: 'pem' }) as string
      expect(createPublicKey(pem).type).toBe('public')
      expect(keyFromPem(pem)).toMatchObject(refusal('private_key'))
      const der = rsa.privateKey.export({ type, format: 'der' })
      for (const label of ['PUBLIC KEY', 'RSA PUBLIC KEY']) {
        expect(keyFromPem(pemOf(label, der))).toMatchObject(refusal('malformed'))
      }
    }
    expect(keyFromPem(ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)).toMatchObject(
      refusal('private_key'),
    )
    const both = `${rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string}-----BEGIN PRIVATE KEY-----\n`
    expect(keyFromPem(both)).toMatchObject(refusal('private_key'))
  })

  it('of another kind is refused', () => {
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).publicKey
    for (const key of [curve, pss]) {
      const pem = key.export({ type: 'spki', format: 'pem' }) as string
      expect(keyFromPem(pem)).toMatchObject(refusal('unsupported_type'))
    }
    expect(keyFromPem(pemOf('CERTIFICATE', Buffer.from('no')))).toMatchObject(refusal('unsupported_type'))
  })

  it.each(['', '-----BEGIN PUBLIC KEY-----', 'x'.repeat(10_000), pemOf('PUBLIC KEY', Buffer.alloc(0))])(
    'that is none is refused: %.30s',
    text => expect(keyFromPem(text)).toMatchObject(refusal('malformed')),
  )
})

describe('RSA', () => {
  it.each([1024, 2040, 8200, 16_384])('of %i bits is refused', bits => {
    expect(keyFromJwk(rsaJwk(bits))).toMatchObject(refusal('rsa_bits'))
    const der = createPublicKey({ key: rsaJwk(bits), format: 'jwk' }).export({ type: 'spki', format: 'der' })
    expect(keyFromPem(pemOf('PUBLIC KEY', der))).toMatchObject(refusal('rsa_bits'))
    expect(keyObjectOf({ algorithm: 'rsa', publicKey: der })).toMatchObject(refusal('rsa_bits'))
  })

  it.each([2048, 3072, 4096, 8192])('of %i bits is taken in every form', bits => {
    const material = ok(keyFromJwk(rsaJwk(bits)))
    expect(material).toMatchObject({ algorithm: 'rsa' })
    expect(keyFromMultikey(multikeyOf(material))).toEqual(material)
  })

  it.each([[1], [2], [1, 0, 0], [1, 0, 0, 0, 1]])('with exponent bytes %j %j %j is refused', (...bytes) => {
    expect(keyFromJwk(rsaJwk(2048, Buffer.from(bytes)))).toMatchObject(refusal('rsa_exponent'))
  })

  it('with exponent 3 is taken', () => expect(keyFromJwk(rsaJwk(2048, Buffer.from([3])))).toHaveProperty('publicKey'))
})

describe('Ed25519', () => {
  const p = 2n ** 255n - 19n
  const little = (value: bigint): Buffer =>
    Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed())
  const eighth = (hex: string): Buffer => Buffer.from(hex, 'hex')
  const points = [
    ...[0n, 1n, p - 1n, p, p + 1n, p + 18n].map(little),
    eighth('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    eighth('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  ]

  it.each(points.map(point => point.toString('hex')))('refuses the point %s, with either sign', hex => {
    for (const sign of [0, 0x80]) {
      const point = Buffer.from(hex, 'hex')
      point[31]! |= sign
      expect(materialOfEd25519(point)).toMatchObject(refusal('small_order'))
      const multikey = encodeMultibase(Buffer.concat([Buffer.from('ed01', 'hex'), point]))
      expect(keyFromMultikey(multikey)).toMatchObject(refusal('small_order'))
      expect(keyFromJwk({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') })).toMatchObject(
        refusal('small_order'),
      )
    }
  })

  it.each([0, 31, 33, 64])('of %i bytes is refused', length => {
    const bytes = Buffer.alloc(length, 9)
    expect(keyFromMultikey(encodeMultibase(Buffer.concat([Buffer.from('ed01', 'hex'), bytes])))).toMatchObject(
      refusal('malformed'),
    )
    expect(keyFromJwk({ kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') })).toMatchObject(
      refusal('malformed'),
    )
  })
})

describe('Multikey', () => {
  it('of a private key, or of another kind, is refused', () => {
    const multikey = (prefix: string): string => encodeMultibase(Buffer.from(`${prefix}${'07'.repeat(32)}`, 'hex'))
    expect(keyFromMultikey(multikey('8026'))).toMatchObject(refusal('private_key'))
    expect(keyFromMultikey(multikey('8024'))).toMatchObject(refusal('unsupported_type'))
    expect(keyFromMultikey(multikey('ec01'))).toMatchObject(refusal('unsupported_type'))
  })

  it('in another base, or with a letter that is none, is refused', () => {
    const text = multikeyOf(ed25519.verification)
    for (const wrong of [`m${text.slice(1)}`, `${text}0`, `${text}l`, `${text} `, text.slice(1), 'z', '', 'z1']) {
      expect(keyFromMultikey(wrong)).toMatchObject(refusal('malformed'))
    }
  })
})

describe('JWK', () => {
  it('with a private member is refused', () => {
    expect(keyFromJwk(rsa.privateKey.export({ format: 'jwk' }))).toMatchObject(refusal('private_key'))
    expect(keyFromJwk(ed25519.privateKey.export({ format: 'jwk' }))).toMatchObject(refusal('private_key'))
    expect(keyFromJwk({ kty: 'oct', k: 'AAAA' })).toMatchObject(refusal('private_key'))
  })

  it('of another kind is refused', () => {
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    for (const jwk of [curve, { kty: 'OKP', crv: 'X25519', x: 'AA' }, {}, []]) {
      expect(keyFromJwk(jwk)).toMatchObject(refusal('unsupported_type'))
    }
    for (const jwk of [null, 'x', 7, { kty: 'RSA', n: 7, e: 'AQAB' }, { kty: 'RSA', n: '', e: 'AQAB' }]) {
      expect(keyFromJwk(jwk)).toMatchObject(refusal('malformed'))
    }
  })
})

it('parsed keys are bounded, and the one that is used stays', () => {
  const { max } = parsedKeysHeld()
  const used = parsedKey(ed25519.verification)
  for (let count = 0; count < max + 50; count++) {
    parsedKey(ok(materialOfEd25519(randomBytes(32))))
    if (count % 100 === 0) parsedKey(ed25519.verification)
  }
  expect(parsedKeysHeld().count).toBe(max)
  expect(parsedKey(ed25519.verification)).toBe(used)
})

it('base58 gives back any bytes, and has one text for each', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      const text = encodeMultibase(bytes)
      expect(decodeMultibase(text, bytes.length)).toEqual(Uint8Array.from(bytes))
      if (bytes.length > 0) expect(decodeMultibase(text, bytes.length - 1)).toBeUndefined()
    }),
  )
  fc.assert(
    fc.property(fc.stringMatching(/^z[1-9A-HJ-NP-Za-km-z]{0,40}$/), text => {
      expect(encodeMultibase(decodeMultibase(text, 80)!)).toBe(text)
    }),
  )
})
