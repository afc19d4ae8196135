/** A run as the part of docs/performance.md that holds figures. */
import { grouped } from '../table.mjs'
import { LEGEND, rowsOf, whyMissing } from './text.mjs'

/**
 * @param {import('../main.mjs').Results} results
 * @param {(workload: string) => string} drawing the path of its drawing
 */
export function markdownOf({ startedAt, seconds, scale, machine, stores, workloads }, drawing) {
  const { node, platform, processors, memoryGiB } = machine
  return [
    `Run on ${startedAt.slice(0, 10)}: Node ${node}, ${platform}, ${processors}, ${memoryGiB} GiB; ${Math.round(seconds / 6) / 10} minutes.` +
      (scale === 'full' ? '' : ` **A ${scale} run:** smaller sizes, fewer rounds.`),
    '',
    '| store | version | how it is used |',
    '|---|---|---|',
    ...stores.map(({ name, version, reason, how }) => `| ${name} | ${version} | ${reason === null ? how : reason} |`),
    '',
    LEGEND,
    '',
    ...workloads.flatMap(workload => sectionOf(workload, drawing(workload.name))),
  ].join('\n')
}

/**
 * @param {import('./summary.mjs').WorkloadSummary} workload
 * @param {string} path
 */
function sectionOf(workload, path) {
  const { header, rows } = rowsOf(workload)
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    `### ${workload.title}`,
    '',
    workload.about,
    '',
    line(header),
    `|---|${header
      .slice(1)
      .map(() => '--:|')
      .join('')}`,
    ...rows.map(line),
    '',
    ...(workload.cases.length === 0 ? [] : [`![${workload.title}](${path})`, '']),
    ...[...workload.unfair, ...whyMissing(workload)].map(note => `- ${note}`),
    `- ${grouped(workload.readBack)} records were read back.`,
    '',
  ]
}
