/** Where keys come from, how often their actors are asked for them, and what a failure takes away: nothing. */
import { describe, expect, it } from 'vitest'
import { FetchError } from 'twinlog'
import { testKeys, testPeer } from 'twinlog/testing'
import { alice, answered, carol, dora, follow, mallory, minute, now, rotated, sent, world } from './fixtures.ts'

const day = 24 * 60 * minute
const known = { peers: { initial: [carol.peer] } }
/** Signed with a key that nobody published, in carol's name. */
const forged = { ...carol, privateKey: testKeys.otherRsa }
const deleteOf = ({ id }: typeof carol) => ({ id: `${id}#delete`, type: 'Delete', actor: id, object: id })

describe('an actor who is not in the cache', () => {
  it('is fetched once, by its own id, and kept', async () => {
    const { inbound, fetches, store } = await world()
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true, signer: { keyId: carol.keyId } })
    expect(store.peers.list()).toEqual([carol.peer])
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id])
  })

  it('is fetched once for many deliveries at a time', async () => {
    const { inbound, fetches } = await world()
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => inbound.receive(sent())))
    expect(verdicts.every(({ accepted }) => accepted)).toBe(true)
    expect(fetches).toEqual([carol.id])
  })

  /** Anybody could have a server asked for as many actors as he named, all at once: no signature is needed for that. */
  it('is not fetched while too many of its origin are', async () => {
    const { inbound, fetches, published } = await world({ limits: { originFetchesMax: 2 } })
    const crowd = ['one', 'two', 'three'].map(name => ({ ...carol, id: `https://remote.example/users/${name}` }))
    const answers: (() => void)[] = []
    for (const { id } of crowd) {
      published.set(id, async () => {
        await new Promise<void>(resolve => answers.push(resolve))
        throw answered(404)
      })
    }
    const verdicts = [...crowd, ...crowd.slice(0, 1)].map(async from => inbound.receive(sent({ from })))
    expect(await verdicts[2]).toMatchObject({ code: 'key_fetch_failed', status: 503 })
    // Others are, and so is it, once there is room.
    expect(await inbound.receive(sent({ from: mallory }))).toMatchObject({ accepted: true })
    for (const answer of answers) answer()
    for (const verdict of await Promise.all(verdicts)) expect(verdict).toMatchObject({ code: 'key_fetch_failed' })
    expect(fetches).toEqual([crowd[0]?.id, crowd[1]?.id, mallory.id])
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })

  /** And any number of servers: each fetch is a socket, and a body in memory. */
  it('is not fetched while too many of all origins are', async () => {
    const { inbound, fetches, published } = await world({ limits: { fetchesMax: 2 } })
    const ids = ['one', 'two', 'three'].map(host => `https://${host}.example/users/carol`)
    const crowd = ids.map(id => ({ ...carol, id, keyId: `${id}#main-key` }))
    const answers: (() => void)[] = []
    for (const { id } of crowd) {
      published.set(id, async () => {
        await new Promise<void>(resolve => answers.push(resolve))
        throw answered(404)
      })
    }
    const verdicts = [...crowd, ...crowd.slice(0, 1)].map(async from => inbound.receive(sent({ from })))
    expect(await verdicts[2]).toMatchObject({ code: 'key_fetch_failed', status: 503, retry: true })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'key_fetch_failed', status: 503, retry: true })
    for (const answer of answers) answer()
    for (const verdict of await Promise.all(verdicts)) expect(verdict).toMatchObject({ code: 'key_fetch_failed' })
    // What was not asked has not failed: it is asked once there is room.
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([crowd[0]?.id, crowd[1]?.id, carol.id])
  })

  it('is not fetched for what a cheaper stage refuses', async () => {
    const { inbound, fetches } = await world()
    const late = sent({ now: now - day })
    const torn = { ...sent(), body: Buffer.from('{') }
    const foreign = sent({ from: mallory, activity: follow(carol) })
    for (const delivery of [late, torn, foreign]) expect((await inbound.receive(delivery)).accepted).toBe(false)
    expect(fetches).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['500', answered(500), 'key_fetch_failed'],
    ['404', answered(404), 'key_fetch_failed'],
    ['no answer', new Error('ECONNREFUSED'), 'key_fetch_failed'],
    ['a document of no use', new FetchError('no_key', 'it lists none'), 'key_invalid'],
    ['nothing, since its address is not public', new FetchError('address_refused', 'it is not'), 'key_invalid'],
    ['a web page', new FetchError('content_type', 'it is HTML'), 'key_fetch_failed'],
    ['another actor', mallory.peer, 'key_invalid'],
    ['nothing', () => undefined, 'key_invalid'],
  ])('whose server gives %s is left alone for a while', async (_, answer, code) => {
    const { inbound, fetches, published, time } = await world()
    published.set(carol.id, answer)
    expect(await inbound.receive(sent())).toMatchObject({ code })
    published.set(carol.id, carol.peer)
    for (time.now of [now, now + minute - 1]) expect(await inbound.receive(sent())).toMatchObject({ code })
    expect(fetches).toEqual([carol.id])
    time.now = now + minute
    expect(await inbound.receive(sent())).toMatchObject({ code: 'accepted' })
    expect(fetches).toEqual([carol.id, carol.id])
  })

  it('whose failure is remembered can come in through the host', async () => {
    const { inbound, published, store } = await world()
    published.set(carol.id, answered(500))
    expect(await inbound.receive(sent())).toMatchObject({ code: 'key_fetch_failed' })
    await store.peers.store(carol.peer)
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })

  it('and is gone is left alone for a day', async () => {
    const { inbound, fetches, published, time } = await world()
    published.set(carol.id, answered(410))
    expect(await inbound.receive(sent())).toMatchObject({ code: 'key_gone', status: 202 })
    for (time.now of [now + minute, now + day - 1]) {
      expect(await inbound.receive(sent({ now: time.now }))).toMatchObject({ code: 'key_gone' })
    }
    expect(fetches).toEqual([carol.id])
    published.set(carol.id, carol.peer)
    time.now = now + day
    expect(await inbound.receive(sent({ now: time.now }))).toMatchObject({ accepted: true })
  })

  it('and lists no such key, does not own it', async () => {
    const { inbound, store } = await world()
    const other = testPeer(carol.id, { keyId: `${carol.id}#other` })
    expect(await inbound.receive(sent({ from: other }))).toMatchObject({ code: 'key_owner_mismatch', status: 403 })
    expect(store.peers.list()).toEqual([carol.peer])
  })
})

describe('a key in the cache', () => {
  it('is used without asking anybody', async () => {
    const { inbound, fetches, published } = await world(known)
    published.set(carol.id, answered(500))
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([])
  })

  it('that was replaced under the same id is fetched anew', async () => {
    const { inbound, fetches, published, store } = await world(known)
    const newer = rotated(carol)
    published.set(carol.id, newer.peer)
    expect(await inbound.receive(sent({ from: newer }))).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id])
    expect(store.peers.list()).toEqual([newer.peer])
    expect(await inbound.receive(sent({ from: carol }))).toMatchObject({ code: 'signature_invalid' })
  })

  it('that was replaced by one of another kind is fetched anew', async () => {
    const { inbound, published } = await world(known)
    const newer = rotated(carol, { privateKey: testKeys.ed25519 })
    published.set(carol.id, newer.peer)
    expect(await inbound.receive(sent({ from: newer, form: 'rfc9421' }))).toMatchObject({ accepted: true })
  })

  it('that was replaced under another id is fetched anew', async () => {
    const { inbound, fetches, published, store } = await world(known)
    const newer = rotated(carol, { keyId: `${carol.id}#key-2` })
    published.set(carol.id, newer.peer)
    expect(await inbound.receive(sent({ from: newer }))).toMatchObject({
      accepted: true,
      signer: { keyId: newer.keyId },
    })
    expect(fetches).toEqual([carol.id])
    expect(store.peers.list()).toEqual([newer.peer])
  })

  it('that expired is fetched anew', async () => {
    const expired = { ...carol.peer, keys: carol.peer.keys.map(key => ({ ...key, expires: now })) }
    const { inbound, fetches, published } = await world({ peers: { initial: [expired] } })
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id])
    const still = await world({ peers: { initial: [expired] } })
    still.published.set(carol.id, expired)
    expect(await still.inbound.receive(sent())).toMatchObject({ code: 'key_invalid', stage: 'key' })
    expect(published.get(carol.id)).toBe(carol.peer)
  })

  it('that was replaced serves a burst of deliveries, with one fetch', async () => {
    for (const keyId of [carol.keyId, `${carol.id}#key-2`]) {
      const { inbound, fetches, published } = await world(known)
      const newer = rotated(carol, { keyId })
      published.set(carol.id, newer.peer)
      const burst = Array.from({ length: 10 }, () => inbound.receive(sent({ from: newer })))
      expect((await Promise.all(burst)).map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 'accepted'))
      expect(fetches).toEqual([carol.id])
    }
  })

  it('is fetched anew at most once in five minutes, whatever comes', async () => {
    const { inbound, fetches, time, store } = await world(known)
    const bad = [sent({ from: forged }), sent({ from: testPeer(carol.id, { keyId: `${carol.id}#none` }) })]
    for (time.now of [now, now + 1, now + 5 * minute - 1]) {
      for (const delivery of bad) expect((await inbound.receive(delivery)).accepted).toBe(false)
      expect(fetches).toEqual([carol.id])
    }
    time.now = now + 5 * minute
    for (const delivery of bad) await inbound.receive(delivery)
    expect(fetches).toEqual([carol.id, carol.id])
    expect(store.peers.list()).toEqual([carol.peer])
    // Good ones were never in the way.
    expect(await inbound.receive(sent({ now: time.now }))).toMatchObject({ accepted: true })
  })

  it('is not fetched anew right after it was fetched', async () => {
    const { inbound, fetches } = await world()
    await inbound.receive(sent())
    expect(await inbound.receive(sent({ from: forged }))).toMatchObject({ code: 'signature_invalid' })
    expect(await inbound.receive(sent({ from: testPeer(carol.id, { keyId: `${carol.id}#new` }) }))).toMatchObject({
      code: 'key_fetch_failed',
      retry: true,
    })
    expect(fetches).toEqual([carol.id])
  })

  it('of one actor is not held back by what others did', async () => {
    const { inbound, fetches, published } = await world({ peers: { initial: [carol.peer, dora.peer] } })
    await inbound.receive(sent({ from: forged }))
    const newer = rotated(dora)
    published.set(dora.id, newer.peer)
    expect(await inbound.receive(sent({ from: newer }))).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id, dora.id])
  })

  it.each<[string, unknown]>([
    ['500', answered(500)],
    ['410', answered(410)],
    ['nonsense', 'nonsense'],
    ['another actor', mallory.peer],
  ])('stays when a refresh gives %s', async (_, answer) => {
    const { inbound, published, store, fetches } = await world(known)
    published.set(carol.id, answer)
    expect(await inbound.receive(sent({ from: forged }))).toMatchObject({ code: 'signature_invalid' })
    expect(fetches).toEqual([carol.id])
    expect(store.peers.list()).toEqual([carol.peer])
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })

  it('stays when a key of another id could not be fetched', async () => {
    const { inbound, published } = await world(known)
    published.set(carol.id, answered(500))
    const other = testPeer(carol.id, { keyId: `${carol.id}#other` })
    expect(await inbound.receive(sent({ from: other }))).toMatchObject({ code: 'key_fetch_failed', retry: true })
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })
})

describe('a stale key', () => {
  const stale = { ...carol.peer, fetchedAt: now - day }

  it('decides, and is fetched anew once the verdict is there', async () => {
    const { inbound, fetches, published, store } = await world({ peers: { initial: [stale] } })
    const newer = rotated(carol)
    let answer: ((peer: typeof carol.peer) => void) | undefined
    published.set(carol.id, () => new Promise(resolve => (answer = resolve)))
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id])
    expect(store.peers.list()).toEqual([stale])
    answer?.(newer.peer)
    // Waits for the one that is under way.
    await store.peers.refresh(carol.id, () => stale)
    expect(store.peers.list()).toEqual([newer.peer])
  })

  it('is fetched for nobody whose delivery was refused', async () => {
    const { inbound, fetches } = await world({
      peers: { initial: [stale] },
      stages: [{ name: 'no', at: 'verified', check: () => ({ code: 'no', status: 403 }) }],
    })
    expect(await inbound.receive(sent())).toMatchObject({ code: 'no' })
    expect(fetches).toEqual([])
  })

  it('is not fetched again and again, and a failure changes nothing', async () => {
    const { inbound, fetches, published, store } = await world({ peers: { initial: [stale] } })
    published.set(carol.id, answered(500))
    for (let each = 0; each < 5; each++) expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
    expect(fetches).toEqual([carol.id])
    expect(store.peers.list()).toEqual([stale])
  })
})

describe('an actor who deletes itself', () => {
  it('is ignored when nobody ever heard of it, without a fetch', async () => {
    const asked: string[] = []
    const isKnownActor = async (actor: string) => asked.push(actor) < 0
    const { inbound, fetches } = await world({ isKnownActor })
    for (const object of [carol.id, { id: carol.id, type: 'Person' }, [carol.id]]) {
      const activity = { ...deleteOf(carol), object }
      expect(await inbound.receive(sent({ activity }))).toMatchObject({ code: 'ignored_unknown_actor', status: 202 })
    }
    expect(asked).toEqual([carol.id, carol.id, carol.id])
    expect(fetches).toEqual([])
  })

  it('is looked for when the host knows it', async () => {
    const { inbound, published } = await world({ isKnownActor: async actor => actor === carol.id })
    expect(await inbound.receive(sent({ activity: deleteOf(carol) }))).toMatchObject({ accepted: true })
    published.set(dora.id, answered(410))
    const { inbound: other } = await world({ isKnownActor: () => true })
    expect((await other.receive(sent({ from: dora, activity: deleteOf(dora) }))).code).toBe('accepted')
  })

  it('is believed by the key in the cache, though its server says that it is gone', async () => {
    const { inbound, published, store } = await world(known)
    published.set(carol.id, answered(410))
    expect(await inbound.receive(sent({ from: forged, activity: deleteOf(carol) }))).toMatchObject({ accepted: false })
    expect(store.peers.tombstone(carol.id)).toBe(now)
    expect(await inbound.receive(sent({ activity: deleteOf(carol) }))).toMatchObject({ accepted: true })
    expect(await store.inbox(alice).tip()).toBe(1)
  })

  it('is dropped when it is gone and its key is unknown', async () => {
    const { inbound, published } = await world({ isKnownActor: () => true })
    published.set(carol.id, answered(410))
    expect(await inbound.receive(sent({ activity: deleteOf(carol) }))).toMatchObject({ code: 'key_gone', status: 202 })
  })

  it('is not taken for one that deletes something else', async () => {
    const { inbound } = await world()
    const activity = { ...deleteOf(carol), object: `${carol.id}/notes/1` }
    expect(await inbound.receive(sent({ activity }))).toMatchObject({ accepted: true })
  })
})
