/** The peers of a store: there when it is open, kept from one process to the next, and no part of its truth. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { open, type OpenOptions } from '../../src/open.ts'
import { openMemory, testPeer } from '../../src/testing.ts'

const alice = 'https://here.example/users/alice'
const bob = testPeer('https://remote.example/users/bob')
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

function newDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'twinlog-host-store-'))
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

async function opened(directory: string, options?: OpenOptions) {
  const store = await open(directory, options)
  cleanups.push(() => store.close())
  return store
}

describe('store.peers', () => {
  it('is there again after reopening', async () => {
    const directory = newDirectory()
    const store = await opened(directory)
    await store.peers.store(bob.peer)
    await store.close()
    const again = await opened(directory)
    expect(again.peers.list()).toEqual([bob.peer])
  })

  it('may be deleted without any record being lost', async () => {
    const directory = newDirectory()
    const store = await opened(directory)
    await store.actors.add(alice)
    await store.inbox(alice).append('kept')
    await store.peers.store(bob.peer)
    await store.close()
    rmSync(join(directory, 'peers'), { recursive: true })
    const again = await opened(directory)
    expect(again.peers.list()).toEqual([])
    expect((await again.inbox(alice).get(1))?.value).toBe('kept')
  })

  it('takes its limits, its initial peers and its clock from open', async () => {
    let now = 0
    const other = testPeer('https://remote.example/users/other', { fetchedAt: 0 })
    const store = await opened(newDirectory(), {
      peers: { peersMax: 1, initial: [other.peer] },
      clock: () => now,
    })
    expect(store.peers.lookup(other.id)?.stale).toBe(false)
    now = 25 * 60 * 60 * 1000
    expect(store.peers.lookup(other.id)?.stale).toBe(true)
    await store.peers.store(bob.peer)
    expect(store.peers.list()).toEqual([bob.peer])
  })

  it('is closed with its store', async () => {
    const store = await opened(newDirectory())
    const fetching = store.peers.lookupOrFetch(bob.id, () => new Promise(() => undefined))
    await Promise.all([expect(fetching).rejects.toMatchObject({ code: 'CLOSED' }), store.close()])
    expect(() => store.peers.list()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    await expect(store.inbox(alice).tip()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(store.close()).toBe(store.close())
  })

  it('keeps nothing that a bad option could have made: the directory can be opened again at once', async () => {
    const directory = newDirectory()
    await expect(open(directory, { peers: { peersMax: 0 } })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
    const store = await opened(directory)
    expect(store.peers.list()).toEqual([])
  })

  it('is in memory only beside an owner, and in a store without a disk', async () => {
    const directory = newDirectory()
    const owner = await opened(directory)
    await owner.peers.store(bob.peer)
    const reader = await opened(directory, { readOnly: true })
    expect(reader.peers.list()).toEqual([])
    await reader.peers.store(bob.peer)
    const memory = await openMemory({ peers: { initial: [bob.peer] } })
    cleanups.push(() => memory.close())
    expect(memory.peers.lookupByKey(bob.keyId)?.peer.id).toBe(bob.id)
    expect(existsSync(join(directory, 'peers'))).toBe(true)
  })
})
