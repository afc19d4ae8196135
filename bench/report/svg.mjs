/** What both kinds of drawing share: the frame, the colours of the stores, and text that can't break out of it. */

/** One for each store, the same in every drawing; told apart by those who see few colours, too. */
const COLOURS = new Map([
  ['twinlog', '#0072b2'],
  ['classic-level', '#e69f00'],
  ['lmdb', '#009e73'],
  ['better-sqlite3', '#cc79a7'],
  ['hypercore', '#d55e00'],
  ['bare file', '#888888'],
  ['crypto.verify', '#888888'],
])

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .small { font-size: 11px; fill: #57606a }
  .line { stroke: #d0d7de; stroke-width: 1 }
  .whisker { stroke: #24292f; stroke-width: 1 }
  .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .line { stroke: #3d444d }
    .whisker { stroke: #e6edf3 }
    .paper { fill: #0d1117 }
  }`

/** @param {string} store */
export function colourOf(store) {
  return COLOURS.get(store) ?? '#888888'
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {{ anchor?: 'start' | 'middle' | 'end', className?: string }} [options]
 */
export function label(x, y, text, { anchor = 'start', className = '' } = {}) {
  const kind = className === '' ? '' : ` class="${className}"`
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${kind}>${escaped(text)}</text>`
}

/** @param {number} value */
export function round(value) {
  return Math.round(value * 10) / 10
}

/**
 * @param {readonly string[]} stores
 * @param {number} x
 * @param {number} y
 */
export function legend(stores, x, y) {
  let at = x
  return stores.flatMap(store => {
    const parts = [
      `<rect x="${round(at)}" y="${y - 9}" width="10" height="10" fill="${colourOf(store)}"/>`,
      label(at + 15, y, store),
    ]
    at += 40 + 7 * store.length
    return parts
  })
}

/**
 * @param {{ width: number, height: number, title: string }} frame
 * @param {readonly string[]} parts
 */
export function drawing({ width, height, title }, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
