/** Keys and key ids that broke other servers, each with its number. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keysOfActor, type PeerState, type VerificationKey } from 'twinlog'
import { testKeys, testPeer } from 'twinlog/testing'
import { encodeMultibase } from '../../src/signatures/base58.ts'
import { answered, carol, dora, header, mallory, minute, now, sent, traceOf, withHeaders, world } from './fixtures.ts'

const known = { peers: { initial: [carol.peer] } }

describe('3. a key document of evil that names the victim as its owner', () => {
  const keyId = `${mallory.id}/key`
  const evil = { ...carol, keyId, privateKey: mallory.privateKey }

  it('is never asked for', async () => {
    const { inbound, fetches } = await world()
    expect(await inbound.receive(sent({ from: evil }))).toMatchObject({ code: 'forwarded_unverified' })
    expect(fetches).toEqual([])
  })

  it('is no key of the victim, in whatever document it stands', async () => {
    const key = { ...(mallory.document['publicKey'] as object), id: keyId, owner: carol.id }
    for (const document of [
      { ...mallory.document, publicKey: key },
      { ...carol.document, publicKey: key },
    ]) {
      expect(keysOfActor(document)).toMatchObject({ keys: [] })
    }
    const [material] = mallory.peer.keys
    for (const state of [
      { ...carol.peer, keys: [{ ...material, id: keyId, owner: carol.id }] },
      { ...carol.peer, keys: [{ ...material, id: carol.keyId, owner: mallory.id }] },
    ]) {
      const { inbound, published, store } = await world()
      published.set(carol.id, state)
      expect(await inbound.receive(sent({ from: { ...evil, keyId: carol.keyId } }))).toMatchObject({
        code: 'key_invalid',
      })
      expect(store.peers.list()).toEqual([])
    }
  })

  it('and a neighbour who lists a key under the victim’s id signs for nobody', async () => {
    const thief: PeerState = { ...dora.peer, keys: [{ ...dora.peer.keys[0]!, id: carol.keyId }] }
    const { inbound } = await world({ peers: { initial: [thief, carol.peer] } })
    const stolen = { ...carol, privateKey: dora.privateKey }
    expect(await inbound.receive(sent({ from: stolen, form: 'rfc9421' }))).toMatchObject({ accepted: false })
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })
})

it('4. a forged signature while the victim’s server is down: the old key still works', async () => {
  const { inbound, published, store, time } = await world(known)
  published.set(carol.id, answered(502))
  const forged = sent({ from: { ...carol, privateKey: testKeys.otherRsa } })
  const unlisted = sent({ from: testPeer(carol.id, { keyId: `${carol.id}#other` }) })
  for (time.now of [now, now + 5 * minute, now + 10 * minute]) {
    for (const delivery of [forged, unlisted]) expect((await inbound.receive(delivery)).accepted).toBe(false)
    expect(await inbound.receive(sent({ now: time.now }))).toMatchObject({ accepted: true })
  }
  expect(store.peers.list()).toEqual([carol.peer])
})

describe('5. a thousand bad signatures by one key id, one after the other', () => {
  it.each([
    ['of an actor in the cache', known],
    ['of one who is not', {}],
  ])('%s are at most one fetch in each cooldown', async (_, options) => {
    const { inbound, fetches, time } = await world(options)
    const forged = sent({ from: { ...carol, privateKey: testKeys.otherRsa } })
    for (let each = 0; each < 1000; each++) expect((await inbound.receive(forged)).code).toBe('signature_invalid')
    expect(fetches).toEqual([carol.id])
    time.now = now + 5 * minute
    for (let each = 0; each < 10; each++) await inbound.receive(forged)
    expect(fetches).toEqual([carol.id, carol.id])
  })
})

describe('11. a published key that is none', () => {
  const spki = (key: ReturnType<typeof createPublicKey>): Uint8Array =>
    Uint8Array.from(key.export({ type: 'spki', format: 'der' }))
  const huge = createPublicKey({
    key: { kty: 'RSA', n: Buffer.concat([Buffer.of(0xff), randomBytes(2047)]).toString('base64url'), e: 'AQAB' },
    format: 'jwk',
  })
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const smallOrder = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.of(1), Buffer.alloc(31)])
  const keyOf = (algorithm: VerificationKey['algorithm'], publicKey: Uint8Array): VerificationKey => ({
    id: carol.keyId,
    owner: carol.id,
    algorithm,
    publicKey,
  })

  it.each<[string, object]>([
    ['a private PEM', { publicKeyPem: carol.privateKey.export({ type: 'pkcs8', format: 'pem' }) }],
    ['RSA of 1024 bits', { publicKeyPem: small.publicKey.export({ type: 'spki', format: 'pem' }) }],
    ['RSA of 16384 bits', { publicKeyPem: huge.export({ type: 'spki', format: 'pem' }) }],
    [
      'an Ed25519 point of small order',
      { publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } },
    ],
    [
      'a Multikey of 33 bytes',
      { publicKeyMultibase: encodeMultibase(Buffer.concat([Buffer.of(0xed, 1), Buffer.alloc(33, 7)])) },
    ],
  ])('%s is left out of what an actor lists', async (_, material) => {
    const found = keysOfActor({ ...carol.document, publicKey: { id: carol.keyId, owner: carol.id, ...material } })
    expect(found).toMatchObject({ keys: [], refused: [{ id: carol.keyId }] })
    const { inbound, published } = await world()
    published.set(carol.id, { ...carol.peer, keys: [] })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'key_owner_mismatch' })
  })

  it.each<[string, VerificationKey]>([
    ['RSA of 1024 bits', keyOf('rsa', spki(small.publicKey))],
    ['RSA of 16384 bits', keyOf('rsa', spki(huge))],
    ['an Ed25519 point of small order', keyOf('ed25519', smallOrder)],
    ['33 bytes of Ed25519', keyOf('ed25519', Buffer.concat([smallOrder, Buffer.of(0)]))],
    ['a private key', keyOf('rsa', Uint8Array.from(carol.privateKey.export({ type: 'pkcs8', format: 'der' })))],
    ['an RSA key said to be Ed25519', keyOf('ed25519', carol.peer.keys[0]!.publicKey)],
  ])('%s verifies nothing, though a host put it into the cache', async (_, key) => {
    const { inbound, published } = await world()
    published.set(carol.id, { ...carol.peer, keys: [key] })
    expect(await inbound.receive(sent({ from: { ...carol, privateKey: small.privateKey } }))).toMatchObject({
      code: 'key_invalid',
      status: 401,
    })
  })

  it('one signature by the identity point, which Node takes for every message, is none', async () => {
    const { inbound, published } = await world()
    published.set(carol.id, { ...carol.peer, keys: [keyOf('ed25519', smallOrder)] })
    const signature = Buffer.concat([Buffer.of(1), Buffer.alloc(63)]).toString('base64')
    const delivery = sent({ from: { ...carol, privateKey: testKeys.ed25519 }, form: 'rfc9421' })
    expect(await inbound.receive(withHeaders(delivery, { signature: `sig1=:${signature}:` }))).toMatchObject({
      code: 'key_invalid',
    })
  })
})

describe('14. a fetch function that', () => {
  it.each<[string, unknown, string]>([
    ['throws', new Error('no network'), 'key_fetch_failed'],
    ['rejects', () => Promise.reject(new TypeError('bug')), 'key_fetch_failed'],
    ['hangs', () => new Promise(() => undefined), 'key_fetch_failed'],
    ['returns an error', () => new Error('no network'), 'key_fetch_failed'],
    ['returns null', () => null, 'key_invalid'],
    ['returns nothing', () => undefined, 'key_invalid'],
    ['returns an array', [carol.peer], 'key_invalid'],
    ['returns a text', 'text', 'key_invalid'],
    ['returns a document', carol.document, 'key_invalid'],
    ['returns another actor', mallory.peer, 'key_invalid'],
    ['returns a neighbour', dora.peer, 'key_invalid'],
    ['returns keys of another origin', { ...carol.peer, keys: mallory.peer.keys }, 'key_invalid'],
    ['is answered 410', answered(410), 'key_gone'],
    [
      'is answered 410, far down',
      new Error('failed', { cause: new Error('again', { cause: answered(410) }) }),
      'key_gone',
    ],
  ])('%s', async (_, answer, code) => {
    const cold = await world({ peers: { fetchTimeoutMs: 20 } })
    cold.published.set(carol.id, answer)
    expect(await cold.inbound.receive(sent())).toMatchObject({ accepted: false, code })
    expect(cold.store.peers.list()).toEqual([])

    const warm = await world({ peers: { fetchTimeoutMs: 20, initial: [carol.peer] } })
    warm.published.set(carol.id, answer)
    const before = await traceOf(warm.store)
    const forged = sent({ from: { ...carol, privateKey: testKeys.otherRsa } })
    expect(await warm.inbound.receive(forged)).toMatchObject({ code: 'signature_invalid' })
    expect(await traceOf(warm.store)).toEqual(before)
    expect(await warm.inbound.receive(sent())).toMatchObject({ accepted: true })
  })
})

describe('15. key ids that lead somewhere else', () => {
  it.each([
    'http://2130706433/',
    'https://u:p@h/',
    'https://u@remote.example/users/carol',
    'data:application/json,{}',
    'acct:carol@remote.example',
    'file:///etc/passwd',
    '//remote.example/users/carol',
    'https://remote.example.evil.example/key',
    'https://[::1]/key',
    'javascript:alert(1)',
    '#main-key',
    'x',
  ])('%s is not fetched', async keyId => {
    for (const form of ['cavage', 'rfc9421'] as const) {
      const { inbound, fetches } = await world(known)
      const verdict = await inbound.receive(sent({ from: { ...carol, keyId }, form }))
      expect(verdict.accepted).toBe(false)
      expect(fetches.filter(id => id !== carol.id)).toEqual([])
    }
  })

  it('fifty labels with fifty key ids are not even looked at', async () => {
    const { inbound, fetches } = await world()
    const delivery = sent({ form: 'rfc9421' })
    const [input, signature] = ['signature-input', 'signature'].map(name => header(delivery, name))
    const many = (text: string): string =>
      Array.from({ length: 50 }, (_, at) => text.replace('sig1', `sig${at}`).replace('#main-key', `#key-${at}`)).join(
        ', ',
      )
    const flood = withHeaders(delivery, { 'signature-input': many(input!), signature: many(signature!) })
    expect(await inbound.receive(flood)).toMatchObject({ code: 'malformed_signature' })
    expect(fetches).toEqual([])
  })

  it('four labels with four key ids are one fetch', async () => {
    const { inbound, fetches } = await world()
    const delivery = sent({ form: 'rfc9421' })
    const [input, signature] = ['signature-input', 'signature'].map(name => header(delivery, name))
    const four = (text: string): string =>
      Array.from({ length: 4 }, (_, at) => text.replace('sig1', `sig${at}`).replace('#main-key', `#key-${at}`)).join(
        ', ',
      )
    await inbound.receive(withHeaders(delivery, { 'signature-input': four(input!), signature: four(signature!) }))
    expect(fetches).toEqual([carol.id])
  })
})
