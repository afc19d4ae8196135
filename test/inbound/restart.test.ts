/** A host that is closed and opened again knows what it knew: its peers, and what was delivered. */
import { describe, expect, it } from 'vitest'
import { isTwinlogError, open } from 'twinlog'
import { openMemory, testKeys } from 'twinlog/testing'
import { alice, answered, carol, dora, follow, now, sent, textsIn, traceOf, world } from './fixtures.ts'
import { temporaryDirectory, temporaryStore } from './temporary-store.ts'

describe('after a restart', () => {
  it('keys are known, though their servers are down, and deliveries are duplicates', async () => {
    const directory = temporaryDirectory()
    const first = await world({ open: temporaryStore({}, directory) })
    const activity = follow(carol)
    await first.inbound.receive(sent({ activity }))
    await first.inbound.receive(sent({ from: dora, form: 'rfc9421' }))
    const before = await traceOf(first.store)
    await first.store.close()

    const second = await world({ open: temporaryStore({}, directory) })
    expect(await traceOf(second.store)).toEqual(before)
    for (const { id } of [carol, dora]) second.published.set(id, answered(500))
    expect(await second.inbound.receive(sent({ activity }))).toMatchObject({ code: 'duplicate', inboxes: [{ seq: 1 }] })
    const changed = { ...activity, content: 'x' }
    expect(await second.inbound.receive(sent({ activity: changed }))).toMatchObject({ code: 'id_conflict' })
    expect(await second.inbound.receive(sent({ from: dora }))).toMatchObject({ code: 'accepted' })
    expect(second.fetches).toEqual([])
  })

  it('who was gone is gone', async () => {
    const directory = temporaryDirectory()
    const first = await world({ open: temporaryStore({}, directory) })
    first.published.set(carol.id, answered(410))
    expect(await first.inbound.receive(sent())).toMatchObject({ code: 'key_gone' })
    await first.store.close()
    const second = await world({ open: temporaryStore({}, directory) })
    expect(await second.inbound.receive(sent())).toMatchObject({ code: 'key_gone' })
    expect(second.fetches).toEqual([])
  })

  it('a store without its peers has lost no record, and fetches them again', async () => {
    const directory = temporaryDirectory()
    const first = await world({ open: temporaryStore({}, directory) })
    const delivery = sent()
    await first.inbound.receive(delivery)
    for (const { id } of first.store.peers.list()) await first.store.peers.evict(id)
    await first.store.close()
    const second = await world({ open: temporaryStore({}, directory) })
    expect(await textsIn(second.store, alice)).toEqual([Buffer.from(delivery.body).toString()])
    expect(await second.inbound.receive(delivery)).toMatchObject({ code: 'duplicate' })
    expect(second.fetches).toEqual([carol.id])
  })
})

describe('a store and its peers', () => {
  const isClosed = (error: unknown): boolean => isTwinlogError(error, 'CLOSED')

  it('are closed together, however often', async () => {
    const stores = [await openMemory(), await open(temporaryDirectory())]
    for (const store of stores) {
      await Promise.all([store.close(), store.close()])
      await store.close()
      expect(() => store.peers.list()).toThrow(expect.toSatisfy(isClosed))
      await expect(store.inbox(alice).tip()).rejects.toSatisfy(isClosed)
    }
  })

  it('have one clock', async () => {
    let time = now
    const store = await openMemory({ clock: () => time, peers: { initial: [carol.peer] } })
    expect(store.peers.lookup(carol.id)?.stale).toBe(false)
    time += 24 * 60 * 60_000
    expect(store.peers.lookup(carol.id)?.stale).toBe(true)
  })
})

it('a delivery that came while the store was closing may come again', async () => {
  const directory = temporaryDirectory()
  const first = await world({ open: temporaryStore({}, directory) })
  const deliveries = Array.from({ length: 20 }, () => sent())
  const verdicts = deliveries.map(delivery => first.inbound.receive(delivery))
  const closing = first.store.close()
  const codes = (await Promise.all(verdicts)).map(({ code }) => code)
  await closing
  for (const code of codes) expect(['accepted', 'store_unavailable']).toContain(code)
  const second = await world({ open: temporaryStore({}, directory) })
  for (const [at, delivery] of deliveries.entries()) {
    const { code } = await second.inbound.receive(delivery)
    if (codes[at] === 'accepted') expect(code).toBe('duplicate')
    else expect(['accepted', 'duplicate']).toContain(code)
  }
  expect(await second.store.inbox(alice).tip()).toBe(20)
  const forged = sent({ from: { ...carol, privateKey: testKeys.otherRsa } })
  expect(await second.inbound.receive(forged)).toMatchObject({ code: 'signature_invalid' })
})
