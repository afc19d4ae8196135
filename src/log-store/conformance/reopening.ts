/** Conformance, for drivers that keep what they hold: everything is there again after close and open. */
import assert from 'node:assert/strict'
import { reopenedFeedPromises } from './feed.ts'
import type { LogStore } from '../types.ts'
import {
  alice,
  append,
  appendAll,
  bob,
  boundsOf,
  boxes,
  bytesOf,
  contents,
  inbox,
  key,
  outbox,
  readAll,
  rejects,
  summary,
  textOf,
} from './suite.ts'

/** Closes a store and opens what it left. */
type Reopen = (store: LogStore) => Promise<LogStore>
export type DefineReopening = (title: string, body: (store: LogStore, reopen: Reopen) => Promise<void>) => void

export function reopeningPromises(it: DefineReopening): void {
  reopenedFeedPromises(it)

  it('an empty store is an empty store again', async (first, reopen) => {
    const store = await reopen(first)
    assert.deepEqual(await store.listActors({ after: 0, limit: 10 }), [])
    assert.equal(await store.actorStatus(alice), 'unknown')
    assert.equal(await store.item('a'), null)
  })

  it('actors are there in their order, with their epochs, and the removed stay removed', async (first, reopen) => {
    for (const id of ['c', 'a', 'b', 'd']) await first.addActor(id)
    await first.removeActor('a')
    await first.removeActor('c')
    await first.addActor('c')
    const before = await first.listActors({ after: 0, limit: 10 })
    const bounds = await first.bounds(inbox('c'))
    const store = await reopen(first)
    assert.deepEqual(await store.listActors({ after: 0, limit: 10 }), before)
    assert.deepEqual(await store.bounds(inbox('c')), bounds)
    assert.equal(await store.actorStatus('a'), 'removed')
    assert.equal(await store.actorStatus('c'), 'active')
    assert.equal(await store.actorStatus('e'), 'unknown')
    assert.equal(await store.bounds(inbox('a')), null)
  })

  it('an epoch never comes back, not even that of the last actor removed', async (first, reopen) => {
    let store = first
    const seen = new Set<number>()
    for (let round = 0; round < 3; round++) {
      await store.addActor(alice)
      const bounds = await store.bounds(inbox(alice))
      assert(bounds !== null)
      seen.add(bounds.epoch)
      await store.removeActor(alice)
      store = await reopen(store)
    }
    assert.equal(seen.size, 3)
  })

  it('records are there with the same bytes, and appends go on from the tip', async (first, reopen) => {
    for (const actor of [alice, bob]) await first.addActor(actor)
    await append(first, inbox(alice), 'a', { meta: bytesOf('m'), receivedAt: 42 })
    await appendAll(first, inbox(alice), ['b', 'c'])
    await appendAll(first, outbox(bob), ['d'])
    let store = first
    for (let round = 0; round < 3; round++) {
      store = await reopen(store)
      const [record] = await readAll(store, inbox(alice))
      assert(record !== undefined)
      assert.deepEqual([textOf(record.meta), record.receivedAt, record.codec], ['m', 42, 'bytes'])
      assert.deepEqual((await contents(store, inbox(alice))).slice(0, 3), ['1 a', '2 b', '3 c'])
      assert.deepEqual(await contents(store, outbox(bob)), ['1 d'])
      assert.deepEqual(await boundsOf(store, outbox(alice)), { first: 1, tip: 0 })
      const next = await append(store, inbox(alice), 'e', { expectedTip: 3 + round })
      assert.deepEqual(summary([next]), [`${4 + round}`])
    }
  })

  it('keys still dedupe', async (first, reopen) => {
    await first.addActor(alice)
    await appendAll(first, inbox(alice), ['before'])
    await append(first, inbox(alice), 'once', { key: key('k') })
    const store = await reopen(first)
    assert.equal(await store.find(inbox(alice), key('k')), 2)
    assert.equal(await store.find(outbox(alice), key('k')), null)
    assert.deepEqual(summary([await append(store, inbox(alice), 'once', { key: key('k') })]), ['duplicate of 2'])
    await rejects(append(store, inbox(alice), 'other', { key: key('k') }), 'KEY_CONFLICT', { seq: 2 })
  })

  it('a trimmed log stays trimmed, with its tip and its keys', async (first, reopen) => {
    await first.addActor(alice)
    await append(first, inbox(alice), 'once', { key: key('k') })
    await appendAll(first, inbox(alice), ['b'])
    await appendAll(first, outbox(alice), ['c', 'd'])
    await first.trim(inbox(alice), 3)
    await first.trim(outbox(alice), 2)
    const store = await reopen(first)
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 2 })
    assert.deepEqual(await contents(store, outbox(alice)), ['2 d'])
    assert.equal(await store.find(inbox(alice), key('k')), 1)
    assert.deepEqual(summary([await append(store, inbox(alice), 'once', { key: key('k') })]), ['duplicate of 1'])
    await rejects(append(store, inbox(alice), 'other', { key: key('k') }), 'KEY_CONFLICT', { seq: 1 })
    assert.deepEqual(summary([await append(store, inbox(alice), 'e')]), ['3'])
  })

  it('an actor removed and added again shows nothing of the old', async (first, reopen) => {
    await first.addActor(alice)
    for (const box of boxes) await append(first, { actor: alice, box }, 'old', { key: key('k') })
    await first.removeActor(alice)
    const second = await reopen(first)
    await second.addActor(alice)
    const store = await reopen(second)
    for (const box of boxes) {
      const log = { actor: alice, box }
      assert.deepEqual(await boundsOf(store, log), { first: 1, tip: 0 })
      assert.deepEqual(await contents(store, log), [])
      assert.equal(await store.find(log, key('k')), null)
      assert.deepEqual(summary([await append(store, log, 'new', { key: key('k') })]), ['1'])
    }
  })

  it('items are there with their versions', async (first, reopen) => {
    const value = bytesOf('x')
    for (const each of ['a', 'a', 'b', 'c']) {
      await first.append({ payloads: [], appends: [], items: [{ key: each, value }] })
    }
    await first.append({ payloads: [], appends: [], items: [{ key: 'c', value: null }] })
    const store = await reopen(first)
    const found: unknown[] = []
    for await (const [each, item] of store.listItems('')) found.push([each, textOf(item.value), item.version])
    assert.deepEqual(found, [
      ['a', 'x', 2],
      ['b', 'x', 1],
    ])
    assert.equal(await store.item('c'), null)
    const stale = { payloads: [], appends: [], items: [{ key: 'a', value, expectedVersion: 1 }] }
    await rejects(store.append(stale), 'VERSION_CONFLICT', { key: 'a', expected: 1, actual: 2 })
  })

  it('nothing of a refused flush is there', async (first, reopen) => {
    await first.addActor(alice)
    const payloads = [{ codec: 'bytes' as const, bytes: bytesOf('x') }]
    const appends = [
      { log: inbox(alice), payload: 0, receivedAt: 1, key: key('k') },
      { log: inbox(bob), payload: 0, receivedAt: 1 },
    ]
    await rejects(first.append({ payloads, appends, items: [{ key: 'a', value: bytesOf('x') }] }), 'NO_ACTOR')
    const store = await reopen(first)
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 0 })
    assert.equal(await store.find(inbox(alice), key('k')), null)
    assert.equal(await store.item('a'), null)
    assert.equal(await store.actorStatus(bob), 'unknown')
  })

  it('a store that was opened again is independent of the closed one', async (first, reopen) => {
    await first.addActor(alice)
    const store = await reopen(first)
    await rejects(first.bounds(inbox(alice)), 'CLOSED')
    await first.close()
    assert.deepEqual(summary([await append(store, inbox(alice), 'a')]), ['1'])
  })

  it('a redacted record stays redacted, and its key stays known', async (first, reopen) => {
    await first.addActor(alice)
    for (const text of ['a', 'b', 'c']) await append(first, inbox(alice), text, { key: key(text), receivedAt: 7 })
    await first.redact(inbox(alice), 2)
    let store = first
    for (let round = 0; round < 2; round++) {
      store = await reopen(store)
      assert.deepEqual(await contents(store, inbox(alice)), ['1 a', '2 ', '3 c'])
      const record = (await readAll(store, inbox(alice)))[1]
      assert.deepEqual([record?.redacted, record?.receivedAt], [true, 7])
      assert.equal((await store.redact(inbox(alice), 2))?.redacted, false)
      assert.deepEqual(summary([await append(store, inbox(alice), 'b', { key: key('b') })]), ['duplicate of 2'])
    }
  })
}
