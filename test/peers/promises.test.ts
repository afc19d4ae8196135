/** What the peer cache promises without fetching: of the pure form and of the persistent one. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, idOf, idsOf, keyIdOf, kinds, peer, START, type Subject } from './subjects.ts'

describe.each(kinds)('$name', ({ open }) => {
  it('a new cache lists nothing', async () => {
    expect((await open()).list()).toEqual([])
  })

  it('lookup of an unknown peer is `undefined`', async () => {
    const cache = await open()
    await cache.store(peer('alice'))
    expect(cache.lookup(idOf('bob'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('bob'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('alice'), idOf('bob'))).toBeUndefined()
  })

  it('store then lookup round-trips', async () => {
    const cache = await open()
    const full = peer('alice', {
      keys: [
        { ...peer('alice').keys[0]!, expires: START + 5 },
        { id: keyIdOf('other'), owner: idOf('alice'), algorithm: 'rsa', publicKey: Buffer.from([0, 255, 1]) },
      ],
      expiresAt: START + 10,
    })
    await cache.store(full)
    const check = (each: Subject): void => {
      const hit = each.lookup(full.id)
      expect(hit?.stale).toBe(false)
      const keys = full.keys.map(key => ({ ...key, publicKey: expect.any(Uint8Array) }))
      expect(hit?.peer).toEqual({ ...full, keys })
      expect(hit?.peer.keys.map(key => [...key.publicKey])).toEqual(full.keys.map(key => [...key.publicKey]))
      expect(each.lookupByKey(keyIdOf('other'))).toMatchObject({ peer: { id: full.id }, key: { algorithm: 'rsa' } })
    }
    check(cache)
    check(await cache.reopen())
  })

  it('peers are listed in insertion order', async () => {
    const cache = await open()
    for (const name of ['carol', 'alice', 'bob']) await cache.store(peer(name))
    expect(idsOf(cache)).toEqual(['carol', 'alice', 'bob'].map(idOf))
  })

  it('storing again keeps the place; evict then store goes last', async () => {
    const cache = await open()
    for (const name of ['alice', 'bob', 'carol']) await cache.store(peer(name))
    await cache.store(peer('alice', { fetchedAt: START + 1 }))
    expect(idsOf(cache)).toEqual(['alice', 'bob', 'carol'].map(idOf))
    expect(cache.lookup(idOf('alice'))?.peer.fetchedAt).toBe(START + 1)
    await cache.evict(idOf('alice'))
    await cache.store(peer('alice'))
    expect(idsOf(cache)).toEqual(['bob', 'carol', 'alice'].map(idOf))
  })

  it('storing again forgets the keys that are listed no more', async () => {
    const cache = await open()
    await cache.store(peer('alice'))
    await cache.store(peer('alice', { keys: [{ ...peer('alice').keys[0]!, id: keyIdOf('new') }] }))
    expect(cache.lookupByKey(keyIdOf('alice'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('new'))?.peer.id).toBe(idOf('alice'))
  })

  it('evict removes; evicting an unknown peer does nothing', async () => {
    const cache = await open()
    for (const name of ['alice', 'bob']) await cache.store(peer(name))
    await cache.evict(idOf('alice'))
    await cache.evict(idOf('nobody'))
    expect(cache.lookup(idOf('alice'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('alice'))).toBeUndefined()
    expect(idsOf(cache)).toEqual([idOf('bob')])
    expect(idsOf(await cache.reopen())).toEqual([idOf('bob')])
  })

  it('a hit says when it is stale, and changes neither contents nor order', async () => {
    let now = START
    const cache = await open({ clock: () => now })
    for (const name of ['alice', 'bob']) await cache.store(peer(name))
    await cache.store(peer('carol', { expiresAt: START + 10 }))
    const before = cache.list()
    const stale = (name: string) => [cache.lookup(idOf(name))?.stale, cache.lookupByKey(keyIdOf(name))?.stale]
    now = START + 9
    expect(stale('carol')).toEqual([false, false])
    now = START + 10
    expect(stale('carol')).toEqual([true, true])
    now = START + DAY_MS - 1
    expect(stale('alice')).toEqual([false, false])
    now = START + DAY_MS
    expect(stale('alice')).toEqual([true, true])
    expect(cache.list()).toEqual(before)
  })

  it('initial entries are there at once and never replace persisted ones', async () => {
    const cache = await open({ initial: [peer('alice')], peersMax: 3 })
    expect(idsOf(cache)).toEqual([idOf('alice')])
    await cache.store(peer('bob', { fetchedAt: START + 7 }))
    const initial = [peer('bob'), peer('alice', { fetchedAt: START - 1 }), peer('carol')]
    const again = await cache.reopen({ initial })
    expect(again.list().map(({ id, fetchedAt }) => [id, fetchedAt])).toEqual([
      [idOf('alice'), START],
      [idOf('bob'), START + 7],
      [idOf('carol'), START],
    ])
  })

  it('everything holds again after reopening', async () => {
    const first = await open({ peersMax: 4 })
    for (const name of ['dave', 'alice', 'carol', 'bob']) await first.store(peer(name))
    await first.store(peer('alice', { fetchedAt: START + 3 }))
    await first.evict(idOf('carol'))
    await first.bury(idOf('gone'))
    first.lookup(idOf('dave'))
    const listed = first.list().map(({ id, fetchedAt }) => [id, fetchedAt])
    const again = await first.reopen()
    expect(again.list().map(({ id, fetchedAt }) => [id, fetchedAt])).toEqual(listed)
    expect(again.tombstone(idOf('gone'))).toBe(START)
    expect(again.lookupByKey(keyIdOf('carol'))).toBeUndefined()
    for (const name of ['erin', 'frank']) await again.store(peer(name))
    // Of bob, alice and dave, bob was used least recently.
    expect(idsOf(again)).toEqual(['dave', 'alice', 'erin', 'frank'].map(idOf))
  })

  /** A peer that came in between let the use be forgotten: the one that was used went first after a restart. */
  it('who was used is known after reopening, also when somebody came in since', async () => {
    const cache = await open({ peersMax: 3 })
    for (const name of ['alice', 'bob']) await cache.store(peer(name))
    cache.lookup(idOf('alice'))
    await cache.store(peer('carol'))
    const again = await cache.reopen()
    await again.store(peer('dave'))
    expect(idsOf(again)).toEqual(['alice', 'carol', 'dave'].map(idOf))
  })

  it('a smaller cache keeps the most recently used of what a larger one left', async () => {
    const cache = await open()
    for (const name of ['alice', 'bob', 'carol']) await cache.store(peer(name))
    cache.lookup(idOf('alice'))
    const smaller = await cache.reopen({ peersMax: 2 })
    expect(idsOf(smaller)).toEqual(['alice', 'carol'].map(idOf))
    expect(idsOf(await smaller.reopen({ peersMax: 3 }))).toEqual(['alice', 'carol'].map(idOf))
  })

  it('a negative entry is invisible to lookup and list, expires, and is cleared by store', async () => {
    let now = START
    const cache = await open({ clock: () => now, negativesMax: 2 })
    await cache.store(peer('alice'))
    const entry = { reason: 'refused', until: START + 10 }
    for (const id of [idOf('alice'), keyIdOf('bob')]) cache.addNegative(id, entry)
    expect(cache.negative(idOf('alice'))).toEqual(entry)
    expect(cache.lookup(idOf('alice'))).toMatchObject({ stale: false })
    expect(cache.lookupByKey(keyIdOf('alice'))).toMatchObject({ stale: false })
    expect(cache.lookup(idOf('bob'))).toBeUndefined()
    expect(idsOf(cache)).toEqual([idOf('alice')])
    cache.addNegative(idOf('carol'), entry)
    expect(cache.negative(idOf('alice')), 'the oldest went').toBeUndefined()
    await cache.store(peer('bob'))
    expect(cache.negative(keyIdOf('bob'))).toBeUndefined()
    now = START + 9
    expect(cache.negative(idOf('carol'))).toEqual(entry)
    now = START + 10
    expect(cache.negative(idOf('carol'))).toBeUndefined()
  })

  it('410 leaves a tombstone', async () => {
    const cache = await open()
    await cache.store(peer('alice'))
    for (const name of ['alice', 'bob']) await cache.bury(idOf(name))
    expect(cache.tombstone(idOf('alice'))).toBe(START)
    expect(cache.tombstone(idOf('bob'))).toBe(START)
    expect(cache.tombstone(idOf('carol'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('alice')), 'its Delete can be verified').toMatchObject({ stale: false })
    expect(idsOf(cache)).toEqual([idOf('alice')])
    await cache.store(peer('bob'))
    expect(cache.tombstone(idOf('bob'))).toBeUndefined()
    const again = await cache.reopen()
    expect([again.tombstone(idOf('alice')), again.tombstone(idOf('bob'))]).toEqual([START, undefined])
  })

  it('least recently used entries go first when full, with both indexes together', async () => {
    const cache = await open({ peersMax: 3 })
    for (const name of ['alice', 'bob', 'carol']) await cache.store(peer(name))
    cache.lookup(idOf('alice'))
    cache.lookupByKey(keyIdOf('bob'))
    await cache.store(peer('dave'))
    expect(idsOf(cache)).toEqual(['alice', 'bob', 'dave'].map(idOf))
    expect(cache.lookup(idOf('carol'))).toBeUndefined()
    expect(cache.lookupByKey(keyIdOf('carol'))).toBeUndefined()
    await cache.store(peer('alice'))
    await cache.store(peer('erin'))
    expect(idsOf(cache)).toEqual(['alice', 'dave', 'erin'].map(idOf))
    expect(cache.lookupByKey(keyIdOf('bob'))).toBeUndefined()
    expect(idsOf(await cache.reopen())).toEqual(['alice', 'dave', 'erin'].map(idOf))
  })

  it('several actors can share one key pair without being confused', async () => {
    const cache = await open()
    const publicKey = Buffer.from('shared')
    const shared = (name: string) => ({
      id: keyIdOf('server'),
      owner: idOf(name),
      algorithm: 'ed25519' as const,
      publicKey,
    })
    for (const name of ['alice', 'bob']) {
      const own = { ...peer(name).keys[0]!, publicKey }
      await cache.store(peer(name, { keys: [own, shared(name)] }))
    }
    const check = async (each: Subject): Promise<void> => {
      for (const name of ['alice', 'bob']) {
        const expected = { peer: { id: idOf(name) }, key: { owner: idOf(name) } }
        expect(each.lookupByKey(keyIdOf(name))).toMatchObject(expected)
        expect(each.lookupByKey(keyIdOf('server'), idOf(name))).toMatchObject(expected)
      }
      expect(each.lookupByKey(keyIdOf('server'))?.peer.id).toBe(idOf('alice'))
    }
    await check(cache)
    const again = await cache.reopen()
    await check(again)
    await again.evict(idOf('alice'))
    const bobs = { peer: { id: idOf('bob') }, key: { owner: idOf('bob') } }
    expect(again.lookupByKey(keyIdOf('server'))).toMatchObject(bobs)
    expect(again.lookupByKey(keyIdOf('server'), idOf('alice'))).toBeUndefined()
  })
})
