/** Conformance: a flush over several logs is there as a whole, or not at all. */
import assert from 'node:assert/strict'
import type { LogStore } from '../types.ts'
import {
  alice,
  append,
  appendAll,
  assertError,
  bob,
  boundsOf,
  boxes,
  contents,
  flushOf,
  inbox,
  key,
  outbox,
  payload,
  rejects,
  summary,
  type Define,
  type Draft,
} from './suite.ts'

const nobody = 'https://example.com/users/nobody'

/** Each log with what it holds, in one object to compare. */
async function everything(store: LogStore): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const actor of [alice, bob]) {
    for (const box of boxes) {
      const log = { actor, box }
      found[`${actor} ${box}`] = { bounds: await boundsOf(store, log), records: await contents(store, log) }
    }
  }
  return found
}

async function withTwoActors(store: LogStore): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  await append(store, inbox(bob), 'there', { key: key('there') })
}

export function flushPromises(it: Define): void {
  it('a flush over several logs gives each its own next sequence, in the order of the appends', async store => {
    await withTwoActors(store)
    const logs = [inbox(alice), inbox(bob), outbox(alice), inbox(alice), inbox(bob)]
    const outcomes = await store.append(flushOf(logs.map((log, index) => ({ log, text: `part ${index}` }))))
    assert.deepEqual(summary(outcomes), ['1', '2', '1', '2', '3'])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 part 0', '2 part 3'])
    assert.deepEqual(await contents(store, inbox(bob)), ['1 there', '2 part 1', '3 part 4'])
    assert.deepEqual(await contents(store, outbox(alice)), ['1 part 2'])
    assert.deepEqual(await contents(store, outbox(bob)), [])
  })

  it('one payload that many appends name is the payload of each', async store => {
    const ids = Array.from({ length: 300 }, (_, index) => `follower ${index}`)
    for (const id of ids) await store.addActor(id)
    const appends = ids.map(id => ({ log: inbox(id), payload: 1, receivedAt: 7, key: key('activity') }))
    const outcomes = await store.append({ payloads: [payload('unused'), payload('shared')], appends })
    assert(outcomes.every(outcome => outcome.status === 'appended' && outcome.seq === 1))
    for (const id of ids) assert.deepEqual(await contents(store, inbox(id)), ['1 shared'])
    await store.trim(inbox('follower 0'), 2)
    await store.removeActor('follower 1')
    assert.deepEqual(await contents(store, inbox('follower 2')), ['1 shared'])
    const again = await store.append({ payloads: [payload('unused'), payload('shared')], appends: appends.slice(2) })
    assert(again.every(outcome => outcome.status === 'duplicate' && outcome.seq === 1))
  })

  const conflicts: [code: 'NO_ACTOR' | 'KEY_CONFLICT' | 'TIP_CONFLICT', part: Draft][] = [
    ['NO_ACTOR', { log: inbox(nobody), text: 'refused' }],
    ['KEY_CONFLICT', { log: inbox(bob), text: 'refused', key: key('there') }],
    ['TIP_CONFLICT', { log: outbox(bob), text: 'refused', expectedTip: 5 }],
  ]
  const good: readonly Draft[] = [
    { log: inbox(alice), text: 'good', key: key('good') },
    { log: outbox(alice), text: 'good' },
    { log: inbox(bob), text: 'good' },
  ]
  for (const [code, bad] of conflicts) {
    for (const place of [0, 1, 3]) {
      it(`one ${code} at place ${place} refuses the whole flush, and no log shows a part of it`, async store => {
        await withTwoActors(store)
        const before = await everything(store)
        const parts = good.toSpliced(place, 0, bad)
        const items = [{ key: 'cursor', value: new Uint8Array(1) }]
        await rejects(store.append(flushOf(parts, { items })), code)
        await rejects(store.append(flushOf(parts, { items, onConflict: 'reject' })), code)
        assert.deepEqual(await everything(store), before)
        assert.equal(await store.find(inbox(alice), key('good')), null)
        assert.equal(await store.item('cursor'), null)
        // Nothing of it is remembered either: the good parts alone are new.
        assert.deepEqual(summary(await store.append(flushOf(good))), ['1', '1', '2'])
      })
    }

    it(`with skip, ${code} leaves out only its own part`, async store => {
      await withTwoActors(store)
      const items = [{ key: 'cursor', value: new Uint8Array(1) }]
      const parts = good.toSpliced(1, 0, bad)
      const outcomes = await store.append(flushOf(parts, { onConflict: 'skip', items }))
      assert.deepEqual(summary(outcomes), ['1', code, '1', '2'])
      assert.deepEqual(await contents(store, inbox(alice)), ['1 good'])
      assert.deepEqual(await contents(store, outbox(alice)), ['1 good'])
      assert.deepEqual(await contents(store, inbox(bob)), ['1 there', '2 good'])
      assert.deepEqual(await contents(store, outbox(bob)), [])
      assert.equal((await store.item('cursor'))?.version, 1)
    })
  }

  it('a skipped part carries an error with its facts', async store => {
    await withTwoActors(store)
    const [first, second, third] = await store.append(
      flushOf(
        conflicts.map(([, draft]) => draft),
        { onConflict: 'skip' },
      ),
    )
    assert(first?.status === 'refused' && second?.status === 'refused' && third?.status === 'refused')
    assertError(first.error, 'NO_ACTOR', { actor: nobody, status: 'unknown' })
    assertError(second.error, 'KEY_CONFLICT', { actor: bob, box: 'inbox', seq: 1 })
    assertError(third.error, 'TIP_CONFLICT', { actor: bob, box: 'outbox', expected: 5, actual: 0 })
  })

  it('an expected tip counts the earlier appends of its own flush, and not the skipped ones', async store => {
    await withTwoActors(store)
    const parts: Draft[] = [
      { log: inbox(alice), text: 'one', expectedTip: 0 },
      { log: inbox(alice), text: 'skipped', expectedTip: 0 },
      { log: inbox(alice), text: 'two', expectedTip: 1 },
      { log: outbox(alice), text: 'one', expectedTip: 0 },
    ]
    assert.deepEqual(summary(await store.append(flushOf(parts, { onConflict: 'skip' }))), [
      '1',
      'TIP_CONFLICT',
      '2',
      '1',
    ])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 one', '2 two'])
  })

  it('a duplicate in a flush is answered and stops nothing', async store => {
    await withTwoActors(store)
    const parts: Draft[] = [
      { log: inbox(alice), text: 'new' },
      { log: inbox(bob), text: 'there', key: key('there') },
      { log: inbox(bob), text: 'new' },
    ]
    assert.deepEqual(summary(await store.append(flushOf(parts))), ['1', 'duplicate of 1', '2'])
    assert.deepEqual(await contents(store, inbox(bob)), ['1 there', '2 new'])
  })

  it('a flush of nothing but duplicates writes nothing', async store => {
    await withTwoActors(store)
    const part = { log: inbox(bob), text: 'there', key: key('there') }
    assert.deepEqual(summary(await store.append(flushOf([part, part]))), ['duplicate of 1', 'duplicate of 1'])
    assert.deepEqual(await boundsOf(store, inbox(bob)), { first: 1, tip: 1 })
  })

  it('a key that comes twice in one flush is a duplicate of its first append', async store => {
    await withTwoActors(store)
    const parts: Draft[] = [
      { log: inbox(alice), text: 'before' },
      { log: inbox(alice), text: 'same', key: key('k') },
      { log: inbox(alice), text: 'same', key: key('k'), expectedTip: 99 },
      { log: outbox(alice), text: 'same', key: key('k') },
      { log: inbox(alice), text: 'other', key: key('k'), ifExists: 'keep' },
      { log: inbox(alice), text: 'after' },
    ]
    const expected = ['1', '2', 'duplicate of 2', '1', 'duplicate of 2', '3']
    assert.deepEqual(summary(await store.append(flushOf(parts))), expected)
    assert.deepEqual(await contents(store, inbox(alice)), ['1 before', '2 same', '3 after'])
  })

  it('a key that comes twice in one flush with other bytes is a conflict', async store => {
    await withTwoActors(store)
    const parts: Draft[] = [
      { log: inbox(alice), text: 'one', key: key('k') },
      { log: inbox(alice), text: 'other', key: key('k') },
      { log: inbox(alice), text: 'two' },
    ]
    await rejects(store.append(flushOf(parts)), 'KEY_CONFLICT', { actor: alice, box: 'inbox', seq: 1 })
    assert.deepEqual(await contents(store, inbox(alice)), [])
    assert.equal(await store.find(inbox(alice), key('k')), null)
    assert.deepEqual(summary(await store.append(flushOf(parts, { onConflict: 'skip' }))), ['1', 'KEY_CONFLICT', '2'])
    assert.deepEqual(await contents(store, inbox(alice)), ['1 one', '2 two'])
  })

  it('a key is looked up before the expected tip, and an actor before both', async store => {
    await withTwoActors(store)
    const known = { key: key('there'), expectedTip: 99 }
    const parts: Draft[] = [
      { log: inbox(nobody), text: 'there', ...known },
      { log: inbox(bob), text: 'there', ...known },
      { log: inbox(bob), text: 'other', ...known },
      { log: inbox(bob), text: 'other', ...known, ifExists: 'keep' },
      { log: inbox(bob), text: 'there', key: key('new'), expectedTip: 99 },
    ]
    const expected = ['NO_ACTOR', 'duplicate of 1', 'KEY_CONFLICT', 'duplicate of 1', 'TIP_CONFLICT']
    assert.deepEqual(summary(await store.append(flushOf(parts, { onConflict: 'skip' }))), expected)
    assert.deepEqual(await contents(store, inbox(bob)), ['1 there'])
    assert.equal(await store.find(inbox(bob), key('new')), null)
  })

  it('a refused flush says what its first conflict was', async store => {
    await withTwoActors(store)
    const [noActor, keyConflict, tipConflict] = conflicts.map(([, draft]) => draft)
    assert(noActor && keyConflict && tipConflict)
    await rejects(store.append(flushOf([tipConflict, noActor, keyConflict])), 'TIP_CONFLICT')
    await rejects(store.append(flushOf([keyConflict, tipConflict, noActor])), 'KEY_CONFLICT')
    await rejects(store.append(flushOf([noActor, keyConflict, tipConflict])), 'NO_ACTOR')
  })

  it('an item at another version refuses the whole flush, with skip too', async store => {
    await withTwoActors(store)
    const before = await everything(store)
    const items = [
      { key: 'first', value: new Uint8Array(1) },
      { key: 'cursor', value: new Uint8Array(1), expectedVersion: 3 },
    ]
    for (const onConflict of ['reject', 'skip'] as const) {
      const flush = flushOf(good, { items, onConflict })
      await rejects(store.append(flush), 'VERSION_CONFLICT', { key: 'cursor', expected: 3, actual: 0 })
      assert.deepEqual(await everything(store), before)
      assert.equal(await store.item('first'), null)
      assert.equal(await store.find(inbox(alice), key('good')), null)
    }
  })

  it('flushes that do not wait for each other follow one another whole', async store => {
    await withTwoActors(store)
    await appendAll(store, outbox(bob), ['there'])
    const rounds = Array.from({ length: 40 }, (_, round) => round)
    const parts = (round: number): Draft[] => [
      { log: inbox(alice), text: `${round}` },
      { log: outbox(alice), text: `${round}` },
      { log: inbox(round % 4 === 3 ? nobody : bob), text: `${round}` },
    ]
    const settled = await Promise.allSettled(rounds.map(round => store.append(flushOf(parts(round)))))
    const whole = rounds.filter(round => round % 4 !== 3)
    for (const [round, { status }] of settled.entries()) {
      assert.equal(status, round % 4 === 3 ? 'rejected' : 'fulfilled')
    }
    for (const log of [inbox(alice), outbox(alice)]) {
      assert.deepEqual(
        await contents(store, log),
        whole.map((round, index) => `${index + 1} ${round}`),
      )
    }
    assert.deepEqual((await contents(store, inbox(bob))).length, whole.length + 1)
  })
}
