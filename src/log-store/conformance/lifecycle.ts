/** Conformance: a closed store says so at every method; closing waits for what was asked before. */
import assert from 'node:assert/strict'
import type { LogStore } from '../types.ts'
import { alice, append, flushOf, inbox, key, rejects, summary, type Define } from './suite.ts'

const methods: Record<string, (store: LogStore) => Promise<unknown>> = {
  addActor: store => store.addActor('new'),
  removeActor: store => store.removeActor(alice),
  actorStatus: store => store.actorStatus(alice),
  listActors: store => store.listActors({ after: 0, limit: 1 }),
  append: store => append(store, inbox(alice), 'late'),
  'append of nothing': store => store.append(flushOf([])),
  bounds: store => store.bounds(inbox(alice)),
  read: store => store.read(inbox(alice), { from: 1, to: 1, limit: 1 }),
  find: store => store.find(inbox(alice), key('k')),
  trim: store => store.trim(inbox(alice), 1),
  item: store => store.item('a'),
  listItems: async store => {
    for await (const each of store.listItems('')) assert.fail(`an item of a closed store: ${each[0]}`)
  },
  flush: store => store.flush(),
  flushIndex: store => store.flushIndex(),
}

export function lifecyclePromises(it: Define): void {
  for (const [name, call] of Object.entries(methods)) {
    it(`after close, ${name} rejects with CLOSED`, async store => {
      await store.addActor(alice)
      await append(store, inbox(alice), 'kept', { key: key('k') })
      await store.close()
      await rejects(call(store), 'CLOSED')
    })

    it(`once close has been called, ${name} rejects with CLOSED`, async store => {
      await store.addActor(alice)
      const closed = store.close()
      const late = rejects(call(store), 'CLOSED')
      await Promise.all([closed, late])
    })
  }

  it('closing again does nothing, whenever it is asked', async store => {
    await Promise.all([store.close(), store.close()])
    await store.close()
  })

  it('what was asked before close is answered', async store => {
    await store.addActor(alice)
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`)
    const pending = Promise.all(texts.map(text => append(store, inbox(alice), text)))
    await store.close()
    assert.deepEqual(
      summary(await pending),
      texts.map((_, index) => `${index + 1}`),
    )
  })

  it('stats tell of this store, open and closed', async store => {
    await store.addActor(alice)
    const part = { log: inbox(alice), text: 'once', key: key('k') }
    await store.append(flushOf([part, { log: inbox(alice), text: 'more' }]))
    await store.append(flushOf([part, part]))
    await store.append(flushOf([{ ...part, text: 'other' }], { onConflict: 'skip' }))
    const open = store.stats()
    assert(open.driver.length > 0)
    assert.equal(open.state, 'open')
    assert.equal(open.recordsAppended, 2)
    assert.equal(open.duplicates, 2)
    assert.equal(open.refused, 1)
    assert.equal(open.waiting, 0)
    assert(open.commit > 0)
    assert(open.frames > 0)
    assert(open.logBytes > 0)
    await store.close()
    const closed = store.stats()
    assert.equal(closed.state, 'closed')
    assert.equal(closed.recordsAppended, 2)
  })

  it('after flushIndex the index lags behind nothing', async store => {
    await store.addActor(alice)
    for (let round = 0; round < 10; round++) await append(store, inbox(alice), 'a')
    await store.flush()
    await store.flushIndex()
    const { unindexedChanges, index, commit } = store.stats()
    assert.equal(unindexedChanges, 0)
    assert(index.state === 'none' || index.commit === commit)
  })
}
