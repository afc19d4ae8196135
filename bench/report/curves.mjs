/** A workload as curves: cost against size, both on logarithmic axes, one panel a measure, one line a store. */
import { colourOf, drawing, label, legend, round } from './svg.mjs'
import { figureText } from './text.mjs'

const COLUMNS = 2
const PANEL = { width: 420, height: 230 }
const MARGIN = { left: 62, right: 18, top: 34, bottom: 42 }
const TOP = 64

/** @typedef {{ store: string, points: readonly { size: number, cost: number }[] }} Line */

/** @param {import('./summary.mjs').WorkloadSummary} workload */
export function curvesOf({ title, columns, cases }) {
  const curves = [...new Set(cases.flatMap(({ point }) => (point === undefined ? [] : [point.curve])))]
  const parts = [label(16, 26, title, { className: 'title' }), ...legend(columns.filter(hasFigure), 16, 48)]
  for (const [i, curve] of curves.entries()) {
    const own = cases.filter(({ point }) => point?.curve === curve)
    const x = (i % COLUMNS) * PANEL.width
    const y = TOP + Math.floor(i / COLUMNS) * PANEL.height
    parts.push(`<g transform="translate(${x} ${y})">`, ...panel(curve, own, columns), '</g>')
  }
  const height = TOP + Math.ceil(curves.length / COLUMNS) * PANEL.height + 10
  return drawing({ width: COLUMNS * PANEL.width, height, title }, parts)

  /** @param {string} store */
  function hasFigure(store) {
    return cases.some(({ figures }) => figures[store] !== undefined)
  }
}

/**
 * @param {string} title
 * @param {readonly import('./summary.mjs').CaseSummary[]} cases
 * @param {readonly string[]} stores
 */
function panel(title, cases, stores) {
  const lines = stores
    .map(store => ({ store, points: pointsOf(cases, store) }))
    .filter(({ points }) => points.length > 0)
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map(({ size }) => size)))].toSorted((a, b) => a - b)
  const costs = lines.flatMap(({ points }) => points.map(({ cost }) => cost))
  const { unit, point } = cases[0] ?? { unit: '', point: undefined }
  const x = axis([sizes[0] ?? 1, sizes.at(-1) ?? 1], MARGIN.left, PANEL.width - MARGIN.right)
  const [low, high] = decades(costs)
  const y = axis([low, high], PANEL.height - MARGIN.bottom, MARGIN.top)
  const parts = [label(MARGIN.left, 20, `${title}, ${unit}`)]
  for (let cost = low; cost <= high * 1.001; cost *= 10) {
    parts.push(`<path class="line" d="M${MARGIN.left} ${round(y(cost))}H${PANEL.width - MARGIN.right}"/>`)
    parts.push(
      label(MARGIN.left - 6, y(cost) + 4, figureText(cost).replace(/\.0+$/, ''), { anchor: 'end', className: 'small' }),
    )
  }
  for (const size of sizes) {
    parts.push(
      label(x(size), PANEL.height - MARGIN.bottom + 16, sizeText(size), { anchor: 'middle', className: 'small' }),
    )
  }
  parts.push(
    label((MARGIN.left + PANEL.width) / 2, PANEL.height - 8, point?.axis ?? '', {
      anchor: 'middle',
      className: 'small',
    }),
  )
  for (const { store, points } of lines) {
    const places = points.map(({ size, cost }) => ({ x: round(x(size)), y: round(y(cost)) }))
    const path = places.map((place, i) => `${i === 0 ? 'M' : 'L'}${place.x} ${place.y}`).join('')
    parts.push(`<path d="${path}" fill="none" stroke="${colourOf(store)}" stroke-width="2"/>`)
    for (const place of places) parts.push(`<circle cx="${place.x}" cy="${place.y}" r="3" fill="${colourOf(store)}"/>`)
  }
  return parts
}

/**
 * @param {readonly import('./summary.mjs').CaseSummary[]} cases
 * @param {string} store
 */
function pointsOf(cases, store) {
  return cases.flatMap(({ point, figures }) => {
    const cost = figures[store]?.median
    return point === undefined || cost === undefined || cost <= 0 ? [] : [{ size: point.size, cost }]
  })
}

/**
 * The powers of ten around all costs.
 * @param {readonly number[]} costs
 * @returns {[number, number]}
 */
function decades(costs) {
  const low = 10 ** Math.floor(Math.log10(Math.min(...costs)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(...costs)))
  return costs.length === 0 ? [1, 10] : [low, Math.max(high, low * 10)]
}

/**
 * Where a value lies on a logarithmic axis.
 * @param {readonly [number, number]} values
 * @param {number} start
 * @param {number} end
 */
function axis([first, last], start, end) {
  const span = Math.log10(last) - Math.log10(first)
  return (/** @type {number} */ value) =>
    span === 0 ? (start + end) / 2 : start + ((Math.log10(value) - Math.log10(first)) / span) * (end - start)
}

/** @param {number} size */
function sizeText(size) {
  if (size >= 1_000_000) return `${size / 1_000_000} M`
  return size >= 1000 ? `${size / 1000} k` : String(size)
}
