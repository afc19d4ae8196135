/** Conformance: the versioned key-value table, whose changes are part of a flush. */
import assert from 'node:assert/strict'
import type { Item, ItemChange, LogStore } from '../types.ts'
import { alice, append, bytesOf, flushOf, inbox, rejects, summary, textOf, type Define } from './suite.ts'

const put = (key: string, text: string, expectedVersion?: number): ItemChange => ({
  key,
  value: bytesOf(text),
  ...(expectedVersion === undefined ? {} : { expectedVersion }),
})
const remove = (key: string, expectedVersion?: number): ItemChange => ({
  key,
  value: null,
  ...(expectedVersion === undefined ? {} : { expectedVersion }),
})

async function change(store: LogStore, ...items: readonly ItemChange[]): Promise<void> {
  assert.deepEqual(await store.append({ payloads: [], appends: [], items }), [])
}

const shown = (item: Item | null): string | null => (item === null ? null : `${textOf(item.value)} v${item.version}`)

async function listed(store: LogStore, prefix: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const [key, item] of store.listItems(prefix)) found.push(`${key}: ${shown(item)}`)
  return found
}

export function itemPromises(it: Define): void {
  it('an item that was never put is not there', async store => {
    assert.equal(await store.item('a'), null)
    assert.deepEqual(await listed(store, ''), [])
  })

  it('a version counts the puts since the item was absent', async store => {
    for (const text of ['one', 'two', 'three']) await change(store, put('a', text))
    assert.equal(shown(await store.item('a')), 'three v3')
    await change(store, remove('a'))
    assert.equal(await store.item('a'), null)
    await change(store, put('a', 'again'))
    assert.equal(shown(await store.item('a')), 'again v1')
  })

  it('a put or delete at another version than the expected one is refused and changes nothing', async store => {
    await rejects(change(store, put('a', 'x', 1)), 'VERSION_CONFLICT', { key: 'a', expected: 1, actual: 0 })
    await change(store, put('a', 'one', 0))
    await change(store, put('a', 'two', 1))
    for (const expected of [0, 1, 3]) {
      const facts = { key: 'a', expected, actual: 2 }
      await rejects(change(store, put('a', 'x', expected)), 'VERSION_CONFLICT', facts)
      await rejects(change(store, remove('a', expected)), 'VERSION_CONFLICT', facts)
    }
    assert.equal(shown(await store.item('a')), 'two v2')
    await change(store, remove('a', 2))
    assert.equal(await store.item('a'), null)
    await change(store, remove('a', 0), remove('a'))
    assert.equal(await store.item('a'), null)
  })

  it('changes of one flush are one unit, and later ones see the earlier', async store => {
    await change(store, put('a', 'one', 0), put('a', 'two', 1), remove('a', 2), put('a', 'three', 0), put('b', 'x'))
    assert.deepEqual(await listed(store, ''), ['a: three v1', 'b: x v1'])
    const refused = change(store, put('b', 'y'), put('c', 'z'), remove('a'), put('a', 'w', 1))
    await rejects(refused, 'VERSION_CONFLICT', { key: 'a', expected: 1, actual: 0 })
    assert.deepEqual(await listed(store, ''), ['a: three v1', 'b: x v1'])
  })

  it('items and records of one flush are one unit', async store => {
    await store.addActor(alice)
    const parts = [{ log: inbox(alice), text: 'one', expectedTip: 0 }]
    assert.deepEqual(summary(await store.append(flushOf(parts, { items: [put('a', 'one')] }))), ['1'])
    await rejects(store.append(flushOf(parts, { items: [put('a', 'two')] })), 'TIP_CONFLICT')
    assert.equal(shown(await store.item('a')), 'one v1')
    assert.deepEqual(summary([await append(store, inbox(alice), 'two')]), ['2'])
  })

  it('of several puts that expect the same version at once, one is made', async store => {
    const calls = ['x', 'y', 'z'].map(text => change(store, put('a', text, 0)))
    const settled = await Promise.allSettled(calls)
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    assert.equal(shown(await store.item('a')), 'x v1')
  })

  it('a key of 1 to 512 bytes and a value of up to 1 MiB are taken, others are refused and change nothing', async store => {
    const limits = { key: 'k'.repeat(512), value: new Uint8Array(1024 * 1024) }
    await change(store, limits)
    assert.equal((await store.item(limits.key))?.value.length, limits.value.length)
    const one = put('a', 'one')
    for (const key of ['', 'k'.repeat(513), 'é'.repeat(257), '\ud800']) {
      await rejects(change(store, one, { key, value: null }), 'INVALID_KEY')
    }
    await rejects(change(store, one, { key: 'b', value: new Uint8Array(1024 * 1024 + 1) }), 'PAYLOAD_TOO_LARGE')
    assert.equal(await store.item('a'), null)
  })

  it('an empty value is there', async store => {
    await change(store, put('a', ''))
    assert.equal(shown(await store.item('a')), ' v1')
    assert.deepEqual(await listed(store, 'a'), ['a:  v1'])
  })

  it('values are copies, on the way in and on the way out', async store => {
    for (const value of [bytesOf('kept'), Buffer.from('kept')]) {
      await change(store, { key: 'a', value })
      value.fill(0)
      const item = await store.item('a')
      assert(item !== null)
      item.value.fill(0)
      for await (const [, each] of store.listItems('')) each.value.fill(0)
      assert.equal(textOf((await store.item('a'))?.value ?? new Uint8Array()), 'kept')
    }
  })

  it('a list has the items with the prefix, in the byte order of their keys', async store => {
    // U+FF5E comes before U+1F600 in UTF-8, and after it in UTF-16.
    const keys = [
      'b',
      'a/\uFF5E',
      'a/\u{1F600}',
      'a/',
      'a/b',
      'a',
      'a0',
      'A/',
      'a/\u0000',
      'a/ä',
      `a/${'x'.repeat(510)}`,
    ]
    for (const key of keys) await change(store, put(key, 'x'))
    const inOrder = ['a/', 'a/\u0000', 'a/b', `a/${'x'.repeat(510)}`, 'a/ä', 'a/\uFF5E', 'a/\u{1F600}']
    assert.deepEqual(
      await listed(store, 'a/'),
      inOrder.map(key => `${key}: x v1`),
    )
    assert.equal((await listed(store, '')).length, keys.length)
    assert.deepEqual(await listed(store, 'c'), [])
    assert.deepEqual(await listed(store, 'a/\u{1F600}'), ['a/\u{1F600}: x v1'])
  })

  it('a list may be left early', async store => {
    for (const key of ['a', 'b', 'c']) await change(store, put(key, 'x'))
    for await (const [key] of store.listItems('')) {
      assert.equal(key, 'a')
      break
    }
    await change(store, remove('a'))
    assert.deepEqual(await listed(store, ''), ['b: x v1', 'c: x v1'])
  })

  it('items are no records, and removing an actor of the same name leaves them', async store => {
    await store.addActor('a')
    await change(store, put('a', 'x'))
    await store.removeActor('a')
    assert.equal(shown(await store.item('a')), 'x v1')
  })
}
