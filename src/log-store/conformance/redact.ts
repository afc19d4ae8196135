/** Conformance: a redaction takes out what one record held, and leaves its place in the log. */
import assert from 'node:assert/strict'
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
  payload,
  readAll,
  rejects,
  summary,
  type Define,
} from './suite.ts'

export function redactPromises(it: Define): void {
  it('a redacted record keeps sequence, time and codec, and says so; payload and meta are empty', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a'])
    await append(store, inbox(alice), 'secret', { meta: bytesOf('who'), receivedAt: 42 })
    await appendAll(store, inbox(alice), ['c'])
    assert.deepEqual(await store.redact(inbox(alice), 2), { bounds: await store.bounds(inbox(alice)), redacted: true })
    for (const reverse of [false, true]) {
      const records = await readAll(store, inbox(alice), { reverse })
      const [before, record, after] = reverse ? records.toReversed() : records
      assert.deepEqual([before?.redacted, after?.redacted], [false, false])
      const { seq, receivedAt, codec, redacted } = record ?? {}
      assert.deepEqual({ seq, receivedAt, codec, redacted }, { seq: 2, receivedAt: 42, codec: 'bytes', redacted: true })
      assert.deepEqual([record?.payload.length, record?.meta.length], [0, 0])
    }
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 3 })
  })

  it('a redaction of a redacted record changes nothing and says so', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b'])
    const answers = await Promise.all([1, 2, 3].map(() => store.redact(inbox(alice), 2)))
    assert.deepEqual(
      answers.map(answer => answer?.redacted),
      [true, false, false],
    )
    const { commit } = store.stats()
    assert.equal((await store.redact(inbox(alice), 2))?.redacted, false)
    assert.equal(store.stats().commit, commit)
  })

  it('its key still dedupes, by the bytes that are gone', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'first', { key: key('k') })
    await store.redact(inbox(alice), 1)
    assert.equal(await store.find(inbox(alice), key('k')), 1)
    assert.deepEqual(summary([await append(store, inbox(alice), 'first', { key: key('k') })]), ['duplicate of 1'])
    await rejects(append(store, inbox(alice), 'other', { key: key('k') }), 'KEY_CONFLICT', { seq: 1 })
    const keep = await append(store, inbox(alice), 'other', { key: key('k'), ifExists: 'keep' })
    assert.deepEqual(summary([keep]), ['duplicate of 1'])
  })

  it('the tip itself can be redacted, and the next append goes on from it', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b'])
    await store.redact(inbox(alice), 2)
    assert.deepEqual(await append(store, inbox(alice), 'c'), { status: 'appended', seq: 3 })
    assert.deepEqual(await contents(store, inbox(alice)), ['1 a', '2 ', '3 c'])
  })

  it('it is done in its turn: after what was asked for before it, and before what was asked for after it', async store => {
    await store.addActor(alice)
    const appended = appendAll(store, inbox(alice), ['a'])
    const [, first] = await Promise.all([appended, store.redact(inbox(alice), 1)])
    assert.equal(first?.redacted, true)
    await appendAll(store, inbox(alice), ['b', 'c'])
    const [, second] = await Promise.all([store.trim(inbox(alice), 3), store.redact(inbox(alice), 2)])
    assert.deepEqual([second?.redacted, second?.bounds.first], [false, 3])
    assert.deepEqual(await contents(store, inbox(alice)), ['3 c'])
    const [last, , again] = await Promise.all([
      store.redact(inbox(alice), 3),
      store.removeActor(alice),
      store.redact(inbox(alice), 3),
    ])
    assert.deepEqual([last?.redacted, again], [true, null])
  })

  it('a sequence above the tip, or below 1, is OUT_OF_RANGE', async store => {
    await store.addActor(alice)
    await rejects(store.redact(inbox(alice), 1), 'OUT_OF_RANGE', { value: 1, min: 1, max: 0 })
    await appendAll(store, inbox(alice), ['a', 'b'])
    for (const value of [3, 0, -1, 1.5, Number.MAX_SAFE_INTEGER]) {
      await rejects(store.redact(inbox(alice), value), 'OUT_OF_RANGE', { value, min: 1, max: 2 })
    }
    assert.deepEqual(await contents(store, inbox(alice)), ['1 a', '2 b'])
  })

  it('it changes no other record, not even one that shares the payload', async store => {
    const logs = [alice, bob].flatMap(actor => boxes.map(box => ({ actor, box })))
    for (const actor of [alice, bob]) await store.addActor(actor)
    const appends = logs.map(log => ({ log, payload: 0, receivedAt: 1 }))
    await store.append({ payloads: [payload('shared')], appends: [...appends, ...appends] })
    await store.redact(outbox(alice), 1)
    assert.deepEqual(await contents(store, outbox(alice)), ['1 ', '2 shared'])
    for (const log of logs.filter(({ actor, box }) => actor !== alice || box !== 'outbox'))
      assert.deepEqual(await contents(store, log), ['1 shared', '2 shared'])
  })

  it('an actor that is not there has nothing to redact; added again, nothing is redacted', async store => {
    assert.equal(await store.redact(inbox(alice), 1), null)
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a'])
    await store.redact(inbox(alice), 1)
    await store.removeActor(alice)
    assert.equal(await store.redact(inbox(alice), 1), null)
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['again'])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 again'])
  })
}
