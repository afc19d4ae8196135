/** `twinlog/testing`: remote actors and what they sign, for a host's own tests. */
import { describe, expect, it } from 'vitest'
import { checkSignature, keysOfActor, readProof, readSignature, Rejection } from 'twinlog'
import { signedDelivery, testKeys, testPeer } from 'twinlog/testing'
import { carol, dora, follow, inboxOf, alice, now } from './fixtures.ts'

const to = inboxOf(alice)

describe('testPeer', () => {
  it('is an actor, its document, and what the cache holds of it', () => {
    const id = 'https://remote.example/users/erin'
    for (const privateKey of Object.values(testKeys)) {
      const peer = testPeer(id, { privateKey, fetchedAt: now })
      expect(peer).toMatchObject({ id, keyId: `${id}#main-key`, privateKey, document: { id, type: 'Person' } })
      expect(keysOfActor(peer.document)).toMatchObject({ owner: id, keys: peer.peer.keys, refused: [] })
      expect(peer.peer).toMatchObject({ id, fetchedAt: now, keys: [{ id: peer.keyId, owner: id }] })
    }
    const before = Date.now()
    const named = testPeer(id, { keyId: 'https://remote.example/keys/1' })
    expect([named.keyId, named.peer.keys[0]?.id]).toEqual([named.keyId, 'https://remote.example/keys/1'])
    expect(named.peer.fetchedAt).toBeGreaterThanOrEqual(before)
  })

  it.each([
    ['erin', {}],
    ['acct:erin@remote.example', {}],
    ['https://remote.example/users/erin', { keyId: 'https://other.example/key' }],
  ])('is nobody who could not be: %s %j', (id, options) => {
    expect(() => testPeer(id, options)).toThrow(TypeError)
  })

  it('has keys that are all different', () => {
    const keys = Object.values(testKeys).map(privateKey => testPeer(carol.id, { privateKey }).peer.keys[0]!.publicKey)
    expect(new Set(keys.map(key => Buffer.from(key).toString('hex'))).size).toBe(4)
  })
})

describe('signedDelivery', () => {
  it.each(['cavage', 'rfc9421'] as const)('is signed by its sender, in the form %s', form => {
    for (const from of [carol, dora]) {
      const delivery = signedDelivery({ from, to, activity: follow(from), form, now, headers: { accept: '*/*' } })
      const candidate = readSignature(delivery, { now, host: 'us.example' })
      if (candidate instanceof Rejection) throw new Error(candidate.code)
      expect(candidate.form).toBe(form)
      expect(checkSignature(candidate, from.peer.keys[0]!)).toMatchObject({ owner: from.id })
      expect(delivery).toMatchObject({ method: 'POST', url: to })
      expect(Object.fromEntries(delivery.rawHeaders as [string, string][])).toMatchObject({
        accept: '*/*',
        'content-type': 'application/activity+json',
        host: 'us.example',
      })
    }
  })

  it('sends an object as JSON, a text and bytes as they are', () => {
    const textOf = (activity: object | string | Uint8Array): string =>
      Buffer.from(signedDelivery({ from: carol, to, activity }).body).toString()
    expect(textOf({ a: 1 })).toBe('{"a":1}')
    expect(textOf(' {"a": 1}')).toBe(' {"a": 1}')
    expect(textOf(Buffer.from('x'))).toBe('x')
  })

  it('is signed now, in the form that everybody takes, and may carry a proof', () => {
    const delivery = signedDelivery({ from: carol, to, activity: follow(dora), proofBy: dora })
    expect(readSignature(delivery, { now: Date.now(), host: 'us.example' })).toMatchObject({ form: 'cavage' })
    const proof = readProof(JSON.parse(Buffer.from(delivery.body).toString()), { now: Date.now() })
    if (proof instanceof Rejection) throw new Error(proof.code)
    expect(checkSignature(proof, dora.peer.keys[0]!)).toMatchObject({ owner: dora.id, algorithm: 'ed25519' })
  })

  it('has no proof by a key that can make none', () => {
    expect(() => signedDelivery({ from: carol, to, activity: {}, proofBy: carol })).toThrow(TypeError)
  })
})
