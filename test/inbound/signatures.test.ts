/** What a signature has to be before a key is looked for, seen from the pipeline, and the order of these questions. */
import { headerLines } from '../../src/signatures/delivery.ts'
import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../src/inbound/limits.ts'
import { KeyFinder } from '../../src/inbound/stages/key.ts'
import { readClaims, type Claim } from '../../src/inbound/stages/signature.ts'
import { verifyClaim } from '../../src/inbound/stages/verify.ts'
import { testKeys } from 'twinlog/testing'
import {
  carol,
  codeOf,
  dora,
  follow,
  header,
  mallory,
  minute,
  now,
  replaced,
  rotated,
  sent,
  withHeaders,
  world,
  type Sent,
} from './fixtures.ts'

const hour = 60 * minute
const forms = ['cavage', 'rfc9421'] as const

describe.each(forms.flatMap(form => [carol, dora].map(from => ({ form, from, kind: from.peer.keys[0]!.algorithm }))))(
  'form $form, a key of kind $kind',
  ({ form, from }) => {
    it('is accepted, and says so', async () => {
      const { inbound } = await world()
      expect(await inbound.receive(sent({ form, from }))).toMatchObject({
        accepted: true,
        signer: { actor: from.id, keyId: from.keyId, form },
      })
    })

    it('is fresh for five minutes, and an hour of skew', async () => {
      expect(await codeOf(sent({ form, from, now: now - 65 * minute }))).toBe('accepted')
      expect(await codeOf(sent({ form, from, now: now - 65 * minute - 1000 }))).toBe('signature_expired')
      expect(await codeOf(sent({ form, from, now: now + hour }))).toBe('accepted')
      expect(await codeOf(sent({ form, from, now: now + hour + 1000 }))).toBe('signature_from_future')
    })
  },
)

describe('coverage', () => {
  it.each(['(request-target)', 'host', 'date', 'digest'])('cavage without %s', async name => {
    const delivery = sent()
    const [, covered = ''] = /headers="([^"]*)"/.exec(header(delivery, 'signature')) ?? []
    const rest = covered.split(' ').filter(each => each !== name)
    expect(rest).toHaveLength(3)
    expect(await codeOf(replaced(delivery, 'signature', covered, rest.join(' ')))).toBe('insufficient_coverage')
  })

  it.each(['"@method" ', '"@target-uri" ', ' "content-digest"', /;created=\d+/, /;keyid="[^"]*"/])(
    'rfc9421 without %s',
    async part => {
      expect(await codeOf(replaced(sent({ form: 'rfc9421' }), 'signature-input', part, ''))).toBe(
        'insufficient_coverage',
      )
    },
  )
})

describe('the order of the questions', () => {
  it('is syntax, algorithm, coverage, freshness, digest', async () => {
    const torn = { ...sent({ now: now - 24 * hour }), body: Buffer.from(JSON.stringify(follow(carol))) }
    expect(await codeOf(torn)).toBe('signature_expired')
    const uncovered = replaced(torn, 'signature', ' digest"', '"')
    expect(await codeOf(uncovered)).toBe('insufficient_coverage')
    const unknown = replaced(uncovered, 'signature', 'rsa-sha256', 'hmac-sha256')
    expect(await codeOf(unknown)).toBe('unsupported_algorithm')
    const broken = replaced(unknown, 'signature', ',headers', ',,headers')
    expect(await codeOf(broken)).toBe('malformed_signature')
    expect(await codeOf(withHeaders(broken, { signature: undefined }))).toBe('missing_signature')
    expect(await codeOf({ ...sent(), body: torn.body })).toBe('digest_mismatch')
  })
})

describe('by itself', () => {
  const context = { host: 'us.example', now, limits: limitsOf() }
  const read = (delivery: Sent, actor = carol.id) =>
    readClaims(
      {
        delivery,
        lines: headerLines(delivery),
        document: { id: actor },
        envelope: { id: actor, types: [], actor, activity: { id: actor, type: 'Like' } },
      },
      context,
    )

  it('the signature stage gives what a key may confirm', () => {
    expect(read(sent())).toMatchObject({ claims: [{ form: 'cavage', keyId: carol.keyId }] })
    expect(read(sent({ from: mallory }))).toMatchObject({ code: 'forwarded_unverified', stage: 'key' })
    expect(read(sent({ from: dora }))).toMatchObject({ claims: [{ keyId: dora.keyId }] })
    expect(read(withHeaders(sent(), { signature: undefined }))).toMatchObject({ code: 'missing_signature' })
  })

  const claimOf = (delivery: Sent): Claim => (read(delivery) as { claims: readonly Claim[] }).claims[0]!

  it('the verify stage asks the key, and a newer one when it was cached', async () => {
    const { store, published, fetches } = await world({ peers: { initial: [carol.peer] } })
    const fetchPeer = (id: string) => {
      fetches.push(id)
      return published.get(id) as typeof carol.peer
    }
    const keys = new KeyFinder({ peers: store.peers, fetchPeer, limits: limitsOf({ refreshCooldownMs: 0 }) })
    expect(await verifyClaim(claimOf(sent()), carol.id, now, keys)).toMatchObject({ verified: { owner: carol.id } })
    expect(fetches).toEqual([])
    const newer = rotated(carol)
    const claim = claimOf(sent({ from: newer }))
    expect(await verifyClaim(claim, carol.id, now, keys)).toMatchObject({ code: 'signature_invalid', stage: 'verify' })
    published.set(carol.id, newer.peer)
    expect(await verifyClaim(claim, carol.id, now, keys)).toMatchObject({ peer: newer.peer, stale: false })
    const older = claimOf(sent({ from: { ...carol, privateKey: testKeys.ed25519 } }))
    expect(await verifyClaim(older, carol.id, now, keys)).toMatchObject({ accepted: false })
    expect(fetches).toEqual([carol.id, carol.id, carol.id])
  })
})
