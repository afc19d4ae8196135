/** Memory is bounded: appends wait for the index, and what was looked up is forgotten. */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { append, appendAll, alice, flushOf, inbox, key, readAll } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { HotLogs, LogState } from '../../src/log-store/embedded/log-state.ts'
import { Overlay } from '../../src/log-store/embedded/overlay.ts'
import { runs } from '../engine/runs.ts'
import { withStore } from './embedded-store.ts'
import { withReader } from './read-only-fixtures.ts'

const WAVE = 50

/** Appends wave after wave until one is made to wait; resolves to the appends that are waiting. */
async function appendUntilWaiting(store: EmbeddedLogStore): Promise<Promise<unknown>[]> {
  for (let wave = 0; ; wave += 1) {
    const some = Array.from({ length: WAVE }, (_, i) => append(store, inbox(alice), `${wave * WAVE + i + 1}`))
    const all = Promise.all(some)
    // Nothing is waited for but the disk: some hundred turns are more than any frame takes.
    const progress = { isDone: false }
    void all.then(() => {
      progress.isDone = true
    })
    while (!progress.isDone && store.stats().waiting < WAVE) await turn()
    if (!progress.isDone) return some
  }
}

describe('an index that is behind', () => {
  it('makes appends wait, reads not, and lets them go on in their order once it has caught up', async () => {
    await withStore({ unindexedMax: 1000 }, async store => {
      await store.addActor(alice)
      store.indexer.pause()
      const waiting = await appendUntilWaiting(store)
      const { unindexedChanges } = store.stats()
      expect(unindexedChanges).toBeGreaterThan(1000 - WAVE)
      expect(unindexedChanges).toBeLessThanOrEqual(1000 + 2 * WAVE)

      const late = Promise.all([
        store.trim(inbox(alice), 5),
        store.addActor('late'),
        append(store, inbox(alice), 'last'),
      ])
      const tip = (await store.bounds(inbox(alice)))!.tip
      expect((await store.read(inbox(alice), { from: 1, to: tip, limit: 3 }))!.records).toHaveLength(3)
      for (let i = 0; i < 100; i += 1) await turn()
      expect(store.stats()).toMatchObject({ unindexedChanges, waiting: WAVE + 3 })

      store.indexer.resume()
      await Promise.all(waiting)
      expect(await late).toMatchObject([{ first: 5, tip: tip + WAVE }, { added: true }, { seq: tip + WAVE + 1 }])
      await store.flushIndex()
      expect(store.stats().unindexedChanges).toBe(0)
    })
  })

  it('counts bytes as well as changes', async () => {
    await withStore({ unindexedMax: 1_000_000, unindexedBytesMax: 20_000, segmentBytes: 1024 * 1024 }, async store => {
      await store.addActor(alice)
      store.indexer.pause()
      const waiting = await appendUntilWaiting(store)
      expect(store.stats().logBytes).toBeGreaterThan(20_000)
      expect(store.stats().logBytes).toBeLessThan(20_000 + 3 * WAVE * 100)
      store.indexer.resume()
      await Promise.all(waiting)
    })
  })

  it('lets a store be closed with everything that waits: what was asked before is answered', async () => {
    await withStore({ unindexedMax: 1000 }, async store => {
      await store.addActor(alice)
      store.indexer.pause()
      const waiting = await appendUntilWaiting(store)
      const closed = store.close()
      store.indexer.resume()
      await closed
      expect(await Promise.all(waiting)).toHaveLength(WAVE)
      expect(store.stats()).toMatchObject({ state: 'closed', unindexedChanges: 0 })
    })
  })
})

describe('what was looked up', () => {
  it('stays within its bound with ten thousand logs, not counting those that the index lacks', () => {
    const logs = new HotLogs(100)
    for (let log = 2; log < 10_002; log += 1) {
      const state = new LogState(log, { actor: `${log}`, box: 'inbox' }, { first: 1, tip: 0 })
      logs.add(state)
      if (log % 1000 === 0) logs.changed(state)
      logs.trim()
    }
    const kept = Array.from({ length: 10_000 }, (_, i) => i + 2).filter(log => logs.get(log) !== undefined)
    expect(kept.length).toBeLessThanOrEqual(100 + 10)
    expect(kept).toEqual(expect.arrayContaining([1000, 5000, 10_000]))
    expect(kept).toEqual(expect.arrayContaining([9999, 10_001]))
  })

  it('stays within its bound with ten thousand keys, not counting those that the index lacks', () => {
    const overlay = new Overlay<number>(100)
    const underway = { isSettled: false, settled: () => new Promise<void>(() => undefined) }
    for (let i = 0; i < 10_000; i += 1) {
      if (i % 1000 === 0) overlay.change(`${i}`, i, underway)
      else overlay.learn(`${i}`, i % 2 === 0 ? i : null)
      overlay.trim()
    }
    const kept = Array.from({ length: 10_000 }, (_, i) => i).filter(i => overlay.get(`${i}`) !== undefined)
    expect(kept.length).toBeLessThanOrEqual(100 + 10)
    expect(kept).toEqual(expect.arrayContaining([0, 1000, 9000, 9998, 9999]))
  })

  it('is right for names that are kept, whose logs are forgotten, removed and added again, in any order', async () => {
    const count = 4
    const step = fc.record({
      of: fc.nat({ max: count - 1 }),
      what: fc.constantFrom('append', 'append', 'append', 'append afresh', 'remove', 'add', 'index'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async steps => {
        await withStore({ hot: 1, durability: 'os' }, async store => {
          const names = Array.from({ length: count }, (_, i) => ({ ...inbox(`actor ${i}`), known: null }))
          /** The tip of each log; null when there is none. */
          const tips: (number | null)[] = names.map(() => null)
          for (const { of, what } of steps) {
            const { actor, box } = names[of]!
            if (what === 'index') await store.flushIndex()
            else if (what === 'add') tips[of] = (await store.addActor(actor)).added ? 0 : tips[of]!
            else if (what === 'remove') tips[of] = (await store.removeActor(actor)).removed ? null : tips[of]!
            else {
              const log = what === 'append' ? names[of]! : { actor, box }
              const [found] = await store.append(flushOf([{ log, text: 'text' }], { onConflict: 'skip' }))
              if (tips[of] === null) expect(found).toMatchObject({ status: 'refused', error: { code: 'NO_ACTOR' } })
              else expect(found).toEqual({ status: 'appended', seq: (tips[of]! += 1) })
            }
          }
          for (const [i, name] of names.entries()) expect((await store.bounds(name))?.tip ?? null).toBe(tips[i])
        })
      }),
      runs(40),
    )
  })

  it('is nothing to a name in another store, which it leads to a log of that store', async () => {
    const name = { ...inbox(alice), known: null }
    for (let store = 0; store < 2; store += 1) {
      await withStore({}, async each => {
        await each.addActor(alice)
        for (const seq of [1, 2]) expect(await append(each, name, 'text')).toEqual({ status: 'appended', seq })
      })
    }
  })

  it('is not noted at a name that has no place for it', async () => {
    await withStore({}, async store => {
      await store.addActor(alice)
      const name = Object.freeze(inbox(alice))
      for (const seq of [1, 2]) expect(await append(store, name, 'text')).toEqual({ status: 'appended', seq })
    })
  })

  it('is right in a store that remembers sixteen of three thousand actors', async () => {
    await withStore({ hot: 16, durability: 'os', segmentBytes: 1024 * 1024, unindexedMax: 5000 }, async store => {
      const count = 3000
      const name = (i: number): string => `actor ${i}`
      await Promise.all(Array.from({ length: count }, (_, i) => store.addActor(name(i))))
      const drafts = Array.from({ length: count }, (_, i) => ({ log: inbox(name(i)), text: `${i}`, key: key(`${i}`) }))
      for (let i = 0; i < count; i += 1000) await store.append(flushOf(drafts.slice(i, i + 1000)))
      await store.flushIndex()
      const again = await store.append(flushOf(drafts.filter((_, i) => i % 50 === 0)))
      expect(again).toEqual(again.map(() => ({ status: 'duplicate', seq: 1 })))
      await appendAll(store, inbox(name(77)), ['second'])
      expect(await store.bounds(inbox(name(77)))).toMatchObject({ tip: 2 })
      expect(await store.listActors({ after: 0, limit: count + 1 })).toHaveLength(count)
    })
  })
})

it('a read takes a bounded number of records, however many are asked for, beside the owner too', async () => {
  // A read of all of a long log located every record of it before it returned the first.
  await withStore({ durability: 'os', segmentBytes: 1024 * 1024, unindexedMax: 5000 }, async (store, path) => {
    await store.addActor(alice)
    const records = Array.from({ length: 2500 }, (_, i) => ({ log: inbox(alice), text: `${i + 1}` }))
    await store.append(flushOf(records))
    await store.flushIndex()
    await withReader(path, async reader => {
      for (const each of [store, reader]) {
        for (const reverse of [false, true]) {
          const all = { from: 1, to: 2500, limit: Number.MAX_SAFE_INTEGER, reverse }
          expect((await each.read(inbox(alice), all))!.records.length).toBeLessThanOrEqual(1000)
          const found = (await readAll(each, inbox(alice), all)).map(record => record.seq)
          expect(reverse ? found.toReversed() : found).toEqual(records.map((_, i) => i + 1))
        }
      }
    })
  })
})

describe('an overlay', () => {
  const frame = (): { isSettled: boolean; settled: () => Promise<void> } => ({
    isSettled: false,
    settled: () => Promise.resolve(),
  })

  it('shows what is acknowledged, not what is under way', () => {
    // A listing left out an item whose put had been acknowledged, because the next put of it was on its way.
    const overlay = new Overlay<string>(16)
    const [first, second] = [frame(), frame()]
    overlay.change('k', 'one', first)
    overlay.change('k', 'two', second)
    expect(overlay.unindexed().get('k')).toBeNull()
    overlay.acknowledge('k', 'one')
    first.isSettled = true
    expect(overlay.unindexed().get('k')).toBe('one')
    expect(overlay.get('k')).toBe('two')
    overlay.takeBack('k')
    second.isSettled = true
    expect(overlay.unindexed().get('k')).toBe('one')
    expect(overlay.get('k')).toBe('one')
  })

  it('prefers what it knows to what the index said when it was asked', () => {
    const overlay = new Overlay<string>(16)
    overlay.change('k', 'new', frame())
    overlay.learn('k', 'old')
    expect(overlay.get('k')).toBe('new')
  })
})
