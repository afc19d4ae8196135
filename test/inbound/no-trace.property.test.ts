/** Invariant 12: a rejected delivery leaves no trace; an accepted one leaves exactly its bytes, once in each inbox. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { testKeys, type TestPeer } from 'twinlog/testing'
import { runs } from '../engine/runs.ts'
import { randomFrom } from '../engine/random.ts'
import type { HostStore } from '../../src/host-store.ts'
import {
  alice,
  answered,
  bob,
  carol,
  dora,
  inboxOf,
  mallory,
  minute,
  now,
  removed,
  sent,
  sharedInbox,
  traceOf,
  us,
  withHeaders,
  world,
  type Sent,
  type World,
} from './fixtures.ts'
import { temporaryStore } from './temporary-store.ts'

/** A delivery before anything is wrong with it. There are few ids and two texts of each, so they come again. */
interface Intent {
  readonly from: TestPeer
  readonly id: number
  readonly text: number
  readonly to: string
  readonly form: 'cavage' | 'rfc9421'
}

const recipients = new Map([
  [inboxOf(alice), [alice]],
  [inboxOf(bob), [bob]],
  [sharedInbox, [alice, bob]],
])
const intents: fc.Arbitrary<Intent> = fc.record({
  from: fc.constantFrom(carol, dora, mallory),
  id: fc.nat(3),
  text: fc.nat(1),
  to: fc.constantFrom(...recipients.keys()),
  form: fc.constantFrom('cavage', 'rfc9421'),
})

const activityOf = ({ from, id, text }: Intent): Record<string, unknown> => ({
  id: `${from.id}/${id}`,
  type: 'Create',
  actor: from.id,
  object: { id: `${from.id}/notes/${id}`, content: `text ${text}` },
})
const good = (intent: Intent, changes: object = {}): Sent =>
  sent({ activity: activityOf(intent), ...intent, now, ...changes })

/** What makes a delivery bad, from a good one. None of these may ever be appended. */
const bad: Readonly<Record<string, (intent: Intent, seed: number) => Sent>> = {
  'another body': (intent, seed) => ({ ...good(intent), body: Buffer.from(`{"a":${seed}}`) }),
  'a flipped bit': (intent, seed) => {
    const body = Buffer.from(good(intent).body)
    body[randomFrom(seed)(body.length)]! ^= 1
    return { ...good(intent), body }
  },
  forged: intent => good(intent, { from: { ...intent.from, privateKey: testKeys.otherEd25519 } }),
  'an unlisted key': intent => good(intent, { from: { ...intent.from, keyId: `${intent.from.id}#other` } }),
  late: intent => good(intent, { now: now - 24 * 60 * minute }),
  unsigned: intent => withHeaders(good(intent), { signature: undefined }),
  'another inbox': intent => ({ ...good(intent), url: `${us}/other` }),
  'a removed inbox': intent => ({ ...good(intent), url: inboxOf(removed) }),
  'another method': intent => ({ ...good(intent), method: 'PUT' }),
  'another type': intent => withHeaders(good(intent), { 'content-type': 'text/html' }),
  'a foreign id': intent => good(intent, { activity: { ...activityOf(intent), id: 'https://other.example/1' } }),
  'in our name': intent => good(intent, { activity: { ...activityOf(intent), actor: alice } }),
  'of a stranger': intent => {
    const stranger = intent.from === mallory ? carol : mallory
    return good(intent, { from: stranger })
  },
  'a foreign object': intent =>
    good(intent, { activity: { ...activityOf(intent), type: 'Delete', object: 'https://other.example/1' } }),
  'an actor without a server': intent => {
    const actor = `https://gone.example/${intent.id}`
    const from = { ...intent.from, id: actor, keyId: `${actor}#main-key` }
    return good({ ...intent, from })
  },
  unwanted: intent => good(intent, { activity: { ...activityOf(intent), summary: 'spam' } }),
}

interface Step {
  readonly intent: Intent
  readonly fault: string | undefined
  readonly seed: number
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    intent: intents,
    fault: fc.oneof(fc.constant(undefined), fc.constantFrom(...Object.keys(bad))),
    seed: fc.nat(),
  }),
  { minLength: 1, maxLength: 14 },
)

/** All that an inbox is here: the texts in it, and which id has which. */
type Inboxes = ReadonlyMap<string, Map<string, string>>

/** What each recipient's inbox makes of a good delivery. */
function accept(inboxes: Inboxes, { to }: Intent, id: string, text: string): string {
  const outcomes = recipients.get(to)!.map((actor): string => {
    const inbox = inboxes.get(actor)!
    const known = inbox.get(id)
    if (known === undefined) inbox.set(id, text)
    return known === undefined ? 'accepted' : known === text ? 'duplicate' : 'id_conflict'
  })
  return ['accepted', 'duplicate', 'id_conflict'].find(each => outcomes.includes(each))!
}

async function assertContents(store: HostStore, inboxes: Inboxes): Promise<void> {
  for (const [actor, texts] of inboxes) {
    const inbox = store.inbox(actor)
    const found: string[] = []
    for await (const { seq, bytes, value } of inbox.read()) {
      found.push(Buffer.from(bytes).toString())
      assert.equal(await inbox.find((value as { id: string }).id), seq)
    }
    assert.deepEqual(found, [...texts.values()])
    for (const peer of [carol, dora, mallory]) {
      for (let id = 0; id < 4; id++) {
        const key = `${peer.id}/${id}`
        assert.equal((await inbox.find(key)) !== undefined, texts.has(key), 'an id that is not there is free')
      }
    }
    assert.deepEqual(await store.outbox(actor).bounds(), { first: 1, tip: 0 })
  }
}

/** What changes when nobody does anything, and what an accepted delivery may change besides. */
async function observe({
  store,
}: World): Promise<{ readonly logs: unknown; readonly peers: readonly { id: string }[] }> {
  return (await traceOf(store)) as { logs: unknown; peers: { id: string }[] }
}

describe.each([
  { name: 'in memory', open: undefined, share: 1 },
  { name: 'on disk', open: () => temporaryStore({ segmentBytes: 8192 }), share: 0.2 },
])('$name', ({ open, share }) => {
  it('invariant 12: what is rejected leaves no trace, and what is accepted is there once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async all => {
        const check = ({ activity }: { activity: object }) =>
          'summary' in activity ? { code: 'unwanted', status: 403 } : undefined
        const options = { stages: [{ name: 'wanted', at: 'verified' as const, check }] }
        const built = await world({ ...options, ...(open === undefined ? {} : { open: open() }) })
        const { inbound, store, published, fetches } = built
        for (let id = 0; id < 4; id++) published.set(`https://gone.example/${id}`, answered(id % 2 === 0 ? 500 : 410))
        const inboxes: Inboxes = new Map([alice, bob].map(actor => [actor, new Map<string, string>()]))
        for (const { intent, fault, seed } of all) {
          const before = await observe(built)
          const delivery = fault === undefined ? good(intent) : bad[fault]!(intent, seed)
          const verdict = await inbound.receive(delivery)
          const { id } = activityOf(intent)
          const text = Buffer.from(delivery.body).toString()
          if (fault === undefined) assert.equal(verdict.code, accept(inboxes, intent, String(id), text))
          else assert.equal(verdict.accepted, false, fault)
          const after = await observe(built)
          if (!verdict.accepted || verdict.code === 'duplicate') assert.deepEqual(after.logs, before.logs, verdict.code)
          // Whoever was known is known as before; who came to be known is what its server says.
          assert.deepEqual(after.peers.slice(0, before.peers.length), before.peers)
          for (const peer of after.peers) assert.deepEqual(peer, published.get(peer.id))
        }
        await assertContents(store, inboxes)
        assert.deepEqual(
          [...new Set(fetches)].filter(id => !published.has(id)),
          [],
        )
        await store.close()
      }),
      runs(60 * share),
    )
  })
})
