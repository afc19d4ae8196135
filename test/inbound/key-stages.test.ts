/** The stages that find a key and tell its owner, each by itself. */
import { describe, expect, it } from 'vitest'
import { KeyFinder } from '../../src/inbound/stages/key.ts'
import { checkKeyOwner } from '../../src/inbound/stages/key-owner.ts'
import { carol, dora, minute, now, rotated, world } from './fixtures.ts'

const known = { peers: { initial: [carol.peer] } }

describe('finding a key', () => {
  const finderOf = async (options = {}) => {
    const { store, published, fetches } = await world(options)
    const fetchPeer = (id: string) => {
      fetches.push(id)
      return published.get(id) as typeof carol.peer
    }
    const times = { refreshCooldownMs: minute, negativeMs: minute, tombstoneMs: minute }
    const limits = { ...times, originFetchesMax: 16, fetchesMax: 1 }
    return { finder: new KeyFinder({ peers: store.peers, fetchPeer, limits }), fetches, published }
  }

  it('the key stage finds a key of the actor, and no one else’s', async () => {
    const { finder, fetches } = await finderOf(known)
    expect(await finder.find(carol.id, carol.keyId, now)).toMatchObject({ key: { id: carol.keyId }, wasCached: true })
    expect(await finder.find(dora.id, dora.keyId, now)).toMatchObject({ key: { id: dora.keyId }, wasCached: false })
    expect(await finder.find(dora.id, carol.keyId, now)).toMatchObject({ accepted: false })
    expect(fetches).toEqual([dora.id])
  })

  const key = carol.peer.keys[0]!

  it('a newer key is one that is really another', async () => {
    const { finder, published, fetches } = await finderOf(known)
    expect(await finder.findNewer(carol.id, key, now)).toBeUndefined()
    published.set(carol.id, rotated(carol).peer)
    expect(await finder.findNewer(carol.id, key, now + minute - 1)).toBeUndefined()
    expect(await finder.findNewer(carol.id, key, now + minute)).toMatchObject({ wasCached: false })
    expect(fetches).toEqual([carol.id, carol.id])
    // Who failed with the old key meanwhile has the newer one, without another fetch.
    expect(await finder.findNewer(carol.id, key, now + minute)).toMatchObject({ wasCached: false })
    expect(fetches).toEqual([carol.id, carol.id])
  })

  it('a peer is not fetched again while too many are fetched, and nothing is held against it', async () => {
    const { finder, published, fetches } = await finderOf(known)
    let answer!: (peer: typeof dora.peer) => void
    published.set(dora.id, new Promise<typeof dora.peer>(resolve => (answer = resolve)))
    const underWay = finder.find(dora.id, dora.keyId, now)
    finder.refreshLater(carol.id, now)
    expect(await finder.findNewer(carol.id, key, now)).toBeUndefined()
    const unlisted = await finder.find(carol.id, `${carol.id}#unlisted`, now)
    expect(unlisted).toMatchObject({ code: 'key_fetch_failed', status: 503, retry: true })
    answer(dora.peer)
    expect(await underWay).toMatchObject({ wasCached: false })
    expect(fetches).toEqual([dora.id])
    published.set(carol.id, rotated(carol).peer)
    expect(await finder.findNewer(carol.id, key, now)).toMatchObject({ wasCached: false })
    expect(fetches).toEqual([dora.id, carol.id])
  })

  it('an actor is not fetched while too many are fetched again', async () => {
    const { finder, published, fetches } = await finderOf(known)
    let answer!: (peer: typeof carol.peer) => void
    published.set(carol.id, new Promise<typeof carol.peer>(resolve => (answer = resolve)))
    const underWay = finder.findNewer(carol.id, key, now)
    expect(await finder.find(dora.id, dora.keyId, now)).toMatchObject({ code: 'key_fetch_failed', status: 503 })
    answer(rotated(carol).peer)
    expect(await underWay).toMatchObject({ wasCached: false })
    expect(await finder.find(dora.id, dora.keyId, now)).toMatchObject({ key: { id: dora.keyId } })
    expect(fetches).toEqual([carol.id, dora.id])
  })

  it('cooldowns are kept for as many actors as there is room for', async () => {
    const { finder, fetches } = await finderOf(known)
    await finder.findNewer(carol.id, key, now)
    const crowd = Array.from({ length: 10_000 }, (_, at) => `not a peer ${at}`)
    for (const each of crowd) await finder.findNewer(each, key, now)
    await finder.findNewer(carol.id, key, now)
    expect(fetches).toEqual([carol.id, carol.id])
  })

  it('the owner of a key is its actor, who lists it', () => {
    const verified = { keyId: carol.keyId, owner: carol.id, algorithm: 'rsa-sha256' } as const
    expect(checkKeyOwner(verified, carol.id, carol.peer)).toBeUndefined()
    for (const refusal of [
      checkKeyOwner({ ...verified, owner: dora.id }, carol.id, carol.peer),
      checkKeyOwner(verified, dora.id, carol.peer),
      checkKeyOwner(verified, carol.id, dora.peer),
      checkKeyOwner({ ...verified, keyId: dora.keyId }, carol.id, carol.peer),
      checkKeyOwner(verified, carol.id, { ...carol.peer, keys: [] }),
    ]) {
      expect(refusal).toMatchObject({ code: 'key_owner_mismatch', stage: 'key-owner' })
    }
  })
})
