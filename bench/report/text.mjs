/** A summary as a table in text. */
import { grouped, table } from '../table.mjs'
import { isLimit } from './summary.mjs'

/** Marks figures whose rounds differ much. */
export const UNSTABLE = '~'

/** @param {number} value */
export function figureText(value) {
  if (!Number.isFinite(value)) return 'n/a'
  if (Math.abs(value) >= 100) return grouped(value)
  return grouped(value, Math.abs(value) >= 10 ? 1 : 2)
}

/** @param {import('./summary.mjs').Figure} figure */
function spreadText({ median, min, max, rounds }) {
  return rounds.length < 2 || median === 0 ? '' : ` ±${Math.round((50 * (max - min)) / median)}%`
}

/** @param {import('./summary.mjs').Ratio | undefined} ratio */
export function ratioText(ratio) {
  if (ratio === undefined || !Number.isFinite(ratio.median)) return '–'
  return `${ratio.median.toFixed(2)}${ratio.isResolved ? '' : '?'}`
}

/** @param {import('./summary.mjs').CaseSummary} of */
export function ratiosOf({ ratios, bestPeer }) {
  const peer = ratios.find(({ to }) => to === bestPeer)
  const limit = ratios.find(({ to }) => isLimit(to))
  return { peer, limit }
}

/**
 * One row a case: the title, a cell a store, and the two ratios.
 * @param {import('./summary.mjs').WorkloadSummary} workload
 */
export function rowsOf({ columns, cases }) {
  const header = ['', ...columns, '× best peer', '× limit']
  const rows = cases.map(summary => {
    const cells = columns.map(name => {
      const figure = summary.figures[name]
      if (figure === undefined) return 'n/a'
      return `${figure.isUnstable ? UNSTABLE : ''}${figureText(figure.median)}${spreadText(figure)}`
    })
    const { peer, limit } = ratiosOf(summary)
    const unit = summary.unit === '' || summary.title.includes(summary.unit) ? '' : `, ${summary.unit}`
    return [`${summary.title}${unit}`, ...cells, ratioText(peer), ratioText(limit)]
  })
  return { header, rows }
}

/** @param {import('./summary.mjs').WorkloadSummary} workload */
export function textOf(workload) {
  const { header, rows } = rowsOf(workload)
  const failures = Object.entries(workload.failures).map(([name, message]) => `${name} failed: ${message}`)
  const notes = [...workload.unfair, ...whyMissing(workload), ...failures]
  return [
    `${workload.title} (${workload.name})`,
    workload.about,
    '',
    table(header, rows),
    '',
    ...notes.map(note => `  · ${note}`),
    `  · ${grouped(workload.readBack)} records read back; ${Math.round(workload.seconds)} s`,
    '',
  ].join('\n')
}

/**
 * Each reason once, with the stores and cases that it concerns.
 * @param {import('./summary.mjs').WorkloadSummary} workload
 */
export function whyMissing({ cases }) {
  /** @type {Map<string, number>} */
  const reasons = new Map()
  for (const { missing } of cases) {
    for (const [name, reason] of Object.entries(missing)) {
      const note = `${name}: ${reason}`
      reasons.set(note, (reasons.get(note) ?? 0) + 1)
    }
  }
  return [...reasons].map(
    ([note, count]) => `n/a, ${note}${count < cases.length ? ` (${count} of ${cases.length} rows)` : ''}`,
  )
}

export const LEGEND =
  'Medians of the rounds; ±: half the range of the rounds; ' +
  `${UNSTABLE}: rounds differ by more than half, so no figure to build upon. ` +
  '× best peer, × limit: how many times as good as the best of the peers and as the bare file, by the median of the rounds’ ' +
  'ratios, above 1 is better; ?: one round, or the rounds do not agree which is better.'
