/** Conformance: actors are added, removed and listed; a removed one leaves nothing behind. */
import assert from 'node:assert/strict'
import type { LogName, LogStore } from '../types.ts'
import { alice, append, appendAll, bob, boundsOf, boxes, contents, inbox, key, outbox, type Define } from './suite.ts'

async function assertAbsent(store: LogStore, log: LogName): Promise<void> {
  assert.equal(await store.bounds(log), null)
  assert.equal(await store.read(log, { from: 1, to: 10, limit: 10 }), null)
  assert.equal(await store.find(log, key('k')), null)
  assert.equal(await store.trim(log, 1), null)
}

async function epochOf(store: LogStore, log: LogName): Promise<number> {
  const bounds = await store.bounds(log)
  assert(bounds !== null)
  return bounds.epoch
}

async function idsIn(store: LogStore, after = 0, limit = 100): Promise<readonly string[]> {
  return (await store.listActors({ after, limit })).map(({ id }) => id)
}

export function actorPromises(it: Define): void {
  it('an actor that was never added is unknown, and has no logs', async store => {
    assert.equal(await store.actorStatus(alice), 'unknown')
    assert.deepEqual(await idsIn(store), [])
    for (const box of boxes) await assertAbsent(store, { actor: alice, box })
  })

  it('adding an actor opens both logs, empty', async store => {
    assert.deepEqual(await store.addActor(alice), { added: true })
    assert.equal(await store.actorStatus(alice), 'active')
    for (const box of boxes) {
      const log = { actor: alice, box }
      assert.deepEqual(await boundsOf(store, log), { first: 1, tip: 0 })
      assert.deepEqual(await contents(store, log), [])
      assert.equal(await store.find(log, key('k')), null)
    }
  })

  it('adding an actor twice changes nothing and says so', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'kept', { key: key('k') })
    const before = [await store.bounds(inbox(alice)), await store.listActors({ after: 0, limit: 10 })]
    assert.deepEqual(await store.addActor(alice), { added: false })
    assert.deepEqual([await store.bounds(inbox(alice)), await store.listActors({ after: 0, limit: 10 })], before)
    assert.deepEqual(await contents(store, inbox(alice)), ['1 kept'])
  })

  it('of several calls that add the same actor at once, one adds it', async store => {
    const results = await Promise.all(Array.from({ length: 5 }, () => store.addActor(alice)))
    assert.equal(results.filter(({ added }) => added).length, 1)
    assert.deepEqual(await idsIn(store), [alice])
  })

  it('a removed actor is not unknown, and its logs are gone', async store => {
    await store.addActor(alice)
    for (const box of boxes) await append(store, { actor: alice, box }, 'gone', { key: key('k') })
    assert.deepEqual(await store.removeActor(alice), { removed: true })
    assert.equal(await store.actorStatus(alice), 'removed')
    assert.deepEqual(await idsIn(store), [])
    for (const box of boxes) await assertAbsent(store, { actor: alice, box })
  })

  it('removing an actor that is not there changes nothing and says so', async store => {
    assert.deepEqual(await store.removeActor(alice), { removed: false })
    assert.equal(await store.actorStatus(alice), 'unknown')
    await store.addActor(alice)
    await store.removeActor(alice)
    assert.deepEqual(await store.removeActor(alice), { removed: false })
    assert.equal(await store.actorStatus(alice), 'removed')
  })

  it('an actor added again starts at 0 and shows nothing of the old', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'old', { key: key('k') })
    await appendAll(store, inbox(alice), ['older', 'oldest'])
    await append(store, outbox(alice), 'old', { key: key('k') })
    await store.trim(inbox(alice), 2)
    await store.removeActor(alice)
    assert.deepEqual(await store.addActor(alice), { added: true })
    for (const box of boxes) {
      const log = { actor: alice, box }
      assert.deepEqual(await boundsOf(store, log), { first: 1, tip: 0 })
      assert.deepEqual(await contents(store, log), [])
      assert.equal(await store.find(log, key('k')), null)
      assert.deepEqual(await append(store, log, 'new', { key: key('k') }), { status: 'appended', seq: 1 })
      assert.deepEqual(await contents(store, log), ['1 new'])
    }
  })

  it('an epoch never comes back', async store => {
    const seen = new Set<number>()
    for (let round = 0; round < 5; round++) {
      await store.addActor(alice)
      assert.equal(await epochOf(store, inbox(alice)), await epochOf(store, inbox(alice)))
      seen.add(await epochOf(store, inbox(alice)))
      await store.removeActor(alice)
    }
    assert.equal(seen.size, 5)
  })

  it('actors are listed in the order they were added, and one added again comes last', async store => {
    const ids = ['d', 'b', 'c', 'a']
    for (const id of ids) await store.addActor(id)
    assert.deepEqual(await idsIn(store), ids)
    await store.removeActor('b')
    assert.deepEqual(await idsIn(store), ['d', 'c', 'a'])
    await store.addActor('b')
    assert.deepEqual(await idsIn(store), ['d', 'c', 'a', 'b'])
  })

  it('a list goes on after the last epoch of the one before', async store => {
    const ids = Array.from({ length: 25 }, (_, index) => `actor ${index}`)
    for (const id of ids) await store.addActor(id)
    await store.removeActor('actor 10')
    const listed: string[] = []
    for (let after = 0; ;) {
      const entries = await store.listActors({ after, limit: 4 })
      assert(entries.length <= 4)
      const last = entries.at(-1)
      if (last === undefined) break
      assert(last.epoch > after)
      after = last.epoch
      listed.push(...entries.map(({ id }) => id))
    }
    assert.deepEqual(
      listed,
      ids.filter(id => id !== 'actor 10'),
    )
  })

  it('ids that look alike are different actors', async store => {
    const ids = [
      'a',
      'A',
      'a ',
      'a/',
      'a\u0000',
      'a\u0000b',
      '\u0000',
      'ä',
      'a\u0308',
      '💧',
      '\uFFFF',
      'a'.repeat(2048),
    ]
    for (const id of ids) assert.deepEqual(await store.addActor(id), { added: true })
    for (const id of ids) await append(store, inbox(id), `of ${id}`)
    for (const id of ids) assert.deepEqual(await contents(store, inbox(id)), [`1 of ${id}`])
    assert.deepEqual(await idsIn(store), ids)
  })

  it('removing one actor leaves the others as they were', async store => {
    for (const id of [alice, bob]) {
      await store.addActor(id)
      for (const box of boxes) await append(store, { actor: id, box }, `${id} ${box}`, { key: key('k') })
    }
    const before = await store.bounds(inbox(bob))
    await store.removeActor(alice)
    assert.deepEqual(await store.bounds(inbox(bob)), before)
    for (const box of boxes) {
      const log = { actor: bob, box }
      assert.deepEqual(await contents(store, log), [`1 ${bob} ${box}`])
      assert.equal(await store.find(log, key('k')), 1)
    }
  })
}
