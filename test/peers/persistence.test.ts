/** The database under the cache: damaged, locked, not a database at all; and the cache once it is closed. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLevel } from '../../src/key-index/level-database.ts'
import type { PeerState } from '../../src/peers/types.ts'
import { gone, idOf, idsOf, newDirectory, openCache, peer } from './subjects.ts'

/** A closed cache with two peers in it. */
async function closedCache(): Promise<string> {
  const directory = newDirectory()
  const cache = await openCache({ initial: [peer('alice'), peer('bob')] }, directory)
  await cache.close()
  return directory
}

function filesLike(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory)
    .filter(name => pattern.test(name))
    .map(name => join(directory, name))
}

const damages: [title: string, damage: (directory: string) => unknown][] = [
  ['whose CURRENT is missing', directory => rmSync(join(directory, 'CURRENT'))],
  ['whose CURRENT is garbage', directory => writeFileSync(join(directory, 'CURRENT'), 'garbage')],
  [
    'whose manifest is garbage',
    directory => {
      for (const file of filesLike(directory, /^MANIFEST/)) writeFileSync(file, 'garbage')
    },
  ],
  [
    'with a value that lost a bit',
    async directory => {
      const level = await openLevel(directory)
      for await (const [key, value] of level.iterator({ limit: 1 })) {
        value[10]! ^= 1
        await level.put(key, value)
      }
      await level.close()
    },
  ],
  [
    'with a key of another kind',
    async directory => {
      const level = await openLevel(directory)
      await level.put(Buffer.from('x'), Buffer.from('y'))
      await level.close()
    },
  ],
]

describe('a peers database', () => {
  it.each(damages)('%s is thrown away', async (_, damage) => {
    const directory = await closedCache()
    await damage(directory)
    const cache = await openCache({ initial: [peer('carol')] }, directory)
    expect(idsOf(cache)).toEqual([idOf('carol')])
    await cache.store(peer('dave'))
    await cache.close()
    expect(idsOf(await openCache({}, directory))).toEqual(['carol', 'dave'].map(idOf))
  })

  it('that is open already is LOCKED, and stays as it is', async () => {
    const directory = newDirectory()
    const cache = await openCache({ initial: [peer('alice')] }, directory)
    await expect(openCache({}, directory)).rejects.toMatchObject({ code: 'LOCKED', path: directory })
    await cache.close()
    expect(idsOf(await openCache({}, directory))).toEqual([idOf('alice')])
  })

  it('is not what holds something else, and nothing of that is removed', async () => {
    const directory = newDirectory()
    mkdirSync(directory)
    const file = join(directory, 'letters.txt')
    writeFileSync(file, 'dear reader')
    for (const path of [directory, file])
      await expect(openCache({}, path)).rejects.toMatchObject({ code: 'NOT_A_STORE', path })
    expect(readFileSync(file, 'utf8')).toBe('dear reader')
    expect(readdirSync(directory)).toEqual(['letters.txt'])
  })

  it('may begin in an empty directory', async () => {
    const directory = newDirectory()
    mkdirSync(directory)
    const cache = await openCache({ initial: [peer('alice')] }, directory)
    expect(idsOf(cache)).toEqual([idOf('alice')])
  })
})

describe('the options', () => {
  it('are checked before anything is made', async () => {
    const directory = newDirectory()
    for (const name of ['peersMax', 'hostPeersMax', 'negativesMax', 'tombstonesMax', 'fetchTimeoutMs']) {
      for (const value of [0, -1, 1.5, NaN, Infinity])
        await expect(openCache({ [name]: value }, directory)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
      await expect(openCache({ [name]: '7' }, directory)).rejects.toThrow(TypeError)
    }
    const wrong = { ...peer('alice'), keys: 7 } as unknown as PeerState
    await expect(openCache({ initial: [wrong] }, directory)).rejects.toMatchObject({ code: 'PEER_INVALID' })
    expect(existsSync(directory)).toBe(false)
  })
})

describe('what is stored', () => {
  it('is checked, and is a copy that nobody can change', async () => {
    const cache = await openCache()
    const given = peer('alice')
    await cache.store(given)
    given.keys[0]!.publicKey[0]! ^= 1
    expect(cache.lookup(given.id)?.peer.keys[0]?.publicKey).toEqual(Uint8Array.from(Buffer.from('alice')))
    expect(Object.isFrozen(cache.lookup(given.id)?.peer)).toBe(true)
    const wrong = { ...given, id: 'alice' }
    await expect(cache.store(wrong)).rejects.toMatchObject({ code: 'PEER_INVALID', received: wrong })
  })
})

describe('a closed cache', () => {
  it('says CLOSED, also to those who wait for a fetch, and closes twice', async () => {
    const cache = await openCache()
    const waiting = expect(
      cache.lookupOrFetch(idOf('alice'), () => new Promise<PeerState>(() => undefined)),
    ).rejects.toMatchObject({ code: 'CLOSED' })
    await Promise.all([cache.close(), cache.close()])
    await waiting
    const closed = { code: 'CLOSED' }
    expect(() => cache.lookup(idOf('alice'))).toThrow(expect.objectContaining(closed))
    expect(() => cache.list()).toThrow(expect.objectContaining(closed))
    for (const call of [
      cache.store(peer('alice')),
      cache.evict(idOf('alice')),
      cache.lookupOrFetch(idOf('alice'), gone),
      cache.refresh(idOf('alice'), gone),
    ])
      await expect(call).rejects.toMatchObject(closed)
  })

  it('has saved what was fetched just before', async () => {
    const directory = newDirectory()
    const cache = await openCache({}, directory)
    await cache.lookupOrFetch(idOf('alice'), () => peer('alice'))
    await cache.close()
    expect(idsOf(await openCache({}, directory))).toEqual([idOf('alice')])
  })
})
