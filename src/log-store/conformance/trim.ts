/** Conformance: a trim drops the oldest records of one log, and nothing else. */
import assert from 'node:assert/strict'
import { alice, append, appendAll, bob, boundsOf, boxes, contents, inbox, rejects, type Define } from './suite.ts'

export function trimPromises(it: Define): void {
  it('a trim drops the records below, and only those', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b', 'c', 'd'])
    const bounds = await store.trim(inbox(alice), 3)
    assert.deepEqual(bounds, await store.bounds(inbox(alice)))
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 4 })
    assert.deepEqual(await contents(store, inbox(alice)), ['3 c', '4 d'])
    await store.trim(inbox(alice), 4)
    assert.deepEqual(await contents(store, inbox(alice)), ['4 d'])
  })

  it('a trim to tip + 1 empties the log, and the next append goes on from the tip', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b'])
    await store.trim(inbox(alice), 3)
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 2 })
    assert.deepEqual(await contents(store, inbox(alice)), [])
    assert.deepEqual(await append(store, inbox(alice), 'c'), { status: 'appended', seq: 3 })
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 3 })
    assert.deepEqual(await contents(store, inbox(alice)), ['3 c'])
  })

  it('a trim to where the log begins already changes nothing and brings nothing back', async store => {
    await store.addActor(alice)
    await store.trim(inbox(alice), 1)
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 0 })
    await appendAll(store, inbox(alice), ['a', 'b', 'c'])
    await store.trim(inbox(alice), 3)
    for (const before of [1, 2, 3]) {
      const bounds = await store.trim(inbox(alice), before)
      assert.deepEqual([bounds?.first, bounds?.tip], [3, 3])
      assert.deepEqual(await contents(store, inbox(alice)), ['3 c'])
    }
  })

  it('a trim beyond tip + 1, or below 1, is OUT_OF_RANGE and changes nothing', async store => {
    await store.addActor(alice)
    await rejects(store.trim(inbox(alice), 2), 'OUT_OF_RANGE', { value: 2, min: 1, max: 1 })
    await appendAll(store, inbox(alice), ['a', 'b'])
    for (const value of [4, Number.MAX_SAFE_INTEGER, 0, -1]) {
      await rejects(store.trim(inbox(alice), value), 'OUT_OF_RANGE', { value, min: 1, max: 3 })
    }
    assert.deepEqual(await contents(store, inbox(alice)), ['1 a', '2 b'])
  })

  it('a trim changes no other log', async store => {
    const logs = [alice, bob].flatMap(actor => boxes.map(box => ({ actor, box })))
    for (const actor of [alice, bob]) await store.addActor(actor)
    for (const log of logs) await appendAll(store, log, ['a', 'b'])
    await store.trim(inbox(alice), 2)
    for (const log of logs.slice(1)) {
      assert.deepEqual(await boundsOf(store, log), { first: 1, tip: 2 })
      assert.deepEqual(await contents(store, log), ['1 a', '2 b'])
    }
  })

  it('an actor that is not there has nothing to trim', async store => {
    assert.equal(await store.trim(inbox(alice), 1), null)
    assert.equal(await store.trim(inbox(alice), 5), null)
  })
}
