/** What the persistent cache promises about fetching, and about fetches that fail, hang, lie or come late. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { FetchPeerState, PeerState } from '../../src/peers/types.ts'
import { DAY_MS, gone, idOf, idsOf, keyIdOf, openCache, peer, START } from './subjects.ts'

const alice = idOf('alice')
const failing: FetchPeerState = () => {
  throw new Error('no route to host')
}
const hanging: FetchPeerState = () => new Promise<PeerState>(() => undefined)

/** A fetch that counts its calls, and answers when it is told to. */
function held() {
  const settles: ((answer: PeerState | Error) => void)[] = []
  const signals: AbortSignal[] = []
  const fetch: FetchPeerState = (_, { signal }) => {
    signals.push(signal)
    return new Promise(resolve => settles.push(resolve))
  }
  return { fetch, signals, answer: (answer: PeerState | Error) => settles.shift()!(answer) }
}

describe('lookupOrFetch', () => {
  it('a miss calls fetch once and the next lookup hits', async () => {
    const cache = await openCache()
    const asked: string[] = []
    const fetch: FetchPeerState = async id => {
      asked.push(id)
      return peer('alice')
    }
    expect(await cache.lookupOrFetch(alice, fetch)).toMatchObject({ peer: { id: alice }, stale: false })
    expect(cache.lookup(alice)).toMatchObject({ peer: { id: alice } })
    expect(cache.lookupByKey(keyIdOf('alice'))).toMatchObject({ peer: { id: alice } })
    await cache.lookupOrFetch(alice, fetch)
    expect(asked).toEqual([alice])
  })

  it('a hit never calls fetch (proven by a fetch that throws), changes neither contents nor order, starts no refresh, and says when it is stale', async () => {
    let now = START
    let calls = 0
    const cache = await openCache({ clock: () => now })
    for (const name of ['alice', 'bob']) await cache.store(peer(name))
    const before = cache.list()
    const fetch: FetchPeerState = () => {
      calls += 1
      throw new Error('called')
    }
    expect(await cache.lookupOrFetch(alice, fetch)).toMatchObject({ stale: false })
    now += DAY_MS
    expect(await cache.lookupOrFetch(alice, fetch)).toMatchObject({ peer: { id: alice }, stale: true })
    await sleep(5)
    expect(calls).toBe(0)
    expect(cache.list()).toEqual(before)
  })

  it('a fetch error leaves the cache as it was and reaches the caller with its reason', async () => {
    const cache = await openCache({ initial: [peer('bob')] })
    const cause = new Error('no route to host')
    const fails: FetchPeerState[] = [
      () => cause,
      async () => cause,
      () => {
        throw cause
      },
      () => Promise.reject(cause),
    ]
    for (const fetch of fails) {
      const error = { code: 'PEER_FETCH_FAILED', peer: alice, reason: 'error', cause }
      await expect(cache.lookupOrFetch(alice, fetch)).rejects.toMatchObject(error)
      expect(idsOf(cache)).toEqual([idOf('bob')])
      expect(cache.lookup(alice)).toBeUndefined()
      expect(cache.tombstone(alice)).toBeUndefined()
    }
  })

  it('410 leaves a tombstone', async () => {
    const cache = await openCache()
    const wrapped: FetchPeerState = () => new Error('failed', { cause: gone(alice, { signal: AbortSignal.abort() }) })
    await expect(cache.lookupOrFetch(alice, wrapped)).rejects.toMatchObject({
      code: 'PEER_FETCH_FAILED',
      reason: 'gone',
    })
    expect(cache.tombstone(alice)).toBe(START)
    expect(cache.list()).toEqual([])
  })

  it('a wrong return shape is its own error that carries what came back', async () => {
    const cache = await openCache({ initial: [peer('bob')] })
    const [key] = peer('alice').keys
    const wrong: unknown[] = [
      null,
      undefined,
      [],
      'a string',
      {},
      peer('bob'),
      { ...peer('alice'), keys: 'none' },
      { ...peer('alice'), fetchedAt: 'now' },
      { ...peer('alice'), expiresAt: NaN },
      { ...peer('alice'), keys: [null] },
      { ...peer('alice'), keys: [{ ...key, owner: idOf('bob') }] },
      { ...peer('alice'), keys: [{ ...key, id: 'https://victim.example/users/v#main-key' }] },
      { ...peer('alice'), keys: [{ ...key, algorithm: 'hmac' }] },
      { ...peer('alice'), keys: [{ ...key, publicKey: 'PEM' }] },
      { ...peer('alice'), keys: [key, key] },
    ]
    for (const received of wrong) {
      const fetching = cache.lookupOrFetch(alice, async () => received as PeerState)
      const error: unknown = await fetching.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'PEER_INVALID', peer: alice })
      expect((error as { received: unknown }).received).toBe(received)
    }
    expect(idsOf(cache)).toEqual([idOf('bob')])
  })

  it("after a transient failure the next `lookupOrFetch` fetches again (negative entries and cooldowns act in the pipeline's key stage only)", async () => {
    const cache = await openCache()
    await expect(cache.lookupOrFetch(alice, failing)).rejects.toMatchObject({ code: 'PEER_FETCH_FAILED' })
    await expect(cache.lookupOrFetch(alice, gone)).rejects.toMatchObject({ reason: 'gone' })
    cache.addNegative(alice, { reason: 'down', until: START + 1000 })
    expect(await cache.lookupOrFetch(alice, () => peer('alice'))).toMatchObject({ peer: { id: alice } })
    expect(cache.negative(alice)).toBeUndefined()
  })

  it('concurrent misses for one peer fetch once', async () => {
    const cache = await openCache()
    const { fetch, signals, answer } = held()
    const all = Array.from({ length: 50 }, () => cache.lookupOrFetch(alice, fetch))
    const other = cache.lookupOrFetch(idOf('bob'), () => peer('bob'))
    expect(await other).toMatchObject({ peer: { id: idOf('bob') } })
    answer(peer('alice'))
    for (const hit of await Promise.all(all)) expect(hit.peer.id).toBe(alice)
    expect(signals).toHaveLength(1)
  })

  it('concurrent misses share the error too', async () => {
    const cache = await openCache()
    const { fetch, signals, answer } = held()
    const all = Promise.allSettled([1, 2, 3].map(() => cache.lookupOrFetch(alice, fetch)))
    answer(new Error('down'))
    for (const each of await all) expect(each).toMatchObject({ reason: { code: 'PEER_FETCH_FAILED' } })
    expect(signals).toHaveLength(1)
  })

  it('a hung fetch frees its slot at the timeout', async () => {
    const cache = await openCache({ fetchTimeoutMs: 20 })
    const { fetch, signals, answer } = held()
    const timeout = { code: 'PEER_FETCH_FAILED', reason: 'timeout' }
    await expect(cache.lookupOrFetch(alice, fetch)).rejects.toMatchObject(timeout)
    expect(signals[0]?.aborted).toBe(true)
    answer(peer('alice', { fetchedAt: 1 }))
    await sleep(1)
    expect(cache.lookup(alice), 'what comes too late is dropped').toBeUndefined()
    expect(await cache.lookupOrFetch(alice, () => peer('alice'))).toMatchObject({ peer: { fetchedAt: START } })
  })

  it('ends with the reason of its signal, and the fetch goes on for the others', async () => {
    const cache = await openCache()
    const { fetch, signals, answer } = held()
    const controller = new AbortController()
    const impatient = cache.lookupOrFetch(alice, fetch, { signal: controller.signal })
    const patient = cache.lookupOrFetch(alice, fetch)
    controller.abort('enough')
    await expect(impatient).rejects.toBe('enough')
    expect(signals[0]?.aborted).toBe(false)
    answer(peer('alice'))
    expect(await patient).toMatchObject({ peer: { id: alice } })
    await expect(cache.lookupOrFetch(idOf('bob'), fetch, { signal: controller.signal })).rejects.toBe('enough')
    expect(signals).toHaveLength(1)
  })

  it('a fetch that nobody waits for any more is aborted, and frees its slot', async () => {
    const cache = await openCache()
    const { fetch, signals } = held()
    const controller = new AbortController()
    const waiting = cache.lookupOrFetch(alice, fetch, { signal: controller.signal })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    expect(signals[0]?.aborted).toBe(true)
    expect(await cache.lookupOrFetch(alice, () => peer('alice'))).toMatchObject({ stale: false })
  })

  it('never fetches what can be no peer', async () => {
    const cache = await openCache()
    const ids = [
      '',
      'alice',
      'data:,x',
      'acct:a@b.example',
      'https://u:p@b.example/',
      `https://b.example/${'x'.repeat(2048)}`,
    ]
    for (const id of ids) await expect(cache.lookupOrFetch(id, gone)).rejects.toMatchObject({ code: 'PEER_INVALID' })
    for (const id of ids) expect(cache.tombstone(id)).toBeUndefined()
  })
})

describe('refresh', () => {
  it('one failed refresh never hides a good key', async () => {
    const cache = await openCache({ fetchTimeoutMs: 20, initial: [peer('alice')] })
    const before = cache.list()
    const bad: FetchPeerState[] = [failing, () => new Error('500'), gone, hanging, () => null as unknown as PeerState]
    for (const fetch of bad) {
      await expect(cache.refresh(alice, fetch)).rejects.toMatchObject({ code: expect.stringMatching(/^PEER_/) })
      expect(cache.lookup(alice)).toEqual({ peer: peerOf(before), stale: false })
      expect(cache.lookupByKey(keyIdOf('alice'))?.key.id).toBe(keyIdOf('alice'))
    }
    expect(cache.list()).toEqual(before)
  })

  it('replaces what is there, in its place, and says whether the keys are others', async () => {
    const cache = await openCache({ initial: [peer('alice'), peer('bob')] })
    const same = await cache.refresh(alice, () => peer('alice', { fetchedAt: START + 1 }))
    expect(same).toMatchObject({ keysChanged: false, peer: { fetchedAt: START + 1 } })
    const rotated = { ...peer('alice').keys[0]!, publicKey: Buffer.from('rotated') }
    expect(await cache.refresh(alice, () => peer('alice', { keys: [rotated] }))).toMatchObject({ keysChanged: true })
    expect(cache.lookupByKey(rotated.id)?.key.publicKey).toEqual(Uint8Array.from(rotated.publicKey))
    expect(idsOf(cache)).toEqual(['alice', 'bob'].map(idOf))
    expect(await cache.refresh(idOf('carol'), () => peer('carol'))).toMatchObject({ keysChanged: true })
  })
})

function peerOf([first]: readonly PeerState[]): PeerState {
  return first!
}
