/** Writes what was found: JSON, drawings, and the figures in docs/performance.md, which nobody types. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { barsOf } from './bars.mjs'
import { curvesOf } from './curves.mjs'
import { markdownOf } from './markdown.mjs'

const root = dirname(dirname(import.meta.dirname))
const documentPath = join(root, 'docs', 'performance.md')
const BEGIN = '<!-- figures: written by `npm run bench -- --write` -->'
const END = '<!-- end of figures -->'

/** @typedef {import('../main.mjs').Results} Results */

/**
 * @param {Results} results
 * @param {string} directory
 * @returns {Promise<string[]>} what was written
 */
export async function writeResults(results, directory) {
  await mkdir(directory, { recursive: true })
  const written = [join(directory, 'latest.json')]
  await writeFile(join(directory, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`)
  for (const workload of results.workloads) {
    if (workload.cases.length === 0) continue
    const path = drawingPath(workload.name, directory)
    await writeFile(
      path,
      workload.cases.some(({ point }) => point !== undefined) ? curvesOf(workload) : barsOf(workload),
    )
    written.push(path)
  }
  return written.map(path => relative(process.cwd(), path))
}

/**
 * @param {Results} results
 * @param {string} directory where the drawings are
 */
export async function writeDocument(results, directory) {
  const text = await readFile(documentPath, 'utf8')
  const drawing = (/** @type {string} */ name) =>
    relative(dirname(documentPath), drawingPath(name, directory)).replaceAll('\\', '/')
  await writeFile(documentPath, withFigures(text, markdownOf(results, drawing)))
  return relative(process.cwd(), documentPath)
}

/**
 * @param {string} document
 * @param {string} figures
 */
export function withFigures(document, figures) {
  const [before, rest] = halves(document, BEGIN)
  const [, after] = halves(rest, END)
  return `${before}${BEGIN}\n\n${figures.trim()}\n\n${END}${after}`
}

/**
 * @param {string} text
 * @param {string} mark
 * @returns {[string, string]}
 */
function halves(text, mark) {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`docs/performance.md has no line ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

/**
 * @param {string} workload
 * @param {string} directory
 */
function drawingPath(workload, directory) {
  return join(directory, `${workload}.svg`)
}
