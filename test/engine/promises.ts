/** The promises by their names. Each body works with actors of its own, so that many can be checked in one store. */
import assert from 'node:assert/strict'
import type { LogRef, Operation } from '../model/operations.ts'
import type { Subject } from './subject.ts'
import { valueOf } from './with-subject.ts'

/** Actors that the subject has never heard of. */
export interface Cast {
  readonly alice: string
  readonly bob: string
  readonly nobody: string
}

type Body = (subject: Subject, cast: Cast) => Promise<void>

const inbox = (actor: string): LogRef => ({ actor, box: 'inbox' })
const outbox = (actor: string): LogRef => ({ actor, box: 'outbox' })

async function value(subject: Subject, operation: Operation): Promise<unknown> {
  return valueOf(await subject.run(operation))
}

const add = (subject: Subject, actor: string): Promise<unknown> => value(subject, { type: 'add', actor })
const tip = (subject: Subject, log: LogRef): Promise<unknown> => value(subject, { type: 'tip', log })

function append(subject: Subject, log: LogRef, text: string, key?: string): Promise<unknown> {
  const keyed = key === undefined ? {} : { key }
  return value(subject, { type: 'append', log, body: { codec: 'msgpack', value: text }, ...keyed })
}

/** `['1 first', '2 second']`, read in each of the ways there are, which must agree. */
async function contents(subject: Subject, log: LogRef): Promise<readonly string[]> {
  const read = (await value(subject, { type: 'read', log, options: {} })) as { seq: number; value: unknown }[]
  const page = (await value(subject, { type: 'page', log, options: { limit: 1000 } })) as { items: unknown[] }
  assert.deepEqual(page.items.toReversed(), read)
  for (const record of read) assert.deepEqual(await value(subject, { type: 'get', log, seq: record.seq }), record)
  assert.equal(await value(subject, { type: 'get', log, seq: (read.at(-1)?.seq ?? 0) + 1 }), undefined)
  return read.map(({ seq, value: text }) => `${seq} ${String(text)}`)
}

const questions: readonly ((log: LogRef) => Operation)[] = [
  log => ({ type: 'bounds', log }),
  log => ({ type: 'get', log, seq: 1 }),
  log => ({ type: 'page', log, options: {} }),
  log => ({ type: 'page', log, options: { before: 5 } }),
  log => ({ type: 'page', log, options: { after: 5 } }),
  log => ({ type: 'read', log, options: {} }),
  log => ({ type: 'read', log, options: { after: 5, reverse: true } }),
  log => ({ type: 'follow', log, count: 1 }),
  log => ({ type: 'follow', log, after: 5, count: 1 }),
]

async function assertNoActor(subject: Subject, operation: Operation, actor: string, status: string): Promise<void> {
  assert.deepEqual(await subject.run(operation), { code: 'NO_ACTOR', facts: { actor, status } })
}

export const promises: Readonly<Record<string, Body>> = {
  'fresh inbox tip is 0': async (subject, { alice }) => {
    await add(subject, alice)
    assert.equal(await tip(subject, inbox(alice)), 0)
  },

  'fresh outbox tip is 0': async (subject, { alice }) => {
    await add(subject, alice)
    assert.equal(await tip(subject, outbox(alice)), 0)
  },

  "the state of a known actor's inbox is there": async (subject, { alice }) => {
    await add(subject, alice)
    assert.equal(await value(subject, { type: 'status', actor: alice }), 'active')
    assert.deepEqual(await value(subject, { type: 'bounds', log: inbox(alice) }), { first: 1, tip: 0 })
    assert.deepEqual(await contents(subject, inbox(alice)), [])
  },

  'append to the inbox returns sequence 1': async (subject, { alice }) => {
    await add(subject, alice)
    assert.deepEqual(await append(subject, inbox(alice), 'first'), { seq: 1, duplicate: false })
  },

  'the tip advances after an append': async (subject, { alice }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'first')
    assert.equal(await tip(subject, inbox(alice)), 1)
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 first'])
  },

  'two appends give tip 2': async (subject, { alice }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'first')
    assert.deepEqual(await append(subject, inbox(alice), 'second'), { seq: 2, duplicate: false })
    assert.equal(await tip(subject, inbox(alice)), 2)
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 first', '2 second'])
  },

  'appending to an unknown actor rejects with `NO_ACTOR` and changes nothing': async (subject, { alice, nobody }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'kept')
    for (const log of [inbox(nobody), outbox(nobody)]) {
      const body = { codec: 'msgpack' as const, value: 'lost' }
      await assertNoActor(subject, { type: 'append', log, body, key: 'k' }, nobody, 'unknown')
      const parts = [
        { log: inbox(alice), body, key: 'k' },
        { log, body, key: 'k' },
      ]
      await assertNoActor(subject, { type: 'flush', parts }, nobody, 'unknown')
      assert.equal(await tip(subject, log), null)
    }
    assert.equal(await value(subject, { type: 'status', actor: nobody }), 'unknown')
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 kept'])
    assert.equal(await value(subject, { type: 'find', log: inbox(alice), key: 'k' }), undefined)
    await add(subject, nobody)
    for (const log of [inbox(nobody), outbox(nobody)]) assert.deepEqual(await contents(subject, log), [])
  },

  'on an unknown actor `bounds`, `get`, `page`, `read`, `follow` reject with `NO_ACTOR`': async (subject, cast) => {
    const { alice, nobody } = cast
    await add(subject, alice)
    await value(subject, { type: 'remove', actor: alice })
    for (const question of questions) {
      for (const logIn of [inbox, outbox]) {
        await assertNoActor(subject, question(logIn(nobody)), nobody, 'unknown')
        await assertNoActor(subject, question(logIn(alice)), alice, 'removed')
      }
    }
  },

  'the tip of an unknown actor is null': async (subject, { nobody }) => {
    assert.equal(await tip(subject, inbox(nobody)), null)
    assert.equal(await tip(subject, outbox(nobody)), null)
    assert.equal(await value(subject, { type: 'status', actor: nobody }), 'unknown')
  },

  'inbox and outbox tips are fully independent': async (subject, { alice }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'in')
    assert.deepEqual([await tip(subject, inbox(alice)), await tip(subject, outbox(alice))], [1, 0])
    await append(subject, inbox(alice), 'in')
    assert.deepEqual(await append(subject, outbox(alice), 'out'), { seq: 1, duplicate: false })
    assert.deepEqual([await tip(subject, inbox(alice)), await tip(subject, outbox(alice))], [2, 1])
    await value(subject, { type: 'trim', log: inbox(alice), before: 3 })
    assert.deepEqual(await value(subject, { type: 'bounds', log: outbox(alice) }), { first: 1, tip: 1 })
    assert.deepEqual([await tip(subject, inbox(alice)), await tip(subject, outbox(alice))], [2, 1])
  },

  "one actor's boxes are separate states": async (subject, { alice }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'in', 'k')
    assert.equal(await value(subject, { type: 'find', log: outbox(alice), key: 'k' }), undefined)
    assert.deepEqual(await append(subject, outbox(alice), 'out', 'k'), { seq: 1, duplicate: false })
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 in'])
    assert.deepEqual(await contents(subject, outbox(alice)), ['1 out'])
  },

  'two actors keep independent inboxes and outboxes': async (subject, { alice, bob }) => {
    for (const actor of [alice, bob]) await add(subject, actor)
    const logs = [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]
    for (const [count, log] of logs.entries()) {
      for (let seq = 1; seq <= count + 1; seq++) {
        assert.deepEqual(await append(subject, log, `${count}`, `${seq}`), { seq, duplicate: false })
      }
    }
    await value(subject, { type: 'trim', log: inbox(bob), before: 2 })
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 0'])
    assert.deepEqual(await contents(subject, outbox(alice)), ['1 1', '2 1'])
    assert.deepEqual(await contents(subject, inbox(bob)), ['2 2', '3 2'])
    assert.deepEqual(await contents(subject, outbox(bob)), ['1 3', '2 3', '3 3', '4 3'])
    await value(subject, { type: 'remove', actor: alice })
    assert.deepEqual(await contents(subject, inbox(bob)), ['2 2', '3 2'])
    assert.deepEqual(await contents(subject, outbox(bob)), ['1 3', '2 3', '3 3', '4 3'])
  },

  'adding an actor opens both logs': async (subject, { alice }) => {
    assert.deepEqual(await add(subject, alice), { added: true })
    for (const log of [inbox(alice), outbox(alice)]) {
      assert.deepEqual(await value(subject, { type: 'bounds', log }), { first: 1, tip: 0 })
      assert.deepEqual(await append(subject, log, 'first'), { seq: 1, duplicate: false })
    }
  },

  'adding it twice changes nothing and says so': async (subject, { alice }) => {
    await add(subject, alice)
    await append(subject, inbox(alice), 'kept', 'k')
    assert.deepEqual(await add(subject, alice), { added: false })
    assert.deepEqual(await contents(subject, inbox(alice)), ['1 kept'])
    assert.deepEqual(await append(subject, inbox(alice), 'kept', 'k'), { seq: 1, duplicate: true })
    assert.equal(await tip(subject, outbox(alice)), 0)
  },

  'removing it and adding it again starts at 0 and shows nothing of the old': async (subject, { alice }) => {
    await add(subject, alice)
    const logs = [inbox(alice), outbox(alice)]
    for (const log of logs) {
      for (const text of ['old', 'older', 'oldest']) await append(subject, log, text, text)
      await value(subject, { type: 'trim', log, before: 3 })
    }
    assert.deepEqual(await value(subject, { type: 'remove', actor: alice }), { removed: true })
    assert.equal(await value(subject, { type: 'status', actor: alice }), 'removed')
    for (const log of logs) assert.equal(await tip(subject, log), null)
    assert.deepEqual(await add(subject, alice), { added: true })
    for (const log of logs) {
      assert.equal(await tip(subject, log), 0)
      assert.deepEqual(await value(subject, { type: 'bounds', log }), { first: 1, tip: 0 })
      assert.deepEqual(await contents(subject, log), [])
      for (const key of ['old', 'older', 'oldest']) {
        assert.equal(await value(subject, { type: 'find', log, key }), undefined)
      }
      assert.deepEqual(await append(subject, log, 'new', 'old'), { seq: 1, duplicate: false })
      assert.deepEqual(await contents(subject, log), ['1 new'])
    }
  },
}
