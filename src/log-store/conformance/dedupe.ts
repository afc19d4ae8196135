/** Conformance: of all appends with one key, a log keeps the first, for its whole life. */
import assert from 'node:assert/strict'
import type { Codec, LogStore } from '../types.ts'
import {
  alice,
  append,
  appendAll,
  bob,
  boundsOf,
  bytesOf,
  contents,
  inbox,
  key,
  outbox,
  readAll,
  rejects,
  summary,
  textOf,
  type Define,
} from './suite.ts'

async function appendWithCodec(store: LogStore, codec: Codec): Promise<readonly string[]> {
  const payloads = [{ codec, bytes: bytesOf('"same"') }]
  return summary(
    await store.append({ payloads, appends: [{ log: inbox(alice), payload: 0, receivedAt: 1, key: key('k') }] }),
  )
}

export function dedupePromises(it: Define): void {
  it('the same key with the same bytes is a duplicate, and nothing is written', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['before'])
    assert.deepEqual(await append(store, inbox(alice), 'once', { key: key('k') }), { status: 'appended', seq: 2 })
    await appendAll(store, inbox(alice), ['after'])
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await append(store, inbox(alice), 'once', { key: key('k') }), { status: 'duplicate', seq: 2 })
    }
    assert.deepEqual(await contents(store, inbox(alice)), ['1 before', '2 once', '3 after'])
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 3 })
  })

  it('the same key with other bytes is a conflict, and nothing is written', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'first', { key: key('k') })
    for (const text of ['other', 'firs', 'first ', '']) {
      const facts = { actor: alice, box: 'inbox' as const, seq: 1 }
      await rejects(append(store, inbox(alice), text, { key: key('k') }), 'KEY_CONFLICT', facts)
    }
    assert.deepEqual(await contents(store, inbox(alice)), ['1 first'])
  })

  it('the same bytes in another codec are other bytes', async store => {
    await store.addActor(alice)
    assert.deepEqual(await appendWithCodec(store, 'json'), ['1'])
    assert.deepEqual(await appendWithCodec(store, 'json'), ['duplicate of 1'])
    await rejects(appendWithCodec(store, 'bytes'), 'KEY_CONFLICT', { seq: 1 })
    await rejects(appendWithCodec(store, 'msgpack'), 'KEY_CONFLICT', { seq: 1 })
  })

  it('meta and time are no part of the same bytes, and the first ones stay', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'once', { key: key('k'), meta: bytesOf('first'), receivedAt: 5 })
    const again = { key: key('k'), meta: bytesOf('second'), receivedAt: 9 }
    assert.deepEqual(summary([await append(store, inbox(alice), 'once', again)]), ['duplicate of 1'])
    const [record] = await readAll(store, inbox(alice))
    assert(record !== undefined)
    assert.deepEqual([textOf(record.meta), record.receivedAt], ['first', 5])
  })

  it('with keep, the first record answers whatever the bytes are', async store => {
    await store.addActor(alice)
    const keep = { key: key('k'), ifExists: 'keep' as const }
    assert.deepEqual(summary([await append(store, inbox(alice), 'first', keep)]), ['1'])
    assert.deepEqual(summary([await append(store, inbox(alice), 'second', keep)]), ['duplicate of 1'])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 first'])
  })

  it('a key belongs to one log: in any other it is new', async store => {
    for (const actor of [alice, bob]) await store.addActor(actor)
    for (const log of [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]) {
      assert.equal(await store.find(log, key('k')), null)
      const text = `${log.actor} ${log.box}`
      assert.deepEqual(await append(store, log, text, { key: key('k') }), { status: 'appended', seq: 1 })
      assert.equal(await store.find(log, key('k')), 1)
    }
  })

  it('keys that differ in one bit are different keys', async store => {
    await store.addActor(alice)
    const keys = Array.from({ length: 129 }, (_, bit) => {
      const bytes = new Uint8Array(16)
      if (bit < 128) bytes[bit >> 3] = 1 << (bit & 7)
      return bytes
    })
    for (const [index, each] of keys.entries()) {
      assert.deepEqual(await append(store, inbox(alice), 'same', { key: each }), { status: 'appended', seq: index + 1 })
    }
    for (const [index, each] of keys.entries()) assert.equal(await store.find(inbox(alice), each), index + 1)
  })

  it('records without a key are never duplicates', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['same', 'same'])
    await append(store, inbox(alice), 'same', { key: key('k') })
    await appendAll(store, inbox(alice), ['same'])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 same', '2 same', '3 same', '4 same'])
  })

  it('find gives the sequence of a key, and null for a key that is not there', async store => {
    await store.addActor(alice)
    assert.equal(await store.find(inbox(alice), key('k')), null)
    await appendAll(store, inbox(alice), ['before'])
    await append(store, inbox(alice), 'once', { key: key('k') })
    assert.equal(await store.find(inbox(alice), key('k')), 2)
    assert.equal(await store.find(inbox(alice), key('other')), null)
    assert.equal(await store.find(outbox(alice), key('k')), null)
    assert.equal(await store.find(inbox(bob), key('k')), null)
  })

  it('keys outlive a trim: found, duplicate, and in conflict as before', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'once', { key: key('k') })
    await appendAll(store, inbox(alice), ['after'])
    await store.trim(inbox(alice), 3)
    assert.equal(await store.find(inbox(alice), key('k')), 1)
    assert.deepEqual(summary([await append(store, inbox(alice), 'once', { key: key('k') })]), ['duplicate of 1'])
    await rejects(append(store, inbox(alice), 'other', { key: key('k') }), 'KEY_CONFLICT', { seq: 1 })
    const keep = { key: key('k'), ifExists: 'keep' as const }
    assert.deepEqual(summary([await append(store, inbox(alice), 'other', keep)]), ['duplicate of 1'])
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 2 })
  })

  it('of several appends with one key at once, the first is written and the others name it', async store => {
    await store.addActor(alice)
    const calls = Array.from({ length: 20 }, () => append(store, inbox(alice), 'once', { key: key('k') }))
    const expected = ['1', ...Array.from({ length: 19 }, () => 'duplicate of 1')]
    assert.deepEqual(summary(await Promise.all(calls)), expected)
    assert.deepEqual(await contents(store, inbox(alice)), ['1 once'])
  })

  it('a refused append does not take its key', async store => {
    await store.addActor(alice)
    await rejects(append(store, inbox(alice), 'refused', { key: key('k'), expectedTip: 4 }), 'TIP_CONFLICT')
    assert.equal(await store.find(inbox(alice), key('k')), null)
    assert.deepEqual(summary([await append(store, inbox(alice), 'other', { key: key('k') })]), ['1'])
  })
}
