/** How each cost grows: with records, and with logs. Each store grows in processes of its own. */
import { rm } from 'node:fs/promises'
import { inFreshProcess } from '../fresh-process.mjs'
import { grouped } from '../table.mjs'

const MEASURES = /** @type {const} */ ([
  { id: 'open', title: 'open after a clean close', unit: 'ms' },
  { id: 'killed', title: 'open after kill -9', unit: 'ms' },
  { id: 'tips', title: 'a tip after open', unit: 'µs' },
  { id: 'page', title: 'newest page of 20', unit: 'µs' },
  { id: 'get', title: 'random get', unit: 'µs' },
  { id: 'append', title: 'durable append, 64 at once', unit: 'µs' },
])

/** @typedef {{ size: number, records: number, place: string, readBack: number }} Fixture */

const about =
  '300 B Likes. Each size is opened in a fresh process after a clean close, until the newest page of one log is read; then ' +
  'the tips of up to 10,000 logs are asked for, pages and records read at random (for as long before that uncounted, so that ' +
  'what reads them is compiled), records appended; more are appended, 1,000 at once, and the process is killed with SIGKILL as the last is acknowledged; and the next one opens what is left, ' +
  'and counts all records.'

/** A store is measured again where it has at least so many times the records that measuring adds. */
const REUSED_FROM_TAILS = 10

const unfair = [
  'All of it is in the page cache. LMDB opens nothing, it maps a file, and pays as it reads.',
  'After kill -9 twinlog replays what its index lacks: the tail that was appended just before. LevelDB replays its own log, SQLite its WAL.',
]

export const growthWithRecords = growth({
  name: 'growth-records',
  title: 'How costs grow with records',
  axis: 'records',
  sizesOf: ({ records, logs }) => records.map(count => ({ size: count, records: count, logs })),
})

export const growthWithLogs = growth({
  name: 'growth-logs',
  title: 'How costs grow with logs',
  axis: 'logs',
  sizesOf: ({ logCounts, logCountRecords }) => logCounts.map(logs => ({ size: logs, records: logCountRecords, logs })),
})

/**
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.title
 * @param {string} options.axis
 * @param {(scale: import('../scale.mjs').Scale) => { size: number, records: number, logs: number }[]} options.sizesOf
 * @returns {import('./workload.ts').Workload<Fixture>}
 */
function growth({ name, title, axis, sizesOf }) {
  return {
    name,
    title,
    about,
    unfair,
    needs: ['disk', 'manyLogs', 'reopen'],
    open: async ({ directory }) => ({ size: 0, records: 0, place: directory, readBack: 0 }),
    close: async ({ readBack }) => readBack,
    steps: scale =>
      sizesOf(scale).map(({ size, records, logs }) => ({
        cases: MEASURES.map(measure => ({
          id: `${measure.id}-${size}`,
          title: `${measure.title}, ${grouped(size)} ${axis}`,
          unit: measure.unit,
          better: 'less',
          point: { curve: measure.title, axis, size },
        })),
        rounds: scale.recordRounds,
        isCold: true,
        run: async (fixture, { round, ms, context: { store, directory } }) => {
          const tail = Math.min(records, scale.tailRecords)
          const task = { store: store.name, directory: `${directory}/${size}`, logs, seed: round + 1 }
          // What is appended while measuring must not make it another size.
          if (fixture.size !== size || records < tail * REUSED_FROM_TAILS) {
            await rm(fixture.place, { recursive: true, force: true })
            await inFreshProcess('fill', { ...task, records })
            Object.assign(fixture, { size, records, place: task.directory })
          }
          const found = await inFreshProcess('measure', { ...task, records: fixture.records, tail, ms, isKilled: true })
          fixture.records = found.records
          const { openMs } = await inFreshProcess('reopen', { ...task, records: found.records })
          fixture.readBack += found.records
          const { tipsMs, appendCpuUs: cpuUs } = found
          const values = {
            open: found.openMs,
            killed: openMs,
            tips: found.tipUs,
            page: found.pageUs,
            get: found.getUs,
            append: found.appendUs,
          }
          /** @type {Record<string, import('../timing.mjs').Sample>} */
          const samples = {}
          for (const { id } of MEASURES)
            samples[`${id}-${size}`] = {
              value: values[id],
              facts: id === 'tips' ? { tipsMs } : id === 'append' ? { cpuUs } : {},
            }
          return samples
        },
      })),
  }
}
