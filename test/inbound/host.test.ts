/** What the host says: whose inboxes, who is blocked, and its own stages. */
import { describe, expect, it } from 'vitest'
import type { HostStage, StageInput } from 'twinlog'
import { checkBlock } from '../../src/inbound/stages/block.ts'
import { findInboxes } from '../../src/inbound/stages/inboxes.ts'
import { checkUnknownActor } from '../../src/inbound/stages/unknown-actor.ts'
import { runHostStages } from '../../src/inbound/host-stages.ts'
import { alice, answered, bob, carol, follow, inboxOf, removed, sent, sharedInbox, us, world } from './fixtures.ts'

const later = <Value>(value: Value): Promise<Value> => new Promise(resolve => setImmediate(resolve, value))
const failing = new Error('the host failed')

describe('route', () => {
  it('is asked with the URL and the activity, and names the inboxes', async () => {
    const asked: unknown[] = []
    const route = (url: URL, activity: { id: string }) => {
      asked.push([url.href, activity.id])
      return later([bob])
    }
    const { inbound, store } = await world({ route })
    const activity = follow(carol)
    expect(await inbound.receive(sent({ activity, to: `${sharedInbox}?x=1` }))).toMatchObject({
      inboxes: [{ actor: bob, seq: 1 }],
    })
    expect(asked).toEqual([[`${sharedInbox}?x=1`, activity['id']]])
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('is not asked for another origin', async () => {
    const route = () => Promise.reject(failing)
    const { inbound } = await world({ route })
    for (const to of ['https://other.example/inbox', 'http://us.example/inbox', `${us}:8443/inbox`]) {
      expect(await inbound.receive(sent({ to }))).toMatchObject({ code: 'no_such_inbox', status: 404 })
    }
    for (const url of ['', '/inbox', 'inbox', '*', 'us.example/inbox']) {
      expect(await inbound.receive({ ...sent(), url })).toMatchObject({ code: 'no_such_inbox' })
    }
  })

  it('has to give an array of actors', async () => {
    for (const named of [alice, new Set([alice]), null, true]) {
      const { inbound } = await world({ route: () => named as unknown as string[] })
      await expect(inbound.receive(sent())).rejects.toThrow(TypeError)
    }
  })
})

it('inboxes, by themselves: one of them has to be there', async () => {
  const { store } = await world()
  const activity = { id: carol.id, type: 'Follow' }
  const find = (named: string[] | undefined) =>
    findInboxes(sent(), activity, { store, origin: us, route: async () => named })
  const nobody = `${us}/users/nobody`
  expect(await find([alice])).toEqual({ inboxes: [alice] })
  expect(await find([nobody, removed, bob, alice, bob])).toEqual({ inboxes: [nobody, removed, bob, alice] })
  expect(await find([nobody])).toMatchObject({ code: 'no_such_inbox' })
  expect(await find([nobody, removed])).toMatchObject({ code: 'inbox_gone' })
  expect(await find(undefined)).toMatchObject({ code: 'no_such_inbox' })
  expect(await find([])).toMatchObject({ code: 'no_recipient' })
})

describe('isBlocked', () => {
  it('is asked with the actor and the activity, before any fetch', async () => {
    const asked: unknown[] = []
    const isBlocked = async (actor: string, { id }: { id: string }) => asked.push([actor, id]) > 0
    const { inbound, fetches } = await world({ isBlocked })
    const activity = follow(carol)
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ code: 'blocked', status: 403 })
    expect(asked).toEqual([[carol.id, activity['id']]])
    expect(fetches).toEqual([])
  })

  it('by itself: no, yes, and without a word', async () => {
    const activity = { id: carol.id, type: 'Follow' }
    const envelope = { id: carol.id, types: ['Follow'], actor: carol.id, activity }
    expect(await checkBlock(envelope, undefined)).toBeUndefined()
    expect(await checkBlock(envelope, () => false)).toBeUndefined()
    expect(await checkBlock(envelope, () => later(true))).toMatchObject({ code: 'blocked', status: 403 })
    expect(await checkBlock(envelope, () => later('silent'))).toMatchObject({ code: 'blocked_silently', status: 202 })
  })
})

it.each([1, 'yes', null, { id: 7 }])('what says yes or no says nothing else: %j is refused', async answer => {
  const hook = () => answer as never
  const deletion = { id: `${carol.id}#delete`, type: 'Delete', actor: carol.id, object: carol.id }
  const { inbound } = await world({ isBlocked: hook })
  await expect(inbound.receive(sent())).rejects.toThrow(TypeError)
  if (answer === null) return
  const { inbound: other } = await world({ isKnownActor: hook })
  await expect(other.receive(sent({ activity: deletion }))).rejects.toThrow(TypeError)
})

it('unknown actors, by themselves: only those who delete themselves', async () => {
  const { store } = await world()
  const check = (type: string, object: unknown, isKnownActor?: () => boolean) => {
    const activity = { id: carol.id, type, object }
    return checkUnknownActor({ id: carol.id, types: [type], actor: carol.id, activity }, store.peers, isKnownActor)
  }
  const ignored = { code: 'ignored_unknown_actor', stage: 'unknown-actor' }
  expect(await check('Delete', carol.id)).toMatchObject(ignored)
  expect(await check('Delete', { id: carol.id })).toMatchObject(ignored)
  expect(await check('Delete', carol.id, () => false)).toMatchObject(ignored)
  expect(await check('Delete', carol.id, () => true)).toBeUndefined()
  expect(await check('Delete', `${carol.id}/notes/1`)).toBeUndefined()
  expect(await check('Update', carol.id)).toBeUndefined()
  await store.peers.store(carol.peer)
  expect(await check('Delete', carol.id)).toBeUndefined()
})

describe('stages', () => {
  const seen = (): { stages: HostStage[]; inputs: StageInput[]; names: string[] } => {
    const inputs: StageInput[] = []
    const names: string[] = []
    const stage = (name: string, at: HostStage['at']): HostStage => ({
      name,
      at,
      check: input => {
        names.push(name)
        inputs.push(input)
        return later(undefined)
      },
    })
    const stages = [stage('c', 'verified'), stage('a', 'unverified'), stage('d', 'verified'), stage('b', 'unverified')]
    return { stages, inputs, names }
  }

  it('are asked in their order, before and after the signature, with what is known by then', async () => {
    const { stages, inputs, names } = seen()
    const { inbound } = await world({ stages })
    const activity = follow(carol, { signature: {} })
    const delivery = sent({ activity, to: sharedInbox })
    expect(await inbound.receive(delivery)).toMatchObject({ accepted: true })
    expect(names).toEqual(['a', 'b', 'c', 'd'])
    const { signature: _signature, ...told } = activity
    const input = { delivery, activity: told, actor: carol.id, inboxes: [alice, bob] }
    const signer = { actor: carol.id, keyId: carol.keyId, form: 'cavage', algorithm: 'rsa-sha256' }
    expect(inputs).toEqual([
      { ...input, signer: undefined },
      { ...input, signer: undefined },
      { ...input, signer },
      { ...input, signer },
    ])
  })

  it('refuse with their own code, and the rest is not asked', async () => {
    const { stages, names } = seen()
    const refusing: HostStage = { name: 'no', at: 'unverified', check: async () => ({ code: 'nope', status: 451 }) }
    const { inbound, fetches, store } = await world({ stages: [...stages.slice(0, 2), refusing, ...stages.slice(2)] })
    expect(await inbound.receive(sent())).toEqual({
      accepted: false,
      code: 'nope',
      stage: 'no',
      status: 451,
      retry: false,
      detail: '',
    })
    expect(names).toEqual(['a'])
    expect(fetches).toEqual([])
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('say whether it may be tried again, and why not', async () => {
    const check = () => ({ code: 'later', status: 429, retry: true, detail: 'slow down' })
    const { inbound } = await world({ stages: [{ name: 'rate', at: 'verified', check }] })
    expect(await inbound.receive(sent())).toMatchObject({
      code: 'later',
      status: 429,
      retry: true,
      detail: 'slow down',
    })
  })

  it.each(['unverified', 'verified'] as const)('can not change what is judged and appended: %s', async at => {
    // A buffer that its owner used again while the signature was being verified went into the inbox as it was by then.
    const check: HostStage['check'] = ({ delivery }) => void delivery.body.fill(0x20, 1)
    const { inbound, store } = await world({ stages: [{ name: 'scribbler', at, check }] })
    const delivery = sent()
    const body = Buffer.from(delivery.body)
    expect(await inbound.receive(delivery)).toMatchObject({ accepted: true })
    expect(Buffer.from((await store.inbox(alice).get(1))!.bytes)).toEqual(body)
  })

  it('do not see what was not vouched for', async () => {
    const { stages, names } = seen()
    const { inbound, published } = await world({ stages })
    published.set(carol.id, answered(500))
    await inbound.receive(sent())
    expect(names).toEqual(['a', 'b'])
  })

  it.each<[string, unknown]>([
    ['without a code', { status: 403 }],
    ['without a status', { code: 'no' }],
    ['with a status that is none', { code: 'no', status: 700 }],
    ['with one that is not final', { code: 'no', status: 100 }],
    ['with a fraction', { code: 'no', status: 403.5 }],
    ['that is no object', true],
    ['that is null', null],
  ])('that refuse with something %s are a bug', async (_, refusal) => {
    const { inbound, store } = await world({
      stages: [{ name: 'odd', at: 'verified', check: () => refusal as undefined }],
    })
    await expect(inbound.receive(sent())).rejects.toThrow(TypeError)
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('by themselves: only those of the place', async () => {
    const { stages, names } = seen()
    const input = { delivery: sent(), activity: { id: '', type: '' }, actor: '', inboxes: [], signer: undefined }
    expect(await runHostStages(stages, 'verified', input)).toBeUndefined()
    expect(names).toEqual(['c', 'd'])
  })
})

describe('a hook that fails', () => {
  const boom = (): never => {
    throw failing
  }
  const broken = () => later(undefined).then(boom)

  it.each([boom, broken])('makes receive reject with its own error, and nothing is appended', async hook => {
    const deletion = { id: `${carol.id}#delete`, type: 'Delete', actor: carol.id, object: carol.id }
    const cases = [
      { options: { route: hook }, delivery: sent() },
      { options: { isBlocked: hook }, delivery: sent() },
      { options: { isKnownActor: hook }, delivery: sent({ activity: deletion }) },
      { options: { stages: [{ name: 'a', at: 'unverified' as const, check: hook }] }, delivery: sent() },
      { options: { stages: [{ name: 'b', at: 'verified' as const, check: hook }] }, delivery: sent() },
      { options: { clock: boom }, delivery: sent() },
    ]
    for (const { options, delivery } of cases) {
      const { inbound, store } = await world(options)
      await expect(inbound.receive(delivery)).rejects.toBe(failing)
      expect(await store.inbox(alice).tip()).toBe(0)
      // The next one finds everything as it was.
      expect(await (await world()).inbound.receive(sent({ to: inboxOf(alice) }))).toMatchObject({ accepted: true })
    }
  })

  it('but fetching is a matter of the peer: its failures are verdicts', async () => {
    const { inbound } = await world({ fetchPeer: broken })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'key_fetch_failed', status: 503 })
    const { inbound: other } = await world({ fetchPeer: boom })
    expect(await other.receive(sent())).toMatchObject({ code: 'key_fetch_failed' })
  })
})
