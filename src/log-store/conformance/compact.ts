/** Conformance: giving space back changes nothing that anybody can ask. */
import assert from 'node:assert/strict'
import {
  alice,
  append,
  appendAll,
  bob,
  boundsOf,
  contents,
  inbox,
  key,
  outbox,
  rejects,
  summary,
  type Define,
} from './suite.ts'

export function compactPromises(it: Define): void {
  it('a compaction keeps records, bounds, keys, redactions, actors and items', async store => {
    for (const actor of [alice, bob, 'gone']) await store.addActor(actor)
    await append(store, inbox(alice), 'trimmed', { key: key('trimmed') })
    await appendAll(store, inbox(alice), ['b', 'c', 'd'])
    await append(store, outbox(alice), 'redacted', { key: key('redacted') })
    await append(store, outbox(bob), 'kept', { key: key('kept') })
    await append(store, inbox('gone'), 'gone')
    for (const value of ['old', 'new']) {
      await store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from(value) }] })
    }
    await store.trim(inbox(alice), 3)
    await store.redact(outbox(alice), 1)
    await store.removeActor('gone')
    for (let round = 0; round < 2; round++) {
      const report = await store.compact({ deadShareMin: 0 })
      assert.equal(report.damaged, 0)
      assert.deepEqual(await contents(store, inbox(alice)), ['3 c', '4 d'])
      assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 4 })
      assert.deepEqual(await contents(store, outbox(alice)), ['1 '])
      assert.deepEqual(await contents(store, outbox(bob)), ['1 kept'])
      assert.equal(await store.actorStatus('gone'), 'removed')
      assert.equal((await store.item('i'))?.version, 2)
      assert.deepEqual(summary([await append(store, inbox(alice), 'trimmed', { key: key('trimmed') })]), [
        'duplicate of 1',
      ])
      await rejects(append(store, outbox(alice), 'other', { key: key('redacted') }), 'KEY_CONFLICT', { seq: 1 })
    }
    assert.deepEqual(await append(store, inbox(alice), 'e'), { status: 'appended', seq: 5 })
  })

  it('a compaction that only looks, or is not to begin, does nothing', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b'])
    await store.trim(inbox(alice), 3)
    assert.equal((await store.compact({ dryRun: true })).bytesWritten, 0)
    await assert.rejects(store.compact({ signal: AbortSignal.abort('no') }), error => error === 'no')
    for (const deadShareMin of [-1, 2]) await rejects(store.compact({ deadShareMin }), 'OUT_OF_RANGE', {})
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 3, tip: 2 })
  })
}
