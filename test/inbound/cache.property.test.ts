/** Invariant 11: the peer cache is only a cache. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { it } from 'vitest'
import { testKeys, testPeer, type TestPeer } from 'twinlog/testing'
import { runs } from '../engine/runs.ts'
import {
  alice,
  answered,
  carol,
  dora,
  follow,
  mallory,
  minute,
  now,
  rotated,
  sent,
  world,
  type Sent,
} from './fixtures.ts'

const everybody = [carol, dora, mallory]

const isRsa = ({ privateKey }: TestPeer): boolean => privateKey.asymmetricKeyType === 'rsa'
const forgerOf = (peer: TestPeer): TestPeer => ({ ...peer, privateKey: testKeys.otherEd25519 })

/** What may be sent, as its sender's keys are by now. */
const kinds: Readonly<Record<string, (sender: TestPeer, other: TestPeer, at?: number) => Sent>> = {
  good: (from, _, at = now) => sent({ from, now: at }),
  'in the other form': from => sent({ from, form: 'rfc9421' }),
  forged: (from, _, at = now) => sent({ from: forgerOf(from), now: at }),
  unlisted: (from, _, at = now) => sent({ from: { ...from, keyId: `${from.id}#unlisted` }, now: at }),
  torn: from => ({ ...sent({ from }), body: Buffer.from('{') }),
  late: from => sent({ from, now: now - 24 * 60 * minute }),
  forwarded: (from, other) => sent({ from: other, activity: follow(from) }),
  proven: (from, other) => sent({ from: other, activity: follow(from), proofBy: isRsa(from) ? forgerOf(from) : from }),
  'of itself': (from, _, at = now) =>
    sent({ from, now: at, activity: { id: `${from.id}#delete`, type: 'Delete', actor: from.id, object: from.id } }),
}

interface Sending {
  readonly type: 'send'
  readonly kind: string
  readonly from: number
  readonly other: number
}

interface Change {
  readonly type: 'drop' | 'rotate'
  readonly from: number
}

const who = fc.nat(everybody.length - 1)
const sending: fc.Arbitrary<Sending> = fc.record({
  type: fc.constant('send'),
  kind: fc.constantFrom(...Object.keys(kinds)),
  from: who,
  other: who,
})
const change: fc.Arbitrary<Change> = fc.record({ type: fc.constantFrom('drop', 'rotate'), from: who })
const steps = fc.array(fc.oneof({ arbitrary: sending, weight: 4 }, { arbitrary: change, weight: 1 }), {
  minLength: 1,
  maxLength: 12,
})

it('invariant 11: dropping peers changes no verdict, as long as they can be fetched', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      // Only a cooldown knows of the past. A host that wants to be sure of `Delete` says whom it knows.
      const options = { limits: { refreshCooldownMs: 0 }, isKnownActor: () => true }
      const [keeping, dropping] = [await world(options), await world(options)]
      const senders = [...everybody]
      for (const step of all) {
        const sender = senders[step.from]!
        if (step.type === 'send') {
          const delivery = kinds[step.kind]!(sender, senders[step.other]!)
          const verdicts = [await keeping.inbound.receive(delivery), await dropping.inbound.receive(delivery)]
          assert.deepEqual(verdicts[1], verdicts[0], step.kind)
        } else if (step.type === 'drop') {
          for (const { id } of dropping.store.peers.list()) await dropping.store.peers.evict(id)
        } else {
          senders[step.from] = rotated(sender, { privateKey: isRsa(sender) ? testKeys.ed25519 : testKeys.rsa })
          for (const { published } of [keeping, dropping]) published.set(sender.id, senders[step.from]!.peer)
        }
      }
      assert.equal(await dropping.store.inbox(alice).tip(), await keeping.store.inbox(alice).tip())
    }),
    runs(60),
  )
})

const failures: Readonly<Record<string, unknown>> = {
  error: answered(500),
  gone: answered(410),
  never: () => new Promise(() => undefined),
  null: () => null,
  document: carol.document,
  'another one': testPeer('https://remote.example/users/nobody').peer,
  'foreign keys': { ...carol.peer, keys: mallory.peer.keys },
}

it('invariant 11: a failed fetch changes nothing that was good', async () => {
  const outage = fc.record({
    from: who,
    failure: fc.constantFrom(...Object.keys(failures)),
    provoked: fc.constantFrom('forged', 'unlisted', 'of itself', 'good'),
    after: fc.constantFrom(0, minute, 6 * minute, 25 * 60 * minute),
  })
  const cached = fc.subarray([0, 1, 2], { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(cached, fc.array(outage, { minLength: 1, maxLength: 6 }), async (good, outages) => {
      const initial = good.map(at => everybody[at]!.peer)
      const { inbound, store, published, time } = await world({ peers: { initial, fetchTimeoutMs: 2 } })
      for (const { from, failure, provoked, after } of outages) {
        const sender = everybody[from]!
        time.now += after
        for (const { id } of everybody) published.set(id, failures[failure])
        await inbound.receive(kinds[provoked]!(sender, sender, time.now))
        assert.deepEqual(store.peers.list(), initial)
        for (const at of good) {
          const verdict = await inbound.receive(sent({ from: everybody[at]!, now: time.now }))
          assert.equal(verdict.code, 'accepted')
        }
      }
    }),
    runs(40),
  )
})
