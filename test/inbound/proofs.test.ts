/** Integrity proofs (FEP-8b32): what travels with an activity, whoever delivers it. */
import { describe, expect, it } from 'vitest'
import { addProof } from 'twinlog'
import { testKeys, testPeer, type TestPeer } from 'twinlog/testing'
import { alice, answered, dora, follow, mallory, minute, now, sent, textsIn, world } from './fixtures.ts'

/** One who signs deliveries with RSA, and activities with Ed25519, as servers do that have both. */
const erin = testPeer('https://remote.example/users/erin', { fetchedAt: now })
const assertion = testPeer(erin.id, { keyId: `${erin.id}#ed25519-key`, privateKey: testKeys.ed25519, fetchedAt: now })
const published = { ...erin.peer, keys: [...erin.peer.keys, ...assertion.peer.keys] }

const proven = (
  by: Pick<TestPeer, 'keyId' | 'privateKey'> = assertion,
  members: object = {},
): Record<string, unknown> => ({
  ...addProof(follow(erin, members), { key: { id: by.keyId, privateKey: by.privateKey }, created: now }),
})
const byProof = { actor: erin.id, keyId: assertion.keyId, form: 'eddsa-jcs-2022', algorithm: 'ed25519' }
const bySignature = { actor: erin.id, keyId: erin.keyId, form: 'cavage', algorithm: 'rsa-sha256' }

async function erinsWorld(state: unknown = published) {
  const built = await world()
  built.published.set(erin.id, state)
  return built
}

/** The activity with its proof changed. */
function withProof(activity: Record<string, unknown>, change: object): Record<string, unknown> {
  return { ...activity, proof: { ...(activity['proof'] as object), ...change } }
}

const broken: readonly (readonly [string, () => Record<string, unknown>])[] = [
  ['with a changed member', () => ({ ...proven(), object: `${alice}x` })],
  ['with another member', () => ({ ...proven(), content: 'x' })],
  ['by a stranger in her name', () => proven({ ...assertion, privateKey: testKeys.otherEd25519 })],
  ['by a key that she does not list', () => proven({ ...assertion, keyId: `${erin.id}#other` })],
  ['by a neighbour', () => proven(dora)],
]
const unusable: readonly (readonly [string, () => Record<string, unknown>])[] = [
  ['none', () => follow(erin)],
  ['of another cryptosuite', () => withProof(proven(), { cryptosuite: 'ecdsa-jcs-2019' })],
  ['that is null', () => ({ ...follow(erin), proof: null })],
  ['that is empty', () => ({ ...follow(erin), proof: [] })],
  ['without a value', () => withProof(proven(), { proofValue: undefined })],
  ['of another purpose', () => withProof(proven(), { proofPurpose: 'authentication' })],
  ['from the future', () => withProof(proven(), { created: '2099-01-01T00:00:00Z' })],
  ['that expired', () => withProof(proven(), { expires: '2020-01-01T00:00:00Z' })],
  ['by a key of another origin', () => proven({ ...mallory, privateKey: testKeys.ed25519 })],
  [
    'as a Linked Data signature',
    () => ({ ...follow(erin), signature: { type: 'RsaSignature2017', creator: erin.keyId } }),
  ],
]

describe('an activity that somebody else forwards', () => {
  it.each(['cavage', 'rfc9421'] as const)('with a proof is accepted, in the form %s', async form => {
    const { inbound, store, fetches } = await erinsWorld()
    const activity = proven()
    expect(await inbound.receive(sent({ from: mallory, activity, form }))).toMatchObject({
      code: 'accepted',
      signer: byProof,
    })
    expect(await textsIn(store, alice)).toEqual([JSON.stringify(activity)])
    expect((await store.inbox(alice).get(1))?.meta).toMatchObject({ keyId: byProof.keyId, form: byProof.form })
    // The forwarder is nobody's business.
    expect(fetches).toEqual([erin.id])
  })

  it('with a proof is the same as when it comes from its actor', async () => {
    const { inbound } = await erinsWorld()
    const activity = proven()
    await inbound.receive(sent({ from: erin, activity }))
    expect(await inbound.receive(sent({ from: mallory, activity }))).toMatchObject({ code: 'duplicate' })
  })

  it('with a proof is accepted long after it was made', async () => {
    const { inbound, time } = await erinsWorld()
    time.now = now + 30 * 24 * 60 * minute
    expect(await inbound.receive(sent({ from: mallory, activity: proven(), now: time.now }))).toMatchObject({
      accepted: true,
    })
  })

  it.each(broken)('with a proof %s is refused', async (_, activity) => {
    const { inbound, store } = await erinsWorld()
    const verdict = await inbound.receive(sent({ from: mallory, activity: activity() }))
    expect(['signature_invalid', 'key_owner_mismatch']).toContain(verdict.code)
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it.each(unusable)('with a proof %s is left for the host to fetch', async (_, activity) => {
    const { inbound, store, fetches } = await erinsWorld()
    expect(await inbound.receive(sent({ from: mallory, activity: activity() }))).toMatchObject({
      code: 'forwarded_unverified',
      status: 202,
      retry: false,
    })
    expect(await store.inbox(alice).tip()).toBe(0)
    expect(fetches).toEqual([])
  })

  it('by a neighbour is no better', async () => {
    const { inbound } = await erinsWorld()
    expect(await inbound.receive(sent({ from: dora, activity: follow(erin) }))).toMatchObject({
      code: 'key_owner_mismatch',
    })
    expect(await inbound.receive(sent({ from: dora, activity: proven() }))).toMatchObject({ signer: byProof })
  })

  it('waits for its actor’s server', async () => {
    const { inbound } = await erinsWorld(answered(500))
    expect(await inbound.receive(sent({ from: mallory, activity: proven() }))).toMatchObject({
      code: 'key_fetch_failed',
      status: 503,
    })
  })
})

describe('an activity from its own actor', () => {
  it('is vouched for by the proof first', async () => {
    const { inbound } = await erinsWorld()
    expect(await inbound.receive(sent({ from: erin, activity: proven() }))).toMatchObject({ signer: byProof })
    const forger = { ...erin, privateKey: testKeys.otherRsa }
    expect(await inbound.receive(sent({ from: forger, activity: proven() }))).toMatchObject({ signer: byProof })
  })

  it.each([...broken, ...unusable])('with a proof %s falls back to its HTTP signature', async (_, activity) => {
    const { inbound, fetches } = await erinsWorld()
    expect(await inbound.receive(sent({ from: erin, activity: activity() }))).toMatchObject({ signer: bySignature })
    expect(fetches).toEqual([erin.id])
  })

  it.each(broken)('with a proof %s and a forged HTTP signature is refused', async (_, activity) => {
    const { inbound, store } = await erinsWorld()
    const forger = { ...erin, privateKey: testKeys.otherRsa }
    expect(await inbound.receive(sent({ from: forger, activity: activity() }))).toMatchObject({
      code: 'signature_invalid',
    })
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('falls back when the key of the proof can not be fetched, and its own is in the cache', async () => {
    const { inbound, store, published: servers } = await world()
    await store.peers.store(erin.peer)
    servers.set(erin.id, answered(500))
    expect(await inbound.receive(sent({ from: erin, activity: proven() }))).toMatchObject({ signer: bySignature })
  })

  it('does not fall back for one that only shares the server', async () => {
    const { inbound } = await erinsWorld()
    const [, activity] = broken[0]!
    expect(await inbound.receive(sent({ from: dora, activity: activity() }))).toMatchObject({ accepted: false })
  })

  it('is fetched at most once, though both claims fail', async () => {
    const { inbound, fetches } = await erinsWorld()
    const [, activity] = broken[3]!
    await inbound.receive(sent({ from: { ...erin, keyId: `${erin.id}#none` }, activity: activity() }))
    expect(fetches).toEqual([erin.id])
  })
})
