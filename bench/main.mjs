// `npm run bench`: every workload against twinlog and its peers, in interleaved rounds.
//
//   --quick         fewer rounds, smaller sizes: two to three minutes
//   --only NAME     only workloads whose name holds it; may be given several times
//   --peer NAME     only twinlog and this store; may be given several times
//   --json          print JSON alone
//   --write         put the figures into docs/performance.md, too
//   --from FILE     no run: report what an earlier one wrote
//   --out DIR       where JSON and SVG go; unless told bench/results, and for what is no whole run bench/results/partial
//   --dir DIR       work in it instead of the system's temporary folder
//   --no-install    go on without the peers that are not there
//   --smoke         tiny: only whether all of it works
import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { availabilityOf } from './install.mjs'
import { LEGEND, textOf } from './report/text.mjs'
import { summaryOf } from './report/summary.mjs'
import { writeDocument, writeResults } from './report/write.mjs'
import { measure } from './rounds.mjs'
import { scales } from './scale.mjs'
import { stores, storeNamed } from './stores/all.mjs'
import { workloads } from './workloads/all.mjs'

const RESULTS = join(import.meta.dirname, 'results')

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
    out: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    'no-install': { type: 'boolean', default: false },
  },
})

/** @typedef {Awaited<ReturnType<typeof run>>} Results */

const isTerminal = process.stderr.isTTY
const results = options.from === undefined ? await run() : await earlier(options.from)
if (options.json) console.log(JSON.stringify(results, null, 2))
else print(results)
const hasAll = results.workloads.length === workloads.length && results.stores.length === stores.length
const isWhole = results.scale === 'full' && hasAll
const out = options.out ?? (isWhole ? RESULTS : join(RESULTS, 'partial'))
const written = await writeResults(results, out)
if (options.write) written.push(await writeDocument(results, out))
process.stderr.write(`wrote ${written.join(', ')}\n`)
if (results.workloads.some(({ failures }) => Object.keys(failures).length > 0)) process.exitCode = 1

async function run() {
  const scale = options.smoke ? scales.smoke : options.quick ? scales.quick : scales.full
  const chosen = workloads.filter(
    ({ name }) => options.only.length === 0 || options.only.some(part => name.includes(part)),
  )
  if (chosen.length === 0) throw new Error(`no workload is called so: ${workloads.map(({ name }) => name).join(', ')}`)
  const wanted =
    options.peer.length === 0
      ? stores
      : stores.filter(({ name }) => ['twinlog', ...options.peer.map(peerNamed)].includes(name))
  const availability = await availabilityOf(wanted, { mayInstall: !options['no-install'] })
  for (const { name, reason } of availability) if (reason !== null) process.stderr.write(`without ${name}: ${reason}\n`)
  const able = wanted.filter(({ name }) => availability.some(each => each.name === name && each.reason === null))

  const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])) {
    process.once(signal, () => process.exit(code))
  }
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const started = performance.now()
  const startedAt = new Date().toISOString()
  const summaries = []
  try {
    for (const [i, workload] of chosen.entries()) {
      const directory = join(folder, workload.name)
      const onProgress = progress(`[${i + 1}/${chosen.length}] ${workload.title}`, started)
      onProgress('begins')
      summaries.push(await summaryOfWorkload(workload, { scale, directory, able, onProgress }))
      await rm(directory, { recursive: true, force: true })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  progress('', started)('done')
  return {
    startedAt,
    seconds: Math.round((performance.now() - started) / 1000),
    scale: scale.name,
    rounds: scale.rounds,
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      processors: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    stores: availability.map(({ name, version, reason }) => ({ name, version, reason, how: storeNamed(name).how })),
    workloads: summaries,
  }
}

/**
 * @param {import('./workloads/workload.ts').Workload<any> | import('./workloads/workload.ts').Outsider} workload
 * @param {{ scale: import('./scale.mjs').Scale, directory: string, able: readonly import('./stores/all.mjs').Store[], onProgress: (step: string) => void }} options
 * @returns {Promise<import('./report/summary.mjs').WorkloadSummary>}
 */
async function summaryOfWorkload(workload, { scale, directory, able, onProgress }) {
  const { name, title, about, unfair } = workload
  const started = performance.now()
  const isOutside = 'measure' in workload
  const measured = isOutside
    ? await measureOutside(workload, scale)
    : await measure(workload, { scale, directory, stores: able, onProgress })
  const { cases, samples, missing, failures, readBack } = measured
  const columns = isOutside ? workload.columns : able.map(store => store.name)
  const summaries = cases.map(each => summaryOf(each, samples[each.id] ?? {}, missing[each.id] ?? {}))
  const seconds = (performance.now() - started) / 1000
  return { name, title, about, unfair, columns, cases: summaries, failures, readBack, seconds }
}

/**
 * @param {import('./workloads/workload.ts').Outsider} workload
 * @param {import('./scale.mjs').Scale} scale
 * @returns {Promise<import('./rounds.mjs').Measured>}
 */
async function measureOutside(workload, scale) {
  try {
    return { missing: {}, failures: {}, ...(await workload.measure(scale, options.dir)) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { cases: [], samples: {}, missing: {}, failures: { twinlog: message }, readBack: 0 }
  }
}

/** @param {string} part */
function peerNamed(part) {
  const found = stores.find(({ name }) => name.replace(' ', '-').includes(part.replace(' ', '-')))
  if (found === undefined) throw new Error(`no store is called ${part}: ${stores.map(({ name }) => name).join(', ')}`)
  return found.name
}

/**
 * @param {string} path
 * @returns {Promise<Results>}
 */
async function earlier(path) {
  return JSON.parse(await readFile(path, 'utf8'))
}

/** @param {Results} found */
function print({ machine, stores: used, workloads: found, seconds, scale }) {
  for (const workload of found) console.log(textOf(workload))
  for (const { name, version, reason, how } of used) {
    console.log(reason === null ? `${[name, version].join(' ').trim()}: ${how}` : `${name}: ${reason}`)
  }
  console.log(`\n${LEGEND}`)
  if (scale !== 'full') console.log(`A ${scale} run: smaller sizes, fewer rounds; its figures are a hint.`)
  console.log(
    `Node ${machine.node}, ${machine.platform}, ${machine.processors}, ${machine.memoryGiB} GiB; ${seconds} s.`,
  )
}

/**
 * Where it is: one line that is written over on a terminal; elsewhere a line for each workload.
 * @param {string} what
 * @param {number} started
 */
function progress(what, started) {
  let hasSaid = false
  return (/** @type {string} */ step) => {
    const seconds = Math.round((performance.now() - started) / 1000)
    const line = `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')} ${what} · ${step}`
    if (isTerminal)
      process.stderr.write(`\r\u001B[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}${what === '' ? '\n' : ''}`)
    else if (!hasSaid) process.stderr.write(`${line}\n`)
    hasSaid = true
  }
}
