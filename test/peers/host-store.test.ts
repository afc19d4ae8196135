/** The peers of a store: there when it is open, kept from one process to the next, and no part of its truth. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, type OpenOptions } from '../../src/open.ts'
import { PeerCache } from '../../src/peers/peer-cache.ts'
import { PeerDatabase } from '../../src/peers/peer-database.ts'
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
    expect(existsSync(directory)).toBe(false)
    const store = await opened(directory)
    expect(store.peers.list()).toEqual([])
  })

  it('has no database before there is something to save: a host without peers does not pay for one', async () => {
    const directory = newDirectory()
    const folder = join(directory, 'peers')
    const store = await opened(directory)
    expect(store.peers.list()).toEqual([])
    expect(store.peers.lookup(bob.id)).toBeUndefined()
    await store.close()
    expect(existsSync(folder)).toBe(false)
    const again = await opened(directory)
    await Promise.all([again.peers.store(bob.peer), again.peers.evict('https://remote.example/users/none')])
    expect(existsSync(folder)).toBe(true)
    await again.close()
    rmSync(folder, { recursive: true })
    await (await opened(directory, { peers: { initial: [bob.peer] } })).close()
    expect((await opened(directory)).peers.list()).toEqual([bob.peer])
  })

  it('stands in the way of opening where its folder holds something else, and lets go of the store', async () => {
    const directory = newDirectory()
    await (await opened(directory)).close()
    const folder = join(directory, 'peers')
    mkdirSync(folder)
    writeFileSync(join(folder, 'letters.txt'), 'dear reader')
    for (let round = 0; round < 2; round += 1)
      await expect(open(directory)).rejects.toMatchObject({ code: 'NOT_A_STORE', path: folder })
    rmSync(folder, { recursive: true })
    expect((await opened(directory)).peers.list()).toEqual([])
  })

  it('is closed before the next owner may come', async () => {
    // The lock was let go of while the peers were still open: who had waited for it met them, and was LOCKED after all.
    const directory = newDirectory()
    const store = await opened(directory)
    await store.peers.store(bob.peer)
    let letClose = (): void => undefined
    const gate = new Promise<void>(resolve => (letClose = resolve))
    const write = vi.spyOn(PeerDatabase.prototype, 'write').mockImplementation(() => gate)
    try {
      const closing = store.close()
      // Long enough for all else to be closed.
      const waiting = open(directory, { lockWaitMs: 500 })
      await expect(waiting).rejects.toMatchObject({ code: 'LOCKED', path: directory })
      letClose()
      await closing
    } finally {
      letClose()
      write.mockRestore()
    }
    expect((await opened(directory)).peers.list()).toEqual([bob.peer])
  })

  it('is let go of by a store that does not open', async () => {
    const directory = newDirectory()
    const store = await opened(directory)
    await store.actors.add(alice)
    await store.peers.store(bob.peer)
    await store.close()
    rmSync(join(directory, 'segments'), { recursive: true })
    await expect(open(directory)).rejects.toMatchObject({ code: 'LOG_LOST' })
    const peers = await PeerCache.open(join(directory, 'peers'))
    expect(peers.list()).toEqual([bob.peer])
    await peers.close()
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
