/** Projections: a maintained view equals one that is made anew, over restarts, crashes and versions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Projection, ProjectionOptions, Store } from '../../src/consumers/types.ts'
import { MemoryContents } from '../../src/log-store/memory/contents.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { runs } from '../engine/runs.ts'
import { settle, until } from './fake-time.ts'
import { alice, bob, drivers, withMemory } from './stores.ts'

type Seen = { list: number[] }

const seen = (version = 1, more: Partial<ProjectionOptions<Seen, number>> = {}): ProjectionOptions<Seen, number> => ({
  name: 'seen',
  version,
  init: () => ({ list: [] }),
  apply: (state, { value }) => {
    state.list.push(value * version)
    return state
  },
  ...more,
})

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (const actor of [alice, bob]) await store.actors.add(actor)
  for (let n = from; n <= to; n += 1) await store.outbox(n % 2 === 0 ? alice : bob).append(n)
}

const list = (projection: Projection<Seen>): readonly number[] | undefined => projection.state?.list
const numbers = (to: number, times = 1): number[] => Array.from({ length: to }, (_, i) => (i + 1) * times)

describe.each(drivers)('over the %s driver', (_, withStore) => {
  it('is brought up to date, looked at synchronously, and goes on after a restart', () =>
    withStore(async opened => {
      await fill(opened.store, 1, 6)
      const projection = opened.store.projection(seen())
      expect([projection.state, projection.servedVersion]).toEqual([undefined, null])
      await projection.run({ live: false })
      expect(list(projection)).toEqual(numbers(6))
      const store = await opened.reopen()
      const applied: number[] = []
      const next = store.projection(
        seen(1, { apply: (state, { value }) => (applied.push(value), { list: [...state.list, value] }) }),
      )
      await next.load()
      expect(list(next)).toEqual(numbers(6))
      await fill(store, 7, 9)
      await next.run({ live: false })
      expect(applied).toEqual([7, 8, 9])
      expect(list(next)).toEqual(numbers(9))
      expect(await next.status()).toMatchObject({ kind: 'projection', lag: 0, state: 'stopped' })
    }))

  it('goes live, and caughtUp resolves when what was acknowledged is in it', () =>
    withStore(async ({ store }) => {
      await fill(store, 1, 3)
      const projection = store.projection(seen())
      const stop = new AbortController()
      const run = projection.run({ signal: stop.signal })
      await projection.caughtUp()
      expect(list(projection)).toEqual(numbers(3))
      for (let n = 4; n <= 8; n += 1) {
        await store.outbox(alice).append(n)
        await projection.caughtUp()
        expect(list(projection)).toEqual(numbers(n))
      }
      await expect(projection.run()).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
      stop.abort()
      await run
      await store.outbox(alice).append(9)
      const late = expect(projection.caughtUp()).resolves.toBe(undefined)
      await projection.run({ live: false })
      await late
    }))

  /**
   * A host asked for its timelines while its delivery worker wrote down what it had done: the feed ended in a commit that
   * holds no record, nothing woke the projection, and caughtUp waited for the next record, which never came.
   */
  it('caughtUp resolves though the last commit holds no record', () =>
    withStore(async ({ store }) => {
      await fill(store, 1, 3)
      const projection = store.projection(seen())
      const stop = new AbortController()
      const run = projection.run({ signal: stop.signal })
      await projection.caughtUp()
      // Its own snapshot is such a commit, and so is the place of any other consumer.
      await projection.caughtUp()
      await store.cursor('other').run(() => {}, { live: false })
      await projection.caughtUp()
      await settle()
      await store.cursor('another').status()
      await projection.caughtUp()
      expect(list(projection)).toEqual(numbers(3))
      stop.abort()
      await run
    }))

  it('another version is made from the start, while the old one is served, and then takes its place', () =>
    withStore(async opened => {
      await fill(opened.store, 1, 6)
      await opened.store.projection(seen(1)).run({ live: false })
      const store = await opened.reopen()
      await fill(store, 7, 8)
      const second = store.projection(seen(2, { snapshotEvery: 3 }))
      await second.load()
      expect([list(second), second.servedVersion]).toEqual([numbers(6), 1])
      let served: unknown
      const failing = (await opened.reopen()).projection(
        seen(2, {
          snapshotEvery: 3,
          apply: (state, { value }) => {
            if (value === 5) {
              served = [list(failing), failing.servedVersion]
              throw new Error('half way')
            }
            return { list: [...state.list, value * 2] }
          },
        }),
      )
      await expect(failing.run({ live: false })).rejects.toThrow('half way')
      expect(served).toEqual([numbers(6), 1])
      const third = (await opened.reopen()).projection(seen(2))
      await third.run({ live: false })
      expect([list(third), third.servedVersion]).toEqual([numbers(8, 2), 2])
      const items: string[] = []
      for await (const [key] of opened.logStore.listItems('snapshot/')) items.push(key)
      expect(items).toEqual(['snapshot/seen/head/2', 'snapshot/seen/piece/2/0'])
      await third.remove()
      expect(await opened.store.consumers()).toEqual([])
      for await (const [key] of opened.logStore.listItems('snapshot/')) expect(key).toBe('none')
    }))

  it('what a failed run did up to its last snapshot is not done again, and what it did after it is', () =>
    withStore(async opened => {
      await fill(opened.store, 1, 7)
      const applied: number[] = []
      let isBroken = true
      const options = seen(1, {
        snapshotEvery: 2,
        apply: (state, { value }) => {
          if (isBroken && value === 6) throw new Error('broken')
          applied.push(value)
          return { list: [...state.list, value] }
        },
      })
      await expect(opened.store.projection(options).run({ live: false })).rejects.toThrow('broken')
      isBroken = false
      const next = (await opened.reopen()).projection(options)
      await next.run({ live: false })
      expect(applied).toEqual([1, 2, 3, 4, 5, 5, 6, 7])
      expect(list(next)).toEqual(numbers(7))
    }))

  it('a state of several MiB is kept in pieces, and shrinks again', () =>
    withStore(async opened => {
      await fill(opened.store, 1, 4)
      let bytes = 3_000_000
      const large: ProjectionOptions<Seen & { readonly bytes: Buffer }, number> = {
        name: 'large',
        version: 1,
        init: () => ({ list: [], bytes: Buffer.alloc(0) }),
        apply: (state, { value }) => ({ list: [...state.list, value], bytes: Buffer.alloc(bytes, value) }),
      }
      await opened.store.projection(large).run({ live: false })
      for (const size of [3_000_000, 10]) {
        const next = (await opened.reopen()).projection(large)
        await next.load()
        const { list: values, bytes: held } = next.state!
        expect([values, held.length, held.every(byte => byte === values.at(-1))]).toEqual([
          numbers(size === 10 ? 5 : 4),
          size,
          true,
        ])
        bytes = 10
        await fill(opened.store, 5, 5)
        await next.run({ live: false })
      }
      const pieces: string[] = []
      for await (const [key] of opened.logStore.listItems('snapshot/large/piece/')) pieces.push(key)
      expect(pieces).toEqual(['snapshot/large/piece/1/0'])
    }))

  it('folds one log, and begins again when its actor does', () =>
    withStore(async ({ store }) => {
      await fill(store, 1, 6)
      const projection = store.projection(seen(1, { log: store.outbox(alice) }))
      await projection.run({ live: false })
      expect(list(projection)).toEqual([2, 4, 6])
      await store.actors.remove(alice)
      await expect(projection.run({ live: false })).rejects.toMatchObject({ code: 'NO_ACTOR' })
      await store.actors.add(alice)
      await projection.run({ live: false })
      expect(list(projection)).toEqual([])
      await store.outbox(alice).append(10)
      await projection.run({ live: false })
      expect(list(projection)).toEqual([10])
    }))

  it('all consumers are listed with where they stand, at work or not', () =>
    withStore(async opened => {
      await fill(opened.store, 1, 6)
      await opened.store.projection(seen()).run({ live: false })
      await opened.store.cursor('on_log', { log: opened.store.outbox(alice) }).run(() => {}, { live: false })
      await opened.store.cursor('fresh').status()
      await opened.store
        .worker('w', { attemptsMax: 1, targets: ({ seq }) => [`${seq}`] })
        .run(({ seq }) => (seq === 1 ? { retryAfterMs: 1 } : 'done'), { live: false })
      const before = await opened.store.consumers()
      expect(
        before.map(({ name, kind, log, seq, lag, state, depth, dead }) => [
          name,
          kind,
          log?.box ?? null,
          seq,
          lag,
          state,
          depth,
          dead,
        ]),
      ).toEqual([
        ['fresh', 'cursor', null, null, 6, 'stopped', null, null],
        ['on_log', 'cursor', 'outbox', 3, 0, 'stopped', null, null],
        ['seen', 'projection', null, null, 0, 'stopped', null, null],
        ['w', 'worker', null, null, 0, 'stopped', 0, 2],
      ])
      const store = await opened.reopen()
      expect(await store.consumers()).toEqual(before)
      const failing = store.cursor('fresh').run(() => Promise.reject(new Error('this one')), { live: false })
      await expect(failing).rejects.toThrow('this one')
      expect(await store.consumers()).toContainEqual(
        expect.objectContaining({ name: 'fresh', error: expect.stringContaining('this one') }),
      )
    }))
})

it('rebuilt equals maintained, whatever is appended, stopped, killed and begun again', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('run' as const) }),
    fc.record({ kind: fc.constant('live' as const), turns: fc.nat(6), isKilled: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, snapshotEvery) => {
        const contents = new MemoryContents()
        const open = (): Store => createStore(createMemoryLogStore(contents))
        let next = 1
        for (const each of steps) {
          const store = open()
          const projection = store.projection(seen(1, { snapshotEvery }))
          if (each.kind === 'append') {
            await fill(store, next, next + each.count - 1)
            next += each.count
          } else if (each.kind === 'run') await projection.run({ live: false })
          else {
            const stop = new AbortController()
            const run = projection.run({ signal: stop.signal }).catch(() => undefined)
            await settle(each.turns)
            // A store that closes under it: nothing more is written.
            if (each.isKilled) await store.close()
            stop.abort()
            await run
          }
          await store.close()
        }
        const store = open()
        const maintained = store.projection(seen(1))
        const rebuilt = store.projection(seen(1, { name: 'rebuilt' }))
        await Promise.all([maintained.run({ live: false }), rebuilt.run({ live: false })])
        expect(list(maintained)).toEqual(numbers(next - 1))
        expect(list(rebuilt)).toEqual(list(maintained))
      },
    ),
    runs(40),
  )
})

it('a damaged snapshot is CORRUPT, and a state that msgpack would change is refused', () =>
  withMemory(async opened => {
    await fill(opened.store, 1, 3)
    await opened.store.projection(seen()).run({ live: false })
    const piece = 'snapshot/seen/piece/1/0'
    await opened.logStore.append({ payloads: [], appends: [], items: [{ key: piece, value: Buffer.from('x') }] })
    await expect((await opened.reopen()).projection(seen()).load()).rejects.toMatchObject({ code: 'CORRUPT' })
    const odd = opened.store.projection({
      name: 'odd',
      version: 1,
      init: () => ({ f: () => 1 }),
      apply: state => state,
    })
    await expect(odd.run({ live: false })).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' })
    await until(async () => (await odd.status()).error !== null)
    for (const wrong of [{ version: -1 }, { snapshotEvery: 0 }])
      expect(() => opened.store.projection({ ...seen(), name: 'wrong', ...wrong })).toThrow(
        expect.objectContaining({ code: 'OUT_OF_RANGE' }),
      )
    expect(() => opened.store.projection({ ...seen(), name: 'wrong', apply: 1 as never })).toThrow(TypeError)
  }))
