/** Stores take turns, and what goes wrong with one costs that one alone. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { logPicker } from '../../bench/distributions.mjs'
import { Ledger } from '../../bench/ledger.mjs'
import { payloadAt, payloadsOf, kinds } from '../../bench/payloads.mjs'
import { measure } from '../../bench/rounds.mjs'
import { scales } from '../../bench/scale.mjs'
import { stores, type OpenStore, type Store } from '../../bench/stores/all.mjs'
import type { Workload } from '../../bench/workloads/workload.ts'

const [some] = stores
let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'twinlog-test-bench-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function named(name: string, lacks: Store['lacks'] = {}): Store {
  return { ...some!, name, lacks }
}

function workload(run: (store: string, round: number) => number): Workload<string> {
  const row = { title: 'row', unit: 'ms', better: 'less' } as const
  return {
    name: 'w',
    title: 'W',
    about: '',
    unfair: [],
    needs: ['disk'],
    open: async ({ store }) => store.name,
    close: async () => 7,
    steps: () => [
      {
        cases: [
          { ...row, id: 'row' },
          { ...row, id: 'keyed', needs: ['keys'] },
        ],
        rounds: 3,
        isCold: true,
        run: async (store, { round }) => ({
          row: { value: run(store, round), facts: {} },
          keyed: { value: 1, facts: {} },
        }),
      },
    ],
  }
}

const options = () => ({ scale: scales.smoke, directory, onProgress: () => {} })

it('each round is begun by another store, and none is measured twice in a row before all were', async () => {
  const order: string[] = []
  const { samples, readBack } = await measure(
    workload((store, round) => order.push(`${store}${round}`)),
    { ...options(), stores: ['a', 'b', 'c'].map(name => named(name)) },
  )
  expect(order).toEqual(['a0', 'b0', 'c0', 'b1', 'c1', 'a1', 'c2', 'a2', 'b2'])
  expect(samples['row']!['a']!.map(({ value }) => value)).toEqual([1, 6, 8])
  expect(readBack).toBe(21)
  expect(await readdir(directory)).toEqual([])
})

it('a store that fails says why, and the others go on', async () => {
  const failing = workload((store, round) => {
    if (store === 'b' && round === 0) throw new Error('the disk is gone')
    return 1
  })
  const { samples, missing, failures } = await measure(failing, { ...options(), stores: [named('a'), named('b')] })
  expect(samples['row']!['a']).toHaveLength(3)
  expect(samples['row']).not.toHaveProperty('b')
  expect([failures['b'], missing['row']!['b']]).toEqual(['the disk is gone', 'failed: the disk is gone'])
})

it('what a store can’t do is said, in all rows or in one, and is no failure', async () => {
  const able = [named('a'), named('b', { disk: 'no sync' }), named('c', { keys: 'no look-up' })]
  const { samples, missing, failures } = await measure(
    workload(() => 1),
    { ...options(), stores: able },
  )
  expect(failures).toEqual({})
  expect(missing).toEqual({ row: { b: 'no sync' }, keyed: { b: 'no sync', c: 'no look-up' } })
  expect([Object.keys(samples['row']!), Object.keys(samples['keyed']!)]).toEqual([['a', 'c'], ['a']])
})

it('a record that is lost, or is another, is found when it is read back', async () => {
  const pool = payloadsOf('note')
  const ledger = new Ledger()
  for (let seq = 1; seq <= 3; seq += 1) ledger.note(0, seq, payloadAt(pool, seq))
  const store = (tip: number, first: number): OpenStore =>
    ({ tip: () => tip, get: (_log: number, seq: number) => payloadAt(pool, first + seq) }) as unknown as OpenStore
  expect(await ledger.verify(store(3, 0))).toBe(1)
  await expect(ledger.verify(store(2, 0))).rejects.toThrow(Error)
  await expect(ledger.verify(store(3, 1))).rejects.toThrow(Error)
})

it('payloads have exactly their size, and are JSON', () => {
  for (const kind of ['like', 'note', 'article'] as const) {
    const pool = payloadsOf(kind)
    expect(new Set(pool.map(({ length }) => length))).toEqual(new Set([kinds[kind].bytes]))
    expect(new Set(pool.map(payload => JSON.parse(payload.toString()).id)).size).toBe(pool.length)
  }
})

it.each(['uniform', 'zipf', 'one'] as const)('%s: all logs in range, and spread as it says', spread => {
  const counts = Array.from({ length: 10 }, () => 0)
  const pick = logPicker(spread, counts.length, 1)
  for (let i = 0; i < 10_000; i += 1) counts[pick()]! += 1
  expect(counts.reduce((sum, count) => sum + count)).toBe(10_000)
  const [first = 0, second = 0] = counts
  if (spread === 'one') expect(first).toBe(10_000)
  else if (spread === 'uniform') expect(Math.max(...counts)).toBeLessThan(2 * Math.min(...counts))
  else expect(first / second).toBeCloseTo(2, 0)
})
