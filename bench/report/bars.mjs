/** A workload as bars: one group a case, one bar a store, each group to a scale of its own. */
import { colourOf, drawing, label, legend, round } from './svg.mjs'
import { figureText, UNSTABLE } from './text.mjs'

const WIDTH = 860
const LEFT = 300
const RIGHT = 90
const TOP = 64
const BAR = 13
const GAP = 14

/** @param {import('./summary.mjs').WorkloadSummary} workload */
export function barsOf({ title, columns, cases }) {
  const drawn = cases.filter(({ figures }) => Object.keys(figures).length > 0)
  const stores = columns.filter(name => drawn.some(({ figures }) => figures[name] !== undefined))
  const parts = [label(16, 26, title, { className: 'title' }), ...legend(stores, 16, 48)]
  let y = TOP
  for (const { title: name, unit, better, figures } of drawn) {
    const shown = stores.filter(store => figures[store] !== undefined)
    const most = Math.max(...shown.map(store => figures[store]?.max ?? 0))
    const scale = (WIDTH - LEFT - RIGHT) / (most > 0 ? most : 1)
    parts.push(label(16, y + BAR - 2, name))
    if (unit !== '')
      parts.push(
        label(16, y + 2 * BAR, `${unit}, ${better === 'more' ? 'longer' : 'shorter'} is better`, {
          className: 'small',
        }),
      )
    for (const store of shown) {
      const figure = figures[store]
      if (figure === undefined) continue
      const length = Math.max(1, figure.median * scale)
      parts.push(`<rect x="${LEFT}" y="${y}" width="${round(length)}" height="${BAR - 2}" fill="${colourOf(store)}"/>`)
      if (figure.rounds.length > 1) {
        const [from, to] = [LEFT + figure.min * scale, LEFT + figure.max * scale]
        parts.push(`<path class="whisker" d="M${round(from)} ${y + BAR / 2 - 1}H${round(to)}"/>`)
      }
      const end = LEFT + Math.max(length, figure.rounds.length > 1 ? figure.max * scale : 0)
      parts.push(
        label(end + 6, y + BAR - 3, `${figure.isUnstable ? UNSTABLE : ''}${figureText(figure.median)}`, {
          className: 'small',
        }),
      )
      y += BAR
    }
    y += Math.max(0, (unit === '' ? 1 : 2) - shown.length) * BAR + GAP
  }
  return drawing({ width: WIDTH, height: y, title }, parts)
}
