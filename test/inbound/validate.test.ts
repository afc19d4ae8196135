/** The pure half: a delivery and a peer's state in, a verdict out; no hook, no fetch, no append. */
import { describe, expect, it } from 'vitest'
import { testKeys } from 'twinlog/testing'
import { carryOut, faults, goodPlan } from './faults.ts'
import { carol, dora, follow, mallory, rotated, rulingOf, sent, traceOf, world } from './fixtures.ts'

/** What only the host or the store can say. */
const impure = new Set([
  'no_such_inbox',
  'inbox_gone',
  'no_recipient',
  'blocked',
  'blocked_silently',
  'ignored_unknown_actor',
  'rude',
  'key_gone',
  'key_invalid',
  'key_fetch_failed',
  'unworthy',
  'id_conflict',
  'store_unavailable',
])

describe('validate', () => {
  it.each(faults)('answers $code as receive does, unless it is the host’s or the store’s to say', async fault => {
    const plan = goodPlan()
    fault.spoil(plan)
    const { world: built, delivery } = await carryOut(plan)
    const before = await traceOf(built.store)
    const verdict = built.inbound.validate(delivery, carol.peer)
    expect(await traceOf(built.store)).toEqual(before)
    expect(built.fetches).toEqual([])
    if (impure.has(fault.code)) expect(verdict).toMatchObject({ accepted: true })
    else expect(rulingOf(verdict as never)).toEqual(rulingOf((await built.inbound.receive(delivery)) as never))
  })

  it('gives the activity and its signer', async () => {
    const { inbound } = await world()
    const activity = follow(dora, { signature: {} })
    const { signature: _signature, ...told } = activity
    expect(inbound.validate(sent({ from: dora, activity, form: 'rfc9421' }), dora.peer)).toEqual({
      accepted: true,
      activity: told,
      signer: { actor: dora.id, keyId: dora.keyId, form: 'rfc9421', algorithm: 'ed25519' },
    })
  })

  it('takes a proof first, and falls back', async () => {
    const { inbound } = await world()
    const activity = follow(dora)
    const delivery = sent({ from: dora, activity, proofBy: dora })
    expect(inbound.validate(delivery, dora.peer)).toMatchObject({ signer: { form: 'eddsa-jcs-2022' } })
    const bad = sent({ from: dora, activity, proofBy: { ...dora, privateKey: testKeys.otherEd25519 } })
    expect(inbound.validate(bad, dora.peer)).toMatchObject({ signer: { form: 'cavage' } })
    const forwarded = sent({ from: mallory, activity, proofBy: dora })
    expect(inbound.validate(forwarded, dora.peer)).toMatchObject({ signer: { form: 'eddsa-jcs-2022' } })
  })

  it('knows no other keys than those it is given', async () => {
    const { inbound } = await world({ peers: { initial: [carol.peer] } })
    expect(inbound.validate(sent(), dora.peer)).toMatchObject({ code: 'key_owner_mismatch' })
    expect(inbound.validate(sent(), rotated(carol).peer)).toMatchObject({ code: 'signature_invalid' })
    expect(inbound.validate(sent(), { ...carol.peer, keys: [] })).toMatchObject({ code: 'key_owner_mismatch' })
    const stolen = { ...mallory.peer, keys: carol.peer.keys }
    expect(inbound.validate(sent(), stolen)).toMatchObject({ code: 'key_owner_mismatch' })
  })
})

describe('verifySignature', () => {
  it('says who signed, whatever the body says', async () => {
    const { inbound } = await world()
    const delivery = sent({ activity: 'not even JSON', headers: { 'content-type': 'text/plain' } })
    expect(inbound.verifySignature(delivery, carol.peer)).toEqual({
      keyId: carol.keyId,
      owner: carol.id,
      algorithm: 'rsa-sha256',
    })
  })

  it('or why it is not known', async () => {
    const { inbound } = await world()
    expect(inbound.verifySignature(sent(), dora.peer)).toMatchObject({ code: 'key_owner_mismatch', accepted: false })
    expect(inbound.verifySignature(sent(), rotated(carol).peer)).toMatchObject({ code: 'signature_invalid' })
    expect(inbound.verifySignature({ ...sent(), body: Buffer.from('{}') }, carol.peer)).toMatchObject({
      code: 'digest_mismatch',
      stage: 'signature',
    })
    expect(inbound.verifySignature({ ...sent(), rawHeaders: [] }, carol.peer)).toMatchObject({
      code: 'missing_signature',
    })
    const elsewhere = sent({ to: 'https://other.example/inbox' })
    expect(inbound.verifySignature(elsewhere, carol.peer)).toMatchObject({ code: 'insufficient_coverage' })
  })
})
