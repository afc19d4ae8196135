/** Each refusal: what the sender gets, that it leaves no trace, and that of two faults the earlier stage speaks. */
import { describe, expect, it } from 'vitest'
import { reject, type InboundCode } from '../../src/inbound/verdict.ts'
import { carryOut, faults, goodPlan, type Fault } from './faults.ts'
import { carol, rulingOf, traceOf } from './fixtures.ts'

/** The codes of the pipeline's own; a new one has to be here, and so needs a fault. */
const everyCode: Readonly<Record<InboundCode, true>> = {
  method_not_allowed: true,
  body_too_large: true,
  unsupported_media_type: true,
  duplicate_header: true,
  malformed_json: true,
  json_too_deep: true,
  duplicate_key: true,
  unsafe_key: true,
  invalid_envelope: true,
  origin_mismatch: true,
  local_actor_spoof: true,
  no_such_inbox: true,
  inbox_gone: true,
  no_recipient: true,
  blocked: true,
  blocked_silently: true,
  ignored_unknown_actor: true,
  missing_signature: true,
  malformed_signature: true,
  insufficient_coverage: true,
  unsupported_algorithm: true,
  signature_expired: true,
  signature_from_future: true,
  digest_mismatch: true,
  forwarded_unverified: true,
  key_gone: true,
  key_invalid: true,
  key_fetch_failed: true,
  signature_invalid: true,
  key_owner_mismatch: true,
  not_owner: true,
  id_conflict: true,
  store_unavailable: true,
}

/** What two faults do to one plan is not both of them. */
const exclusive: readonly (readonly [string, string])[] = [
  // One of them takes the other's place in the plan.
  ['ignored_unknown_actor', 'not_owner'],
  ['forwarded_unverified', 'signature_invalid'],
  ['forwarded_unverified', 'key_owner_mismatch'],
  // Which key an actor lists is asked when the key is looked for: what it does not list verifies nothing.
  ['signature_invalid', 'key_owner_mismatch'],
]

const rulingIn = ({ code, stage, status, retry }: Fault): object => ({ code, stage, status, retry })

it('a delivery without a fault is accepted', async () => {
  const { world, delivery } = await carryOut(goodPlan())
  expect(rulingOf(await world.inbound.receive(delivery))).toEqual({ code: 'accepted', status: 202 })
})

it('there is a fault for each code', () => {
  const hosts = ['rude', 'unworthy']
  expect(faults.map(({ code }) => code).toSorted()).toEqual([...Object.keys(everyCode), ...hosts].toSorted())
})

it('senders take what is final for final, and what may pass later for that', () => {
  for (const code of Object.keys(everyCode) as InboundCode[]) {
    const { status, retry } = reject(code, '')
    expect(retry, code).toBe([401, 408, 429, 500, 502, 503, 504].includes(status))
  }
})

describe.each(faults.map((fault, at) => ({ ...fault, fault, at })))('$stage: $code', ({ fault, at }) => {
  it('is answered, and leaves no trace', async () => {
    const plan = goodPlan()
    fault.spoil(plan)
    const { world, delivery } = await carryOut(plan)
    const before = (await traceOf(world.store)) as { logs: object[] }
    const verdict = await world.inbound.receive(delivery)
    expect(rulingOf(verdict)).toEqual(rulingIn(fault))
    expect(verdict.accepted).toBe(false)
    const after = (await traceOf(world.store)) as { logs: object[]; peers: object[] }
    expect(after.logs).toEqual(before.logs)
    // A peer may have come to be known, and then it is the one that was published.
    expect([[], [carol.peer]]).toContainEqual(after.peers)
  })

  it('comes before what a later stage would say', async () => {
    for (const later of faults.slice(at + 1)) {
      if (later.stage === fault.stage || exclusive.some(pair => pair[0] === fault.code && pair[1] === later.code))
        continue
      const plan = goodPlan()
      // Each in either order: what matters is the order of the stages.
      later.spoil(plan)
      fault.spoil(plan)
      const { world, delivery } = await carryOut(plan)
      expect(rulingOf(await world.inbound.receive(delivery)), `with ${later.code}`).toEqual(rulingIn(fault))
    }
  })
})
