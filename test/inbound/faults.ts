/**
 * One fault for each refusal there is, in the order of the stages. A plan is a good delivery and the host it comes to; a
 * fault spoils one thing of it, so that several can be in one plan.
 */
import { TwinlogError } from 'twinlog'
import { testKeys, testPeer, type TestPeer } from 'twinlog/testing'
import type { InboundCode } from '../../src/inbound/verdict.ts'
import {
  alice,
  answered,
  appendingBy,
  carol,
  follow,
  inboxOf,
  mallory,
  minute,
  now,
  removed,
  sent,
  us,
  world,
  type Published,
  type Sent,
  type World,
  type WorldOptions,
} from './fixtures.ts'

export interface Plan {
  activity: Record<string, unknown>
  /** Changes the body before it is signed. */
  texts: ((text: string) => string)[]
  contentType: string
  from: TestPeer
  signedAt: number
  host: WorldOptions
  published: Published
  /** Done to the world before the delivery comes. */
  before: ((world: World) => Promise<unknown>)[]
  /** Changes the delivery after it was signed. */
  after: ((delivery: Sent) => Sent)[]
}

export interface Fault {
  readonly code: InboundCode | 'rude' | 'unworthy'
  readonly stage: string
  readonly status: number
  readonly retry: boolean
  readonly spoil: (plan: Plan) => void
}

const depthMax = 8
const bodyBytesMax = 4000

export function goodPlan(): Plan {
  return {
    activity: follow(carol),
    texts: [],
    contentType: 'application/activity+json',
    from: carol,
    signedAt: now,
    host: { limits: { bodyBytesMax, depthMax } },
    published: carol.peer,
    before: [],
    after: [],
  }
}

const lines = (change: (headers: Sent['rawHeaders']) => Sent['rawHeaders']) => (delivery: Sent) => ({
  ...delivery,
  rawHeaders: change(delivery.rawHeaders),
})
const replaceIn = (name: string, from: RegExp, to: string) =>
  lines(headers => headers.map(([each, value]) => [each, each === name ? value.replace(from, to) : value]))

export const faults: readonly Fault[] = [
  {
    code: 'method_not_allowed',
    stage: 'request',
    status: 405,
    retry: false,
    spoil: plan => plan.after.push(delivery => ({ ...delivery, method: 'PUT' })),
  },
  {
    code: 'body_too_large',
    stage: 'body-size',
    status: 413,
    retry: false,
    spoil: plan => plan.texts.push(text => text + ' '.repeat(bodyBytesMax)),
  },
  {
    code: 'unsupported_media_type',
    stage: 'media-type',
    status: 415,
    retry: false,
    spoil: plan => (plan.contentType = 'application/json'),
  },
  {
    code: 'duplicate_header',
    stage: 'header-lines',
    status: 400,
    retry: false,
    spoil: plan => plan.after.push(lines(headers => [...headers, ['Host', 'us.example']])),
  },
  {
    code: 'malformed_json',
    stage: 'json',
    status: 400,
    retry: false,
    spoil: plan => plan.texts.push(text => `${text}]`),
  },
  {
    code: 'json_too_deep',
    stage: 'json',
    status: 400,
    retry: false,
    spoil: plan => (plan.activity['tag'] = JSON.parse('['.repeat(depthMax) + ']'.repeat(depthMax))),
  },
  {
    code: 'duplicate_key',
    stage: 'json',
    status: 400,
    retry: false,
    spoil: plan => plan.texts.push(text => text.replace('{', '{"summary":"a","summary":"b",')),
  },
  {
    code: 'unsafe_key',
    stage: 'json',
    status: 400,
    retry: false,
    spoil: plan => plan.texts.push(text => text.replace('{', '{"__proto__":{"type":"Delete"},')),
  },
  {
    code: 'invalid_envelope',
    stage: 'envelope',
    status: 400,
    retry: false,
    spoil: plan => (plan.activity['id'] = 'urn:uuid:1'),
  },
  {
    code: 'origin_mismatch',
    stage: 'origin',
    status: 403,
    retry: false,
    spoil: plan => (plan.activity['id'] = `${mallory.id}/follows/1`),
  },
  {
    code: 'local_actor_spoof',
    stage: 'origin',
    status: 403,
    retry: false,
    spoil: plan => (plan.activity['actor'] = `${us}/users/bob`),
  },
  {
    code: 'no_such_inbox',
    stage: 'inboxes',
    status: 404,
    retry: false,
    spoil: plan => (plan.host = { ...plan.host, route: () => undefined }),
  },
  {
    code: 'inbox_gone',
    stage: 'inboxes',
    status: 410,
    retry: false,
    spoil: plan => (plan.host = { ...plan.host, route: () => [removed] }),
  },
  {
    code: 'no_recipient',
    stage: 'inboxes',
    status: 202,
    retry: false,
    spoil: plan => (plan.host = { ...plan.host, route: () => [] }),
  },
  {
    code: 'blocked',
    stage: 'block',
    status: 403,
    retry: false,
    spoil: plan => (plan.host = { ...plan.host, isBlocked: () => true }),
  },
  {
    code: 'blocked_silently',
    stage: 'block',
    status: 202,
    retry: false,
    spoil: plan => (plan.host = { ...plan.host, isBlocked: () => 'silent' }),
  },
  {
    code: 'ignored_unknown_actor',
    stage: 'unknown-actor',
    status: 202,
    retry: false,
    spoil: plan => Object.assign(plan.activity, { type: 'Delete', object: carol.id }),
  },
  {
    code: 'rude',
    stage: 'manners',
    status: 418,
    retry: false,
    spoil: plan => withStage(plan, 'manners', 'unverified', { code: 'rude', status: 418 }),
  },
  {
    code: 'missing_signature',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => plan.after.push(lines(headers => headers.filter(([name]) => name !== 'signature'))),
  },
  {
    code: 'malformed_signature',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => plan.after.push(replaceIn('signature', /,headers=/, ',algorithm="rsa-sha256",headers=')),
  },
  {
    code: 'insufficient_coverage',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => plan.after.push(replaceIn('signature', / digest"/, '"')),
  },
  {
    code: 'unsupported_algorithm',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => plan.after.push(replaceIn('signature', /rsa-sha256/, 'hmac-sha256')),
  },
  {
    code: 'signature_expired',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => (plan.signedAt = now - 120 * minute),
  },
  {
    code: 'signature_from_future',
    stage: 'signature',
    status: 401,
    retry: true,
    spoil: plan => (plan.signedAt = now + 120 * minute),
  },
  {
    code: 'digest_mismatch',
    stage: 'signature',
    status: 400,
    retry: false,
    spoil: plan =>
      plan.after.push(delivery => ({ ...delivery, body: Buffer.concat([delivery.body, Buffer.from(' ')]) })),
  },
  {
    code: 'forwarded_unverified',
    stage: 'key',
    status: 202,
    retry: false,
    spoil: plan => (plan.from = mallory),
  },
  {
    code: 'key_gone',
    stage: 'key',
    status: 202,
    retry: false,
    spoil: plan => (plan.published = answered(410)),
  },
  {
    code: 'key_invalid',
    stage: 'key',
    status: 401,
    retry: true,
    spoil: plan => (plan.published = { ...carol.peer, id: mallory.id }),
  },
  {
    code: 'key_fetch_failed',
    stage: 'key',
    status: 503,
    retry: true,
    spoil: plan => (plan.published = answered(500)),
  },
  {
    code: 'signature_invalid',
    stage: 'verify',
    status: 401,
    retry: true,
    spoil: plan => (plan.from = { ...carol, privateKey: testKeys.otherRsa }),
  },
  {
    code: 'key_owner_mismatch',
    stage: 'key-owner',
    status: 403,
    retry: false,
    spoil: plan => (plan.from = testPeer(carol.id, { keyId: `${carol.id}#unlisted` })),
  },
  {
    code: 'not_owner',
    stage: 'object-owner',
    status: 403,
    retry: false,
    spoil: plan => Object.assign(plan.activity, { type: 'Update', object: `${mallory.id}/notes/1` }),
  },
  {
    code: 'unworthy',
    stage: 'worth',
    status: 422,
    retry: true,
    spoil: plan => withStage(plan, 'worth', 'verified', { code: 'unworthy', status: 422, retry: true }),
  },
  {
    code: 'id_conflict',
    stage: 'append',
    status: 202,
    retry: false,
    spoil: plan =>
      plan.before.push(({ store }) => store.inbox(alice).appendJson('{}', { key: String(plan.activity['id']) })),
  },
  {
    code: 'store_unavailable',
    stage: 'append',
    status: 503,
    retry: true,
    spoil: plan =>
      (plan.host = {
        ...plan.host,
        seenAs: store => appendingBy(store, new TwinlogError('LOW_SPACE', 'the disk is full', { path: '/' })),
      }),
  },
]

function withStage(
  plan: Plan,
  name: string,
  at: 'unverified' | 'verified',
  refusal: { code: string; status: number; retry?: boolean },
): void {
  plan.host = { ...plan.host, stages: [...(plan.host.stages ?? []), { name, at, check: () => refusal }] }
}

/** The world of a plan, and its delivery. */
export async function carryOut(plan: Plan): Promise<{ readonly world: World; readonly delivery: Sent }> {
  const built = await world(plan.host)
  built.published.set(carol.id, plan.published)
  for (const step of plan.before) await step(built)
  let text = JSON.stringify(plan.activity)
  for (const change of plan.texts) text = change(text)
  const { from, signedAt, contentType } = plan
  const headers = { 'content-type': contentType }
  let delivery = sent({ from, activity: text, now: signedAt, headers, to: inboxOf(alice) })
  for (const change of plan.after) delivery = change(delivery)
  return { world: built, delivery }
}
