/** Conformance: a read gives what lies in its range and in the bounds, in order and without gaps. */
import assert from 'node:assert/strict'
import type { LogStore } from '../types.ts'
import { alice, appendAll, bob, contents, inbox, outbox, readAll, textOf, type Define } from './suite.ts'

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `r${index + 1}`)
const shown = (from: number, to: number): readonly string[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => `${from + index} r${from + index}`)

async function withRecords(store: LogStore, count: number): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  await appendAll(store, inbox(alice), numbered(count))
  await appendAll(store, outbox(alice), ['not asked for'])
  await appendAll(store, inbox(bob), ['not asked for'])
}

export function readPromises(it: Define): void {
  it('a range is read from both ends inclusive, upwards or downwards', async store => {
    await withRecords(store, 9)
    assert.deepEqual(await contents(store, inbox(alice), { from: 3, to: 6 }), shown(3, 6))
    assert.deepEqual(await contents(store, inbox(alice), { from: 3, to: 6, reverse: true }), shown(3, 6).toReversed())
    assert.deepEqual(await contents(store, inbox(alice), { from: 5, to: 5 }), shown(5, 5))
    assert.deepEqual(await contents(store, inbox(alice), { from: 5, to: 5, reverse: true }), shown(5, 5))
  })

  it('what lies beyond the bounds is left out, and is no error', async store => {
    await withRecords(store, 9)
    await store.trim(inbox(alice), 4)
    const all = { from: 1, to: Number.MAX_SAFE_INTEGER }
    assert.deepEqual(await contents(store, inbox(alice), all), shown(4, 9))
    assert.deepEqual(await contents(store, inbox(alice), { ...all, reverse: true }), shown(4, 9).toReversed())
    assert.deepEqual(await contents(store, inbox(alice), { from: 1, to: 3 }), [])
    assert.deepEqual(await contents(store, inbox(alice), { from: 1, to: 3, reverse: true }), [])
    assert.deepEqual(await contents(store, inbox(alice), { from: 10, to: 20 }), [])
    assert.deepEqual(await contents(store, inbox(alice), { from: 10, to: 20, reverse: true }), [])
  })

  it('a range that ends before it starts is empty', async store => {
    await withRecords(store, 9)
    assert.deepEqual(await contents(store, inbox(alice), { from: 6, to: 5 }), [])
    assert.deepEqual(await contents(store, inbox(alice), { from: 6, to: 5, reverse: true }), [])
  })

  it('no more records come than the limit, and those nearest the start', async store => {
    await withRecords(store, 9)
    for (const limit of [1, 2, 8, 9, 10]) {
      const up = await store.read(inbox(alice), { from: 1, to: 9, limit })
      const down = await store.read(inbox(alice), { from: 1, to: 9, limit, reverse: true })
      assert(up !== null && down !== null)
      for (const [records, expected] of [
        [up.records, shown(1, 9)],
        [down.records, shown(1, 9).toReversed()],
      ] as const) {
        assert(records.length >= 1 && records.length <= limit)
        const found = records.map(({ seq, payload }) => `${seq} ${textOf(payload)}`)
        assert.deepEqual(found, expected.slice(0, records.length))
      }
    }
  })

  it('a slice says the bounds it was read in', async store => {
    await withRecords(store, 5)
    await store.trim(inbox(alice), 3)
    for (const range of [
      { from: 1, to: 9, limit: 10 },
      { from: 8, to: 9, limit: 1 },
    ]) {
      const slice = await store.read(inbox(alice), range)
      assert.deepEqual(slice?.bounds, await store.bounds(inbox(alice)))
      assert.deepEqual([slice.bounds.first, slice.bounds.tip], [3, 5])
    }
  })

  it('pages of any size, in both directions, give every record once', async store => {
    await withRecords(store, 120)
    for (const limit of [1, 7, 50, 119, 120, 121]) {
      const up: string[] = []
      for (let from = 1; ;) {
        const page = await contents(store, inbox(alice), { from, limit })
        if (page.length === 0) break
        up.push(...page)
        from += page.length
      }
      assert.deepEqual(up, shown(1, 120))
      const down: string[] = []
      for (let to = 120; to > 0;) {
        const page = await contents(store, inbox(alice), { to, limit, reverse: true })
        down.push(...page)
        to -= page.length
      }
      assert.deepEqual(down, shown(1, 120).toReversed())
    }
  })

  it('records are copies that the reader owns', async store => {
    await withRecords(store, 2)
    for (const record of await readAll(store, inbox(alice))) {
      record.payload.fill(0)
      record.meta.fill(0)
    }
    assert.deepEqual(await contents(store, inbox(alice)), shown(1, 2))
  })

  it('the log of an actor that is not there reads as null', async store => {
    assert.equal(await store.read(inbox(alice), { from: 1, to: 5, limit: 5 }), null)
    assert.equal(await store.read(inbox(alice), { from: 5, to: 1, limit: 5, reverse: true }), null)
  })

  it('every reader beside a writer sees a prefix', async store => {
    await withRecords(store, 1)
    const texts = numbered(60).slice(1)
    const progress = { writing: true }
    const writer = appendAll(store, inbox(alice), texts).finally(() => {
      progress.writing = false
    })
    let seen = 1
    while (progress.writing) {
      const found = await contents(store, inbox(alice))
      assert.deepEqual(found, shown(1, found.length))
      assert(found.length >= seen)
      seen = found.length
      await new Promise<void>(resolve => {
        setImmediate(resolve)
      })
    }
    await writer
    assert.deepEqual(await contents(store, inbox(alice)), shown(1, 60))
  })
}
