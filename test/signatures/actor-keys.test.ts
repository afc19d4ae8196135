/** The keys of an actor document: whose they are, how many, and until when. */
import { describe, expect, it } from 'vitest'
import { keyOfDocument, keysOfActor, type ActorKeys } from '../../src/signatures/actor-keys.ts'
import { multikeyOf } from '../../src/signatures/key-import.ts'
import { actor, ed25519, ok, rsa } from './fixtures.ts'

const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
const publicKey = { id: `${actor}#main-key`, type: 'CryptographicKey', owner: actor, publicKeyPem: pem }
const multikey = {
  id: `${actor}#ed25519-key`,
  type: 'Multikey',
  controller: actor,
  publicKeyMultibase: multikeyOf(ed25519.verification),
}
const main = { ...rsa.verification, id: publicKey.id }
const second = { ...ed25519.verification, id: multikey.id }
const read = (document: unknown): ActorKeys => ok(keysOfActor(document))
const faultOf = (entry: unknown): unknown => read({ id: actor, publicKey: entry }).refused[0]?.fault

describe('an actor document', () => {
  it('gives its publicKey, as an object or in an array, and its assertionMethod', () => {
    const all = { id: actor, publicKey, assertionMethod: [multikey] }
    expect(keysOfActor(all)).toEqual({ owner: actor, keys: [main, second], references: [], refused: [] })
    expect(keysOfActor({ id: actor, publicKey: [publicKey, multikey] })).toMatchObject({ keys: [main, second] })
    expect(keysOfActor({ id: actor, assertionMethod: multikey })).toMatchObject({ keys: [second] })
    expect(keysOfActor({ id: actor })).toMatchObject({ keys: [] })
  })

  it('may hold a JWK, and a Multikey of an RSA key', () => {
    const jwk = { id: publicKey.id, controller: actor, publicKeyJwk: rsa.publicKey.export({ format: 'jwk' }) }
    const rsaMultikey = { ...multikey, id: publicKey.id, publicKeyMultibase: multikeyOf(rsa.verification) }
    for (const entry of [jwk, rsaMultikey])
      expect(keysOfActor({ id: actor, publicKey: entry })).toMatchObject({ keys: [main] })
  })

  it('may only name its keys, of its own origin', () => {
    const document = {
      id: actor,
      publicKey: [publicKey, publicKey.id, 'https://a.example/key', 'https://evil.example/key'],
    }
    expect(keysOfActor(document)).toMatchObject({
      keys: [main],
      references: ['https://a.example/key'],
      refused: [{ id: 'https://evil.example/key', fault: 'other_origin' }],
    })
  })

  it('lists one key once, and refuses a second one under the same id', () => {
    expect(keysOfActor({ id: actor, publicKey, assertionMethod: publicKey })).toMatchObject({
      keys: [main],
      refused: [],
    })
    const impostor = { ...multikey, id: publicKey.id }
    expect(keysOfActor({ id: actor, publicKey, assertionMethod: impostor })).toMatchObject({
      keys: [main],
      refused: [{ id: publicKey.id, fault: 'other_key' }],
    })
  })

  it('is read up to a number of keys', () => {
    const many = Array.from({ length: 100 }, (_, at) => ({ ...multikey, id: `${actor}#${at}` }))
    expect(ok(keysOfActor({ id: actor, assertionMethod: many })).keys).toHaveLength(16)
    expect(ok(keysOfActor({ id: actor, assertionMethod: many }, { keysMax: 3 })).keys).toHaveLength(3)
  })

  it.each([null, 'text', [], {}, { id: 7 }, { id: 'did:key:z' }, { id: 'https://u:p@a.example/' }])(
    'is none: %j',
    document => expect(keysOfActor(document)).toMatchObject({ code: 'key_invalid', detail: 'malformed' }),
  )
})

describe('a key is refused', () => {
  it('when it names another owner, two owners, or none', () => {
    const victim = 'https://a.example/users/victim'
    for (const owner of [victim, undefined, [], [actor, victim], 7]) {
      expect(faultOf({ ...publicKey, owner })).toBe('other_owner')
    }
    expect(faultOf({ ...publicKey, controller: victim })).toBe('other_owner')
  })

  it('when its id is of another origin: it would stand under the key id of somebody else', () => {
    for (const id of ['https://victim.example/users/v#main-key', 'http://a.example/key', 'acct:a@a.example', 7, '']) {
      expect(faultOf({ ...publicKey, id })).toBe('other_origin')
    }
  })

  it('when its private half is published with it', () => {
    expect(faultOf({ ...publicKey, publicKeyPem: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) })).toBe(
      'private_key',
    )
    expect(faultOf({ ...multikey, secretKeyMultibase: 'z3u2' })).toBe('private_key')
  })

  it('when its form is none, several, or unknown', () => {
    expect(faultOf({ id: publicKey.id, owner: actor })).toBe('unsupported_type')
    expect(faultOf({ ...publicKey, publicKeyMultibase: multikey.publicKeyMultibase })).toBe('other_key')
    for (const wrong of [7, {}, []]) {
      expect(faultOf({ ...publicKey, publicKeyPem: wrong })).toBe('malformed')
      expect(faultOf({ ...multikey, publicKeyMultibase: wrong })).toBe('malformed')
    }
    for (const entry of [7, true, [publicKey]]) expect(faultOf([entry])).toBe('malformed')
  })

  it('when its end can not be read', () => {
    for (const expires of ['soon', '2026-03-04', 1_772_000_000, {}]) {
      expect(faultOf({ ...multikey, expires })).toBe('expired')
      expect(faultOf({ ...multikey, revoked: expires })).toBe('expired')
    }
  })
})

it('a key ends when it expires or is revoked, whichever is first', () => {
  const [early, late] = ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00+01:00']
  const expiryOf = (times: object): unknown => ok(keyOfDocument({ ...multikey, ...times }, actor)).expires
  expect(expiryOf({ expires: early })).toBe(Date.UTC(2026, 0))
  expect(expiryOf({ expires: late })).toBe(Date.UTC(2026, 11, 31, 23))
  expect(expiryOf({ expires: late, revoked: early })).toBe(Date.UTC(2026, 0))
  expect(expiryOf({})).toBeUndefined()
})

describe('a document of one key', () => {
  it('says whose it is, and that is all it proves', () => {
    expect(keyOfDocument(publicKey)).toEqual(main)
    expect(keyOfDocument(publicKey, actor)).toEqual(main)
    expect(keyOfDocument(publicKey, 'https://a.example/users/bob')).toMatchObject({ detail: 'other_owner' })
  })

  it('can not name an owner on another server', () => {
    const forged = { ...publicKey, id: 'https://evil.example/key' }
    expect(keyOfDocument(forged)).toMatchObject({ code: 'key_invalid', detail: 'other_origin' })
  })
})
