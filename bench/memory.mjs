// `npm run bench:memory`: does what lives in memory, and what opening takes, stay bounded as a store grows?
//
//   --quick   10,000 and 100,000 records only, not 1,000,000    --json   print JSON
//   --dir D   work in D instead of the system's temporary folder
//
// Every phase runs in a fresh process (memory-phases.mjs). All that is read may be in the system's page cache.
import { spawn } from 'node:child_process'
import { cp, link, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { grouped, mebibytes, median, table } from './table.mjs'

const ACTORS_MAX = 100_000
const OPENINGS = 5
const RECOVERIES = 3
const phasesFile = fileURLToPath(new URL('memory-phases.mjs', import.meta.url))

/**
 * @typedef {import('./memory-phases.mjs').Reports} Reports
 * @typedef {import('./memory-phases.mjs').Witness} Witness
 * @typedef {Reports['nothing']} Resident
 * @typedef {{ directory: string, records: number, actors: number, witnesses?: readonly Witness[] }} Task
 * @typedef {Awaited<ReturnType<typeof measure>>} Measured
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
  },
})

const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
try {
  await main()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function main() {
  const nothing = await phase('nothing', { directory: '', records: 0, actors: 0 })
  const measured = []
  for (const records of options.quick ? [1e4, 1e5] : [1e4, 1e5, 1e6]) measured.push(await measure(records))
  if (options.json) console.log(JSON.stringify({ node: process.version, nothing, measured }, null, 2))
  else console.log(tableOf(nothing, measured))
}

/** @param {number} records */
async function measure(records) {
  const actors = Math.min(records, ACTORS_MAX)
  const directory = join(folder, String(records))
  const store = { directory, records, actors }
  const fill = await phase('fill', store)
  const segmentBytes = await bytesIn(join(directory, 'segments'))
  const indexBytes = await bytesIn(join(directory, 'index'))
  const openings = await repeat(OPENINGS, () => phase('justOpen', store))
  const read = await phase('read', store)
  const killed = await phase('crash', store)
  const recoveries = await repeat(RECOVERIES, () => recoverCopy({ ...store, witnesses: killed.witnesses }))
  await rm(directory, { recursive: true })
  const recovery = medians(recoveries)
  const replayed = killed.commits.slice(killed.commits.length - recovery.replayedCommits)
  return {
    records,
    actors,
    segmentBytes,
    indexBytes,
    fill,
    open: medians(openings),
    read,
    unindexedChanges: killed.unindexedChanges,
    recovery: { ...recovery, replayedRecords: sum(replayed.map(commit => commit.records)) },
  }
}

/**
 * Recovers a copy, so that the next run finds the same crash. Segments are linked: no later owner writes to one.
 * @param {Task} store
 */
async function recoverCopy(store) {
  const from = store.directory
  const copy = `${from}-copy`
  await mkdir(join(copy, 'segments'), { recursive: true })
  for (const name of await readdir(from)) {
    if (name !== 'segments') await cp(join(from, name), join(copy, name), { recursive: true })
  }
  for (const name of await readdir(join(from, 'segments'))) {
    await link(join(from, 'segments', name), join(copy, 'segments', name))
  }
  try {
    return await phase('recover', { ...store, directory: copy })
  } finally {
    await rm(copy, { recursive: true })
  }
}

/**
 * Runs one phase in a fresh process.
 * @template {keyof Reports} Name
 * @param {Name} name
 * @param {Task} task
 * @returns {Promise<Reports[Name]>}
 */
async function phase(name, task) {
  const report = join(folder, 'report.json')
  const started = performance.now()
  const order = JSON.stringify({ name, task: { ...task, report } })
  const child = spawn(process.execPath, [phasesFile, order], { stdio: 'inherit' })
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (...ended) => resolve(ended))
  })
  const isDone = name === 'crash' ? signal === 'SIGKILL' : code === 0
  if (!isDone) throw new Error(`${name} ended with ${signal ?? code}`)
  const seconds = grouped((performance.now() - started) / 1000, 1)
  process.stderr.write(`${grouped(task.records)} records, ${name}: ${seconds} s\n`)
  return /** @type {Reports[Name]} */ (JSON.parse(await readFile(report, 'utf8')))
}

/**
 * One after the other.
 * @template Result
 * @param {number} times
 * @param {() => Promise<Result>} run
 */
async function repeat(times, run) {
  const results = []
  for (let i = 0; i < times; i += 1) results.push(await run())
  return results
}

/**
 * The median of each of the runs' numbers.
 * @template {Record<string, number>} Run
 * @param {readonly Run[]} runs
 * @returns {Run}
 */
function medians(runs) {
  const names = Object.keys(runs[0] ?? {})
  return /** @type {Run} */ (Object.fromEntries(names.map(name => [name, median(runs.map(run => run[name] ?? 0))])))
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

/** @param {string} path */
async function bytesIn(path) {
  const names = await readdir(path)
  const files = await Promise.all(names.map(name => stat(join(path, name))))
  return sum(files.map(file => file.size))
}

/**
 * @param {Resident} nothing
 * @param {readonly Measured[]} measured
 */
function tableOf(nothing, measured) {
  const ms = (/** @type {number} */ value) => `${grouped(value, value < 10 ? 1 : 0)} ms`
  const mib = (/** @type {number} */ bytes) => `${mebibytes(bytes)} MiB`
  const memory = (/** @type {Resident} */ { residentBytes, fileBytes }) =>
    fileBytes === 0 ? mib(residentBytes) : `${mib(residentBytes)} (${mebibytes(fileBytes)})`
  /** @type {[string, (one: Measured) => string][]} */
  const lines = [
    ['actors', one => grouped(one.actors)],
    ['actors added a second', one => grouped((1000 * one.actors) / one.fill.addMs)],
    ['records appended a second', one => grouped((1000 * one.records) / one.fill.appendMs)],
    ['slowest acknowledgement', one => ms(one.fill.slowestMs)],
    ['longest stall of the event loop', one => ms(one.fill.stallMs)],
    ['most changes not indexed meanwhile', one => grouped(one.fill.unindexedMost)],
    ['most memory while appending', one => mib(one.fill.peakBytes)],
    ['close', one => ms(one.fill.closeMs)],
    ['segments on disk', one => mib(one.segmentBytes)],
    ['index on disk', one => mib(one.indexBytes)],
    ['bytes of index a record', one => grouped(one.indexBytes / one.records)],
    ['open after close', one => ms(one.open.openMs)],
    ['memory just opened (mapped files)', one => memory(one.open)],
    ['10,000 random records read in', one => ms(one.read.readMs)],
    ['memory after that (mapped files)', one => memory(one.read)],
    ['changes not indexed at kill -9', one => grouped(one.unindexedChanges)],
    ['open after kill -9', one => ms(one.recovery.openMs)],
    ['more than after close: the replay', one => ms(one.recovery.openMs - one.open.openMs)],
    ['commits replayed', one => grouped(one.recovery.replayedCommits)],
    ['records replayed', one => grouped(one.recovery.replayedRecords)],
    ['most memory while replaying', one => mib(one.recovery.peakBytes)],
  ]
  const header = ['records', ...measured.map(one => grouped(one.records))]
  const rows = lines.map(([title, cell]) => [title, ...measured.map(cell)])
  return `${table(header, rows)}\n\nNode ${process.version} with twinlog loaded and no store takes ${memory(nothing)}.`
}
