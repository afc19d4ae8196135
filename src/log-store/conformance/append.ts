/** Conformance: a record gets the next sequence, and is stored as it was at the moment of the call. */
import assert from 'node:assert/strict'
import type { Codec } from '../types.ts'
import {
  alice,
  append,
  appendAll,
  assertError,
  bob,
  boundsOf,
  boxes,
  bytesOf,
  contents,
  flushOf,
  inbox,
  key,
  outbox,
  payload,
  readAll,
  rejects,
  summary,
  textOf,
  type Define,
} from './suite.ts'

export function appendPromises(it: Define): void {
  it('the first record of a log gets sequence 1, the next one 2', async store => {
    await store.addActor(alice)
    assert.deepEqual(await append(store, inbox(alice), 'one'), { status: 'appended', seq: 1 })
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 1 })
    assert.deepEqual(await append(store, inbox(alice), 'two'), { status: 'appended', seq: 2 })
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 2 })
    assert.deepEqual(await contents(store, inbox(alice)), ['1 one', '2 two'])
  })

  it('an append changes no other log', async store => {
    for (const actor of [alice, bob]) await store.addActor(actor)
    await appendAll(store, inbox(alice), ['one', 'two'])
    await append(store, inbox(alice), 'three', { key: key('k') })
    for (const log of [outbox(alice), inbox(bob), outbox(bob)]) {
      assert.deepEqual(await boundsOf(store, log), { first: 1, tip: 0 })
      assert.deepEqual(await contents(store, log), [])
      assert.equal(await store.find(log, key('k')), null)
    }
  })

  it('a record comes back as it was given', async store => {
    await store.addActor(alice)
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)
    const cases: { codec: Codec; bytes: Uint8Array; meta: Uint8Array; receivedAt: number }[] = [
      { codec: 'bytes', bytes: everyByte, meta: everyByte, receivedAt: 1_700_000_000_000 },
      { codec: 'json', bytes: bytesOf('{"a":1}'), meta: bytesOf('m'), receivedAt: 0 },
      { codec: 'msgpack', bytes: new Uint8Array(), meta: new Uint8Array(4096).fill(255), receivedAt: 2 ** 48 - 1 },
      { codec: 'json', bytes: bytesOf('not JSON, and not our business'), meta: new Uint8Array(), receivedAt: 1 },
    ]
    for (const { codec, bytes, meta, receivedAt } of cases) {
      const one = { log: outbox(alice), payload: 0, meta, receivedAt }
      await store.append({ payloads: [{ codec, bytes }], appends: [one] })
    }
    const records = await readAll(store, outbox(alice))
    assert.equal(records.length, cases.length)
    for (const [index, expected] of cases.entries()) {
      const record = records[index]
      assert(record !== undefined)
      assert.equal(record.seq, index + 1)
      assert.equal(record.codec, expected.codec)
      assert.equal(record.receivedAt, expected.receivedAt)
      assert.equal(Buffer.compare(record.payload, expected.bytes), 0)
      assert.equal(Buffer.compare(record.meta, expected.meta), 0)
    }
  })

  it('a record without meta has empty meta', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'bare')
    assert.equal((await readAll(store, inbox(alice)))[0]?.meta.length, 0)
  })

  it('a payload of 1 MiB comes back whole, between small ones', async store => {
    await store.addActor(alice)
    const large = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => (index * 31) % 251)
    await append(store, inbox(alice), 'before')
    const one = { log: inbox(alice), payload: 0, receivedAt: 1 }
    await store.append({ payloads: [{ codec: 'bytes', bytes: large }], appends: [one] })
    await append(store, inbox(alice), 'after')
    const [before, middle, after] = await readAll(store, inbox(alice))
    assert(before !== undefined && middle !== undefined && after !== undefined)
    assert.equal(textOf(before.payload), 'before')
    assert.equal(Buffer.compare(middle.payload, large), 0)
    assert.equal(textOf(after.payload), 'after')
  })

  it('what the caller does to its buffers once the call has returned changes nothing', async store => {
    await store.addActor(alice)
    // Both kinds: `slice` copies a Uint8Array, and does not copy a Buffer.
    for (const make of [bytesOf, (text: string): Uint8Array => Buffer.from(text)]) {
      const buffers = { bytes: make('payload'), meta: make('meta'), key: make('0123456789abcdef') }
      const { bytes, ...rest } = buffers
      const one = { log: inbox(alice), payload: 0, receivedAt: 1, ifExists: 'keep' as const, ...rest }
      const appended = store.append({ payloads: [{ codec: 'bytes', bytes }], appends: [one] })
      for (const buffer of Object.values(buffers)) buffer.fill(0)
      await appended
      const record = (await readAll(store, inbox(alice))).at(-1)
      assert(record !== undefined)
      assert.deepEqual([textOf(record.payload), textOf(record.meta)], ['payload', 'meta'])
      assert.equal(await store.find(inbox(alice), bytesOf('0123456789abcdef')), record.seq)
      assert.equal(await store.find(inbox(alice), new Uint8Array(16)), null)
      await store.removeActor(alice)
      await store.addActor(alice)
    }
  })

  it('sequences follow the order of the calls, which need not wait for each other', async store => {
    await store.addActor(alice)
    const texts = Array.from({ length: 200 }, (_, index) => `record ${index + 1}`)
    const logs = texts.map((_, index) => (index % 3 === 0 ? outbox(alice) : inbox(alice)))
    const outcomes = await Promise.all(texts.map((text, index) => append(store, logs[index] ?? inbox(alice), text)))
    for (const box of boxes) {
      const own = texts.filter((_, index) => logs[index]?.box === box)
      const found = await contents(store, { actor: alice, box })
      assert.deepEqual(
        found,
        own.map((text, index) => `${index + 1} ${text}`),
      )
    }
    assert(outcomes.every(({ status }) => status === 'appended'))
  })

  it('an append to an actor that is not there rejects with NO_ACTOR and changes nothing', async store => {
    await rejects(append(store, inbox(alice), 'lost'), 'NO_ACTOR', { actor: alice, status: 'unknown' })
    assert.equal(await store.actorStatus(alice), 'unknown')
    await store.addActor(alice)
    assert.deepEqual(await contents(store, inbox(alice)), [])
    await store.removeActor(alice)
    await rejects(append(store, outbox(alice), 'lost'), 'NO_ACTOR', { actor: alice, status: 'removed' })
    assert.equal(await store.actorStatus(alice), 'removed')
  })

  it('the expected tip is compared with the tip, 0 for an empty log', async store => {
    await store.addActor(alice)
    assert.deepEqual(summary([await append(store, inbox(alice), 'one', { expectedTip: 0 })]), ['1'])
    assert.deepEqual(summary([await append(store, inbox(alice), 'two', { expectedTip: 1 })]), ['2'])
    for (const expected of [0, 1, 3, Number.MAX_SAFE_INTEGER]) {
      const refused = append(store, inbox(alice), 'refused', { expectedTip: expected, key: key('refused') })
      await rejects(refused, 'TIP_CONFLICT', { actor: alice, box: 'inbox', expected, actual: 2 })
    }
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 2 })
    assert.equal(await store.find(inbox(alice), key('refused')), null)
    assert.deepEqual(summary([await append(store, outbox(alice), 'one', { expectedTip: 0 })]), ['1'])
  })

  it('a trim does not change what the expected tip is compared with', async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['one', 'two'])
    await store.trim(inbox(alice), 3)
    await rejects(append(store, inbox(alice), 'refused', { expectedTip: 0 }), 'TIP_CONFLICT', { actual: 2 })
    assert.deepEqual(summary([await append(store, inbox(alice), 'three', { expectedTip: 2 })]), ['3'])
  })

  it('of several appends that expect the same tip at once, the first one wins', async store => {
    await store.addActor(alice)
    const texts = ['first', 'second', 'third']
    const calls = texts.map(text => append(store, inbox(alice), text, { expectedTip: 0 }))
    const [winner, ...losers] = await Promise.allSettled(calls)
    assert.deepEqual(winner, { status: 'fulfilled', value: { status: 'appended', seq: 1 } })
    assert.equal(losers.length, 2)
    for (const loser of losers) {
      assert(loser.status === 'rejected')
      assertError(loser.reason, 'TIP_CONFLICT', { expected: 0, actual: 1 })
    }
    assert.deepEqual(await contents(store, inbox(alice)), ['1 first'])
  })

  it('a flush of nothing has no outcomes and changes nothing', async store => {
    await store.addActor(alice)
    assert.deepEqual(await store.append({ payloads: [], appends: [] }), [])
    assert.deepEqual(await store.append({ payloads: [payload('unused')], appends: [] }), [])
    assert.deepEqual(await store.append(flushOf([], { onConflict: 'skip', items: [] })), [])
    assert.deepEqual(await boundsOf(store, inbox(alice)), { first: 1, tip: 0 })
  })
}
