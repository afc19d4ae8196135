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
  readonly spoil: (plan: Plan) => unknown
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

const fault = (
  code: Fault['code'],
  stage: string,
  status: number,
  retry: boolean,
  spoil: (plan: Plan) => unknown,
): Fault => ({ code, stage, status, retry, spoil })

export const faults: readonly Fault[] = [
  fault('method_not_allowed', 'request', 405, false, plan =>
    plan.after.push(delivery => ({ ...delivery, method: 'PUT' })),
  ),
  fault('body_too_large', 'body-size', 413, false, plan => plan.texts.push(text => text + ' '.repeat(bodyBytesMax))),
  fault('unsupported_media_type', 'media-type', 415, false, plan => (plan.contentType = 'application/json')),
  fault('duplicate_header', 'header-lines', 400, false, plan =>
    plan.after.push(lines(headers => [...headers, ['Host', 'us.example']])),
  ),
  fault('malformed_json', 'json', 400, false, plan => plan.texts.push(text => `${text}]`)),
  fault(
    'json_too_deep',
    'json',
    400,
    false,
    plan => (plan.activity['tag'] = JSON.parse('['.repeat(depthMax) + ']'.repeat(depthMax))),
  ),
  fault('duplicate_key', 'json', 400, false, plan =>
    plan.texts.push(text => text.replace('{', '{"summary":"a","summary":"b",')),
  ),
  fault('unsafe_key', 'json', 400, false, plan =>
    plan.texts.push(text => text.replace('{', '{"__proto__":{"type":"Delete"},')),
  ),
  fault('invalid_envelope', 'envelope', 400, false, plan => (plan.activity['id'] = 'urn:uuid:1')),
  fault('origin_mismatch', 'origin', 403, false, plan => (plan.activity['id'] = `${mallory.id}/follows/1`)),
  fault('local_actor_spoof', 'origin', 403, false, plan => (plan.activity['actor'] = `${us}/users/bob`)),
  fault('no_such_inbox', 'inboxes', 404, false, plan => (plan.host = { ...plan.host, route: () => undefined })),
  fault('inbox_gone', 'inboxes', 410, false, plan => (plan.host = { ...plan.host, route: () => [removed] })),
  fault('no_recipient', 'inboxes', 202, false, plan => (plan.host = { ...plan.host, route: () => [] })),
  fault('blocked', 'block', 403, false, plan => (plan.host = { ...plan.host, isBlocked: () => true })),
  fault('blocked_silently', 'block', 202, false, plan => (plan.host = { ...plan.host, isBlocked: () => 'silent' })),
  fault('ignored_unknown_actor', 'unknown-actor', 202, false, plan =>
    Object.assign(plan.activity, { type: 'Delete', object: carol.id }),
  ),
  fault('rude', 'manners', 418, false, plan => withStage(plan, 'manners', 'unverified', { code: 'rude', status: 418 })),
  fault('missing_signature', 'signature', 401, true, plan =>
    plan.after.push(lines(headers => headers.filter(([name]) => name !== 'signature'))),
  ),
  fault('malformed_signature', 'signature', 401, true, plan =>
    plan.after.push(replaceIn('signature', /,headers=/, ',algorithm="rsa-sha256",headers=')),
  ),
  fault('insufficient_coverage', 'signature', 401, true, plan =>
    plan.after.push(replaceIn('signature', / digest"/, '"')),
  ),
  fault('unsupported_algorithm', 'signature', 401, true, plan =>
    plan.after.push(replaceIn('signature', /rsa-sha256/, 'hmac-sha256')),
  ),
  fault('signature_expired', 'signature', 401, true, plan => (plan.signedAt = now - 120 * minute)),
  fault('signature_from_future', 'signature', 401, true, plan => (plan.signedAt = now + 120 * minute)),
  fault('digest_mismatch', 'signature', 400, false, plan =>
    plan.after.push(delivery => ({ ...delivery, body: Buffer.concat([delivery.body, Buffer.from(' ')]) })),
  ),
  fault('forwarded_unverified', 'key', 202, false, plan => (plan.from = mallory)),
  fault('key_gone', 'key', 202, false, plan => (plan.published = answered(410))),
  fault('key_invalid', 'key', 401, true, plan => (plan.published = { ...carol.peer, id: mallory.id })),
  fault('key_fetch_failed', 'key', 503, true, plan => (plan.published = answered(500))),
  fault('signature_invalid', 'verify', 401, true, plan => (plan.from = { ...carol, privateKey: testKeys.otherRsa })),
  fault(
    'key_owner_mismatch',
    'key-owner',
    403,
    false,
    plan => (plan.from = testPeer(carol.id, { keyId: `${carol.id}#unlisted` })),
  ),
  fault('not_owner', 'object-owner', 403, false, plan =>
    Object.assign(plan.activity, { type: 'Update', object: `${mallory.id}/notes/1` }),
  ),
  fault('unworthy', 'worth', 422, true, plan =>
    withStage(plan, 'worth', 'verified', { code: 'unworthy', status: 422, retry: true }),
  ),
  fault('id_conflict', 'append', 202, false, plan =>
    plan.before.push(({ store }) => store.inbox(alice).appendJson('{}', { key: String(plan.activity['id']) })),
  ),
  fault(
    'store_unavailable',
    'append',
    503,
    true,
    plan =>
      (plan.host = {
        ...plan.host,
        seenAs: store => appendingBy(store, new TwinlogError('LOW_SPACE', 'the disk is full', { path: '/' })),
      }),
  ),
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
