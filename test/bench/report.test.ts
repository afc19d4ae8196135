/** Figures say what was measured: medians, ratios the right way round, and what is not to be trusted. */
import { describe, expect, it } from 'vitest'
import { summaryOf, type CaseSummary } from '../../bench/report/summary.mjs'
import { rowsOf, whyMissing } from '../../bench/report/text.mjs'
import { withFigures } from '../../bench/report/write.mjs'
import { read } from '../project/sources.ts'

const samples = (...values: number[]) => values.map(value => ({ value, facts: { p99Ms: value } }))
const row = { id: 'a', title: 'a row', unit: 'records/s' }
const summary = (better: 'more' | 'less', by: Record<string, number[]>): CaseSummary =>
  summaryOf(
    { ...row, better },
    Object.fromEntries(Object.entries(by).map(([name, values]) => [name, samples(...values)])),
    {},
  )

describe('a summary', () => {
  it('has the median of the rounds, not their mean', () => {
    expect(summary('more', { twinlog: [1, 2, 30] }).figures['twinlog']).toMatchObject({ median: 2, min: 1, max: 30 })
  })

  it('is above 1 where twinlog is better, whichever way better is', () => {
    expect(summary('more', { twinlog: [20, 20], lmdb: [10, 10] }).ratios[0]!.median).toBe(2)
    expect(summary('less', { twinlog: [10, 10], lmdb: [20, 20] }).ratios[0]!.median).toBe(2)
  })

  it('takes the ratio of runs that stood side by side', () => {
    // The machine was twice as slow in the second round: no store is to blame.
    const [ratio] = summary('more', { twinlog: [200, 100, 200], lmdb: [100, 50, 100] }).ratios
    expect(ratio).toMatchObject({ median: 2, min: 2, max: 2, isResolved: true })
  })

  it('says when rounds do not agree which is better, or there is one alone', () => {
    expect(summary('more', { twinlog: [10, 30], lmdb: [20, 20] }).ratios[0]!.isResolved).toBe(false)
    expect(summary('more', { twinlog: [30], lmdb: [20] }).ratios[0]!.isResolved).toBe(false)
  })

  it('marks figures whose rounds differ much', () => {
    const { figures } = summary('more', { twinlog: [10, 10, 11], lmdb: [10, 10, 20] })
    expect([figures['twinlog']!.isUnstable, figures['lmdb']!.isUnstable]).toEqual([false, true])
  })

  it('never takes the limit for a peer, and the best peer is the one that twinlog is least ahead of', () => {
    const { bestPeer } = summary('more', { twinlog: [10, 10], lmdb: [5, 5], hypercore: [2, 2], 'bare file': [50, 50] })
    expect(bestPeer).toBe('lmdb')
    expect(summary('more', { twinlog: [10, 10], 'bare file': [50, 50] }).bestPeer).toBeNull()
  })
})

describe('a table', () => {
  const known = { name: 'w', title: 'W', about: '', unfair: [], failures: {}, readBack: 1, seconds: 1 }

  it('has a cell for each store, n/a where there is no figure, and both ratios', () => {
    const cases = [
      { ...summary('more', { twinlog: [10, 10], lmdb: [5, 5], 'bare file': [40, 40] }), missing: { hypercore: 'no' } },
    ]
    const { header, rows } = rowsOf({ ...known, columns: ['twinlog', 'lmdb', 'hypercore', 'bare file'], cases })
    expect(header).toHaveLength(7)
    expect(rows[0]!.slice(1)).toEqual(['10.0 ±0%', '5.00 ±0%', 'n/a', '40.0 ±0%', '2.00', '0.25'])
  })

  it('gives each reason once', () => {
    const missing = { hypercore: 'one core is one log' }
    const cases = [summary('more', { twinlog: [1] }), summary('more', { twinlog: [1] })].map(each => ({
      ...each,
      missing,
    }))
    expect(whyMissing({ ...known, columns: [], cases })).toEqual(['n/a, hypercore: one core is one log'])
  })
})

describe('docs/performance.md', () => {
  const document = read('docs/performance.md')

  it('has one place for figures; writing there changes nothing else, and can be done again', () => {
    const once = withFigures(document, 'figures of May')
    const twice = withFigures(once, 'figures of June')
    expect(twice).toContain('figures of June')
    expect(twice).not.toContain('figures of May')
    expect(withFigures(twice, 'figures of May')).toBe(once)
    const [before = '', after = ''] = once.split(/<!-- figures[^>]*-->[^]*<!-- end of figures -->/)
    expect(before.length).toBeGreaterThan(100)
    expect(document.startsWith(before) && document.endsWith(after)).toBe(true)
  })
})
