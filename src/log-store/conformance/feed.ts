/** Conformance: the feed gives the records of all logs, in the order of their commits, from any of its points on. */
import assert from 'node:assert/strict'
import type { FeedEntry, FeedPoint, FeedRange, LogStore } from '../types.ts'
import type { DefineReopening } from './reopening.ts'
import { alice, append, appendAll, bob, flushOf, inbox, key, outbox, textOf, type Define } from './suite.ts'

const START: FeedPoint = { commit: 0, ordinal: 0 }

/** All entries behind a point, read in slices of at most `limit`. */
async function feedOf(store: LogStore, range: Partial<FeedRange> = {}, limit = 1000): Promise<readonly FeedEntry[]> {
  const entries: FeedEntry[] = []
  let { after = START } = range
  for (;;) {
    const slice = await store.feed({ ...range, after, limit })
    assert(slice.damage === null, 'nothing is damaged')
    assert(slice.records.length <= limit, 'a slice holds no more than was asked for')
    entries.push(...slice.records)
    after = slice.through
    assert(slice.records.every(({ point }) => compare(point, after) <= 0))
    if (compare(after, slice.end) >= 0) return entries
  }
}

const compare = (left: FeedPoint, right: FeedPoint): number =>
  left.commit - right.commit || left.ordinal - right.ordinal

/** `alice inbox 1 a`. */
const lines = (entries: readonly FeedEntry[]): readonly string[] =>
  entries.map(({ log, seq, payload }) => `${log.actor.split('/').at(-1)} ${log.box} ${seq} ${textOf(payload)}`)

async function fill(store: LogStore): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  await appendAll(store, inbox(alice), ['a'])
  await appendAll(store, outbox(bob), ['b'])
  await store.append(
    flushOf([
      { log: outbox(alice), text: 'c' },
      { log: inbox(bob), text: 'd' },
      { log: outbox(alice), text: 'e' },
    ]),
  )
  await appendAll(store, inbox(alice), ['f', 'g'])
}

const all = [
  'alice inbox 1 a',
  'bob outbox 1 b',
  'alice outbox 1 c',
  'bob inbox 1 d',
  'alice outbox 2 e',
  'alice inbox 2 f',
  'alice inbox 3 g',
]

export function feedPromises(it: Define): void {
  it('the feed of an empty store is empty, and its end is its start', async store => {
    assert.deepEqual(await store.feed({ after: START, limit: 10 }), {
      records: [],
      damage: null,
      through: START,
      end: START,
    })
  })

  it('the feed gives the records of all logs in the order they were committed, whatever the slices', async store => {
    await fill(store)
    for (const limit of [1, 2, 3, 1000]) assert.deepEqual(lines(await feedOf(store, {}, limit)), all)
  })

  it('the feed goes on from any of its points, and points only grow', async store => {
    await fill(store)
    const entries = await feedOf(store)
    for (const [i, { point }] of entries.entries()) {
      assert.deepEqual(lines(await feedOf(store, { after: point })), all.slice(i + 1))
      const next = entries[i + 1]
      if (next !== undefined) assert(compare(point, next.point) < 0)
    }
  })

  it('an entry has all that its record has, and the epoch of its log', async store => {
    await store.addActor(alice)
    const meta = Uint8Array.of(1, 2)
    await append(store, outbox(alice), 'a', { meta, receivedAt: 42, key: key('k') })
    const [entry] = await feedOf(store)
    const [record] = (await store.read(outbox(alice), { from: 1, to: 1, limit: 1 }))?.records ?? []
    assert(entry !== undefined && record !== undefined)
    const { log, epoch, point: _, ...rest } = entry
    assert.deepEqual({ ...rest, payload: textOf(rest.payload) }, { ...record, payload: textOf(record.payload) })
    assert.deepEqual([log, epoch], [outbox(alice), (await store.bounds(outbox(alice)))?.epoch])
  })

  it('a body that several appends share is there in each', async store => {
    for (const actor of [alice, bob]) await store.addActor(actor)
    const appends = [alice, bob].map(actor => ({ log: inbox(actor), payload: 0, receivedAt: 1 }))
    await store.append({ payloads: [{ codec: 'bytes', bytes: Buffer.from('shared') }], appends })
    assert.deepEqual(lines(await feedOf(store)), ['alice inbox 1 shared', 'bob inbox 1 shared'])
  })

  it('the feed gives only the boxes and the actors that were asked for', async store => {
    await fill(store)
    const starting = (...starts: readonly string[]): readonly string[] =>
      all.filter(line => starts.some(start => line.startsWith(start)))
    assert.deepEqual(lines(await feedOf(store, { boxes: ['outbox'] })), starting('alice outbox', 'bob outbox'))
    assert.deepEqual(lines(await feedOf(store, { actors: new Set([bob]) }, 1)), starting('bob'))
    const both = { boxes: ['inbox'], actors: new Set([alice]) } as const
    assert.deepEqual(lines(await feedOf(store, both)), starting('alice inbox'))
    assert.deepEqual(await feedOf(store, { boxes: [] }), [])
  })

  it('what is trimmed, or of an actor that was removed, is passed over', async store => {
    await fill(store)
    await store.trim(inbox(alice), 3)
    await store.removeActor(bob)
    await store.addActor(bob)
    await appendAll(store, inbox(bob), ['h'])
    const left = ['alice outbox 1 c', 'alice outbox 2 e', 'alice inbox 3 g', 'bob inbox 1 h']
    for (const limit of [1, 1000]) assert.deepEqual(lines(await feedOf(store, {}, limit)), left)
  })

  it('a refused flush and a duplicate leave nothing in the feed', async store => {
    await store.addActor(alice)
    await append(store, inbox(alice), 'a', { key: key('k') })
    await append(store, inbox(alice), 'a', { key: key('k') })
    await store.append(flushOf([{ log: inbox(bob), text: 'b' }])).catch(() => undefined)
    const appends = [
      { log: inbox(bob), text: 'c' },
      { log: inbox(alice), text: 'd' },
    ]
    await store.append(flushOf(appends, { onConflict: 'skip' }))
    assert.deepEqual(lines(await feedOf(store)), ['alice inbox 1 a', 'alice inbox 2 d'])
  })

  it('behind the end there is nothing, and what is appended then comes after the end', async store => {
    await fill(store)
    const { end } = await store.feed({ after: START, limit: 1 })
    assert.deepEqual(await feedOf(store, { after: end }), [])
    await appendAll(store, outbox(bob), ['h'])
    assert.deepEqual(lines(await feedOf(store, { after: end })), ['bob outbox 2 h'])
    const beyond = { commit: end.commit + 1000, ordinal: 0 }
    const slice = await store.feed({ after: beyond, limit: 10 })
    assert.deepEqual([slice.records, slice.through], [[], beyond])
  })

  it('a change of items alone is no part of the feed, but moves its end on', async store => {
    await fill(store)
    await store.append({ payloads: [], appends: [], items: [{ key: 'k', value: Uint8Array.of(1) }] })
    assert.deepEqual(lines(await feedOf(store)), all)
  })

  it('an append to any log wakes who watches all of them', async store => {
    for (const actor of [alice, bob]) await store.addActor(actor)
    for (const log of [inbox(alice), outbox(bob)]) {
      const { end } = await store.feed({ after: START, limit: 1 })
      const woken = new Promise<void>(resolve => {
        const stop = store.watch(null, () => {
          void store.feed({ after: end, limit: 1 }).then(({ records }) => {
            if (records.length === 0) return
            stop()
            resolve()
          })
        })
      })
      await append(store, log, 'a')
      await woken
    }
    const closed = new Promise<void>(resolve => store.watch(null, resolve))
    await store.close()
    await closed
  })

  it('the origin of the feed is the same at every call', async store => {
    const origin = store.feedOrigin()
    assert.match(origin.store, /^[0-9a-f]{32}$/)
    await fill(store)
    assert.deepEqual(store.feedOrigin(), origin)
  })
}

/** What holds over a restart. */
export function reopenedFeedPromises(it: DefineReopening): void {
  it('the feed is what it was, its points mean the same, and its origin is the same', async (store, reopen) => {
    await fill(store)
    const before = await feedOf(store)
    const origin = store.feedOrigin()
    const next = await reopen(store)
    assert.deepEqual(next.feedOrigin(), origin)
    assert.deepEqual(lines(await feedOf(next)), all)
    for (const [i, { point }] of before.entries())
      assert.deepEqual(lines(await feedOf(next, { after: point }, 2)), all.slice(i + 1))
    await appendAll(next, inbox(bob), ['h'])
    assert.deepEqual(lines(await feedOf(next, { after: before.at(-1)?.point ?? START })), ['bob inbox 2 h'])
  })
}
