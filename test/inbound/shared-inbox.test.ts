/** The append: one commit for all inboxes of a delivery, the bytes as they came, and an outcome for each inbox. */
import { describe, expect, it } from 'vitest'
import { TwinlogError, type ErrorCode } from 'twinlog'
import { addProof } from '../../src/signatures/integrity-proof.ts'
import { testKeys, testPeer } from 'twinlog/testing'
import { appendToInboxes, refusalOf } from '../../src/inbound/stages/append.ts'
import { temporaryStore } from './temporary-store.ts'
import {
  alice,
  appendingBy,
  bob,
  carol,
  follow,
  mallory,
  now,
  removed,
  sent,
  sharedInbox,
  textsIn,
  us,
  world,
} from './fixtures.ts'

const toAll = { to: sharedInbox }

it('one delivery to a shared inbox is one commit, and its body is stored once', async () => {
  const open = temporaryStore()
  const actors = Array.from({ length: 100 }, (_, at) => `${us}/users/${at}`)
  const { inbound, store } = await world({ open, route: () => actors })
  for (const actor of actors) await store.actors.add(actor)
  const activity = follow(carol, { content: 'x'.repeat(10_000) })
  const before = store.stats()
  const verdict = await inbound.receive(sent({ ...toAll, activity }))
  expect(verdict).toMatchObject({
    code: 'accepted',
    inboxes: actors.map(actor => ({ actor, seq: 1, duplicate: false })),
  })
  const after = store.stats()
  expect(after.frames).toBe(before.frames + 1)
  expect(after.commit).toBe(before.commit + 1)
  expect(after.recordsAppended).toBe(before.recordsAppended + 100)
  expect(after.logBytes - before.logBytes).toBeLessThan(2 * 10_000 + 100 * 300)
  for (const actor of actors) expect(await textsIn(store, actor)).toEqual([JSON.stringify(activity)])
})

it('the exact bytes are stored, with who vouched for them', async () => {
  const { inbound, store, time } = await world()
  const activity = follow(carol, { content: 'é', signature: { type: 'RsaSignature2017' } })
  const text = ` ${JSON.stringify(activity, null, '\t').replace('é', '\\u00e9')}\r\n`
  time.now = now + 1234
  const verdict = await inbound.receive(sent({ activity: text, form: 'rfc9421' }))
  expect(verdict).toMatchObject({
    accepted: true,
    signer: { actor: carol.id, keyId: carol.keyId, form: 'rfc9421', algorithm: 'rsa-sha256' },
  })
  const { signature: _signature, ...told } = activity
  expect(verdict.accepted && verdict.activity).toEqual(told)
  const record = await store.inbox(alice).get(1)
  expect(Buffer.from(record!.bytes).toString()).toBe(text)
  expect(record).toMatchObject({
    codec: 'json',
    value: activity,
    meta: { actor: carol.id, keyId: carol.keyId, form: 'rfc9421', verifiedAt: now + 1234 },
  })
  expect(Object.keys(record!.meta as object).toSorted()).toEqual(['actor', 'form', 'keyId', 'verifiedAt'])
})

it('is found by the id of the activity', async () => {
  const { inbound, store } = await world()
  const activity = follow(carol)
  await inbound.receive(sent({ activity }))
  expect(await store.inbox(alice).find(String(activity['id']))).toBe(1)
})

describe('a delivery that came before', () => {
  it('is a duplicate, and adds nothing, however it is signed', async () => {
    const { inbound, store, time } = await world()
    const activity = follow(carol)
    await inbound.receive(sent({ activity }))
    time.now += 1000
    for (const form of ['cavage', 'rfc9421'] as const) {
      expect(await inbound.receive(sent({ activity, form, now: time.now }))).toMatchObject({
        accepted: true,
        code: 'duplicate',
        status: 202,
        inboxes: [{ actor: alice, seq: 1, duplicate: true }],
      })
    }
    expect(await store.inbox(alice).tip()).toBe(1)
    expect((await store.inbox(alice).get(1))?.meta).toMatchObject({ verifiedAt: now })
  })

  it('is one for each inbox by itself', async () => {
    const { inbound, store } = await world()
    const activity = follow(carol)
    await inbound.receive(sent({ activity }))
    await inbound.receive(sent())
    expect(await inbound.receive(sent({ ...toAll, activity }))).toMatchObject({
      code: 'accepted',
      inboxes: [
        { actor: alice, seq: 1, duplicate: true },
        { actor: bob, seq: 1, duplicate: false },
      ],
    })
    expect(await inbound.receive(sent({ ...toAll, activity }))).toMatchObject({ code: 'duplicate' })
    expect([await store.inbox(alice).tip(), await store.inbox(bob).tip()]).toEqual([2, 1])
  })

  it('is one for as long as the inbox lives, trimmed or not', async () => {
    const { inbound, store } = await world()
    const activity = follow(carol)
    await inbound.receive(sent({ activity }))
    await store.inbox(alice).trim({ before: 2 })
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ code: 'duplicate', inboxes: [{ seq: 1 }] })
    expect(await store.inbox(alice).tip()).toBe(1)
  })
})

describe('another body of the same id', () => {
  it('conflicts where the first one is, and keeps no other inbox from it', async () => {
    const { inbound, store } = await world()
    const activity = follow(carol)
    await inbound.receive(sent({ activity }))
    const other = { ...activity, content: 'changed' }
    expect(await inbound.receive(sent({ activity: other }))).toMatchObject({ code: 'id_conflict', status: 202 })
    expect(await inbound.receive(sent({ ...toAll, activity: other }))).toMatchObject({
      code: 'accepted',
      inboxes: [
        { actor: alice, refused: 'id_conflict' },
        { actor: bob, seq: 1, duplicate: false },
      ],
    })
    expect(await textsIn(store, alice)).toEqual([JSON.stringify(activity)])
    expect(await textsIn(store, bob)).toEqual([JSON.stringify(other)])
    expect(await inbound.receive(sent({ ...toAll, activity: other }))).toMatchObject({ code: 'duplicate' })
  })

  it('is told apart by a single space', async () => {
    const { inbound } = await world()
    const text = JSON.stringify(follow(carol))
    await inbound.receive(sent({ activity: text }))
    expect(await inbound.receive(sent({ activity: `${text} ` }))).toMatchObject({ code: 'id_conflict' })
  })
})

describe('inboxes that are gone', () => {
  it('keep no other from it', async () => {
    const { inbound, store } = await world({ route: () => [removed, alice, `${us}/users/nobody`] })
    expect(await inbound.receive(sent())).toMatchObject({
      code: 'accepted',
      inboxes: [{ actor: removed, refused: 'inbox_gone' }, { actor: alice, seq: 1 }, { refused: 'inbox_gone' }],
    })
    expect(await store.actors.status(`${us}/users/nobody`)).toBe('unknown')
  })

  it('while the signature is checked, refuse it', async () => {
    const check = async () => {
      await store.actors.remove(alice)
      return undefined
    }
    const { inbound, store } = await world({ stages: [{ name: 'leaving', at: 'verified', check }] })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'inbox_gone', status: 410, retry: false })
  })

  it('and conflicts: the conflict is told', async () => {
    const { inbound, store } = await world({ route: () => [alice, bob] })
    const activity = follow(carol)
    await store.inbox(alice).appendJson('{}', { key: String(activity['id']) })
    await store.actors.remove(bob)
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ code: 'id_conflict' })
  })
})

it('each inbox that is named twice gets one record', async () => {
  const { inbound, store } = await world({ route: () => [alice, bob, alice] })
  expect(await inbound.receive(sent())).toMatchObject({ inboxes: [{ actor: alice }, { actor: bob }] })
  expect(await store.inbox(alice).tip()).toBe(1)
})

it('by itself: outcomes in the order of the inboxes', async () => {
  const { store } = await world()
  const meta = { actor: carol.id, keyId: carol.keyId, form: 'cavage', verifiedAt: now } as const
  const input = { inboxes: [bob, removed, alice], body: Buffer.from('{}'), key: 'k', meta }
  const outcomes = [
    { actor: bob, seq: 1 },
    { actor: removed, refused: 'inbox_gone' },
    { actor: alice, seq: 1 },
  ]
  expect(await appendToInboxes(store, input)).toMatchObject({ outcomes })
  expect(await appendToInboxes(store, { ...input, inboxes: [removed] })).toMatchObject({ code: 'inbox_gone' })
  expect(await appendToInboxes(store, { ...input, body: Buffer.from('[]') })).toMatchObject({ code: 'id_conflict' })
})

describe('what the store says', () => {
  it.each<ErrorCode>([
    'CLOSED',
    'INDEX_FAILED',
    'IO_ERROR',
    'LOW_SPACE',
    'NOT_WRITTEN',
    'OUTCOME_UNKNOWN',
    'POISONED',
    'READ_ONLY',
  ])('%s: try again later', async code => {
    const error = new TwinlogError(code, '', { path: '', place: '' })
    expect(refusalOf(error)).toMatchObject({ code: 'store_unavailable', status: 503, retry: true })
    const { inbound } = await world({ seenAs: store => appendingBy(store, error) })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'store_unavailable', stage: 'append' })
  })

  it('after it was closed: try again later', async () => {
    const { inbound, store } = await world()
    await store.close()
    expect(await inbound.receive(sent())).toMatchObject({ code: 'store_unavailable' })
  })

  it('of a body that is too large for it: never', async () => {
    const { inbound } = await world({ open: temporaryStore({ payloadBytesMax: 1000 }) })
    const activity = follow(carol, { content: 'x'.repeat(1000) })
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ code: 'body_too_large', status: 413 })
  })

  it('of what nobody foresaw is thrown, and so are bugs', async () => {
    for (const error of [new TwinlogError('INVALID_KEY', '', { bytes: 0 }), new RangeError('bug')]) {
      const { inbound } = await world({ seenAs: store => appendingBy(store, error) })
      await expect(inbound.receive(sent())).rejects.toBe(error)
    }
  })
})

describe('the longest names', () => {
  const long = (base: string, bytes: number): string => base + 'a'.repeat(bytes - base.length)

  it('fit into a record', async () => {
    const id = long('https://remote.example/', 1024)
    const peer = testPeer(id, { keyId: long(`${id}#`, 2048), fetchedAt: now })
    const { inbound, published, store } = await world()
    published.set(id, peer.peer)
    const activity = { ...follow(peer), id: long('https://remote.example/f', 1024) }
    expect(await inbound.receive(sent({ from: peer, activity }))).toMatchObject({ accepted: true })
    expect((await store.inbox(alice).get(1))?.meta).toMatchObject({ actor: id, keyId: peer.keyId })
  })

  it('and a key whose id does not fit vouches for nothing', async () => {
    // The id of a proof's key may have any character, and was counted in characters: `receive` rejected, the meta being
    // too large for a record.
    const keyId = `https://remote.example/${'€'.repeat(2000)}`
    const { peer } = testPeer(carol.id, { keyId, privateKey: testKeys.ed25519 })
    const { inbound, published } = await world()
    published.set(carol.id, { ...carol.peer, keys: [...carol.peer.keys, ...peer.keys] })
    const activity = addProof(follow(carol), { key: { id: keyId, privateKey: testKeys.ed25519 }, created: now })
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ accepted: true, signer: { keyId: carol.keyId } })
    expect(await inbound.receive(sent({ activity, from: mallory }))).toMatchObject({ code: 'forwarded_unverified' })
  })
})
