/** From samples to figures: medians, spreads, and the ratios of runs that stood side by side. */
import { median } from '../table.mjs'

/** Rounds that differ by more than this part of their median are no figure to build upon. */
const UNSTABLE_FROM = 0.5

/**
 * @typedef {object} Figure
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {boolean} isUnstable
 * @property {readonly number[]} rounds
 * @property {Readonly<Record<string, number>>} facts medians
 *
 * @typedef {object} Ratio how many times as good as the other, above 1 when better
 * @property {string} to
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {boolean} isResolved whether all rounds agree which of the two is better, and there is more than one
 *
 * @typedef {object} CaseSummary
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {{ curve: string, axis: string, size: number }} [point]
 * @property {Readonly<Record<string, Figure>>} figures by store
 * @property {Readonly<Record<string, string>>} missing by store, why
 * @property {readonly Ratio[]} ratios of the first store to each of the others
 * @property {string | null} bestPeer
 *
 * @typedef {object} WorkloadSummary
 * @property {string} name
 * @property {string} title
 * @property {string} about
 * @property {readonly string[]} unfair
 * @property {readonly string[]} columns
 * @property {readonly CaseSummary[]} cases
 * @property {Readonly<Record<string, string>>} failures
 * @property {number} readBack
 * @property {number} seconds
 */

/** What stands for the least that is possible, and is no peer. */
const LIMITS = new Set(['bare file', 'crypto.verify'])

/** @param {string} name */
export function isLimit(name) {
  return LIMITS.has(name)
}

/**
 * @param {import('../workloads/workload.ts').Case} of
 * @param {Readonly<Record<string, readonly import('../timing.mjs').Sample[]>>} samples
 * @param {Readonly<Record<string, string>>} missing
 * @returns {CaseSummary}
 */
export function summaryOf({ needs: _needs, ...known }, samples, missing) {
  const figures = Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, figureOf(list)]))
  const [own = [], ...others] = ['twinlog', ...Object.keys(samples).filter(name => name !== 'twinlog')].map(
    name => samples[name] ?? [],
  )
  const names = Object.keys(samples).filter(name => name !== 'twinlog')
  const ratios = own.length === 0 ? [] : names.map((to, i) => ratioOf(to, own, others[i] ?? [], known.better))
  const peers = ratios.filter(({ to }) => !isLimit(to)).toSorted((a, b) => a.median - b.median)
  return { ...known, figures, missing, ratios, bestPeer: peers[0]?.to ?? null }
}

/**
 * @param {readonly import('../timing.mjs').Sample[]} samples
 * @returns {Figure}
 */
function figureOf(samples) {
  const rounds = samples.map(({ value }) => value)
  const middle = median(rounds)
  const min = Math.min(...rounds)
  const max = Math.max(...rounds)
  const names = Object.keys(samples[0]?.facts ?? {})
  const facts = Object.fromEntries(
    names.map(name => [name, median(samples.map(sample => sample.facts[name] ?? Number.NaN))]),
  )
  return { median: middle, min, max, isUnstable: max - min > UNSTABLE_FROM * middle, rounds, facts }
}

/**
 * @param {string} to
 * @param {readonly import('../timing.mjs').Sample[]} own
 * @param {readonly import('../timing.mjs').Sample[]} other
 * @param {'more' | 'less'} better
 * @returns {Ratio}
 */
function ratioOf(to, own, other, better) {
  const ratios = own.flatMap((sample, round) => {
    const beside = other[round]
    if (beside === undefined) return []
    return better === 'more' ? sample.value / beside.value : beside.value / sample.value
  })
  const min = Math.min(...ratios)
  const max = Math.max(...ratios)
  return { to, median: median(ratios), min, max, isResolved: ratios.length > 1 && (min > 1 || max < 1) }
}
