/**
 * Runs the suites that need a tracer, a C compiler or mounts: `npm run test:faults`. Each runs against the build, and then
 * against copies of it with a bug planted, which it must find. docs/reliability.md says what the suites promise.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from '../bench/table.mjs'
import { here, installNeeds, root } from './needs.mjs'
import { planted, plants } from './plants.mjs'
import { suites } from './suite.mjs'

/** As many as there are cores on the machine that this is meant for. */
const AT_ONCE = 2
const SHORT_MS_MAX = 12 * 60_000
const LONG_MS_MAX = 24 * 3_600_000

/**
 * @typedef {import('./suite.mjs').Outcome} Outcome
 * @typedef {{ suite: string, plant: string | null, dist: string, length: import('./suite.mjs').Length }} Job
 * @typedef {Job & Outcome & { seconds: number }} Result
 */

const names = suites.map(suite => suite.name)
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    long: { type: 'boolean', default: false },
    plants: { type: 'boolean' },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
})

if (values.help) {
  console.log(`npm run test:faults -- [--only <suite>] [--seed <n>] [--long] [--plants | --no-plants]
  suites: ${names.join(', ')}
  --plants     only the planted bugs;  --no-plants  only the suites`)
} else await main()

async function main() {
  const { only, seed } = values
  if (only !== undefined && !names.includes(only)) throw new Error(`the suites are: ${names.join(', ')}`)
  if (!Number.isSafeInteger(Number(seed))) throw new Error('--seed takes a whole number')
  installNeeds()
  console.log(`seed ${seed}`)
  const jobs = jobsFor(names.filter(name => only === undefined || name === only))
  /** @type {Result[]} */
  const results = []
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const result = await run(job, seed)
      results.push(result)
      const what = result.plant === null ? result.suite : `${result.suite}: ${result.plant}`
      console.log(`${isPassed(result) ? 'ok  ' : 'FAIL'} ${what} (${result.tried} tried, ${result.seconds} s)`)
      for (const loss of result.plant === null ? result.losses : []) console.log(`     ${loss}`)
    }
  })
  await Promise.all(workers)
  report(results)
}

/**
 * @param {readonly string[]} wanted
 * @returns {Job[]}
 */
function jobsFor(wanted) {
  const dist = join(root, 'dist')
  const length = values.long ? 'long' : 'short'
  /** @type {Job[]} */
  const jobs = values.plants === true ? [] : wanted.map(suite => ({ suite, plant: null, dist, length }))
  if (values.plants === false) return jobs
  for (const plant of plants) {
    const catchers = plant.caughtBy.filter(suite => wanted.includes(suite))
    if (catchers.length === 0) continue
    const copy = planted(dist, plant)
    for (const suite of catchers) jobs.push({ suite, plant: plant.name, dist: copy, length: 'planted' })
  }
  return jobs
}

/**
 * @param {Job} job
 * @param {string} seed
 * @returns {Promise<Result>}
 */
async function run(job, seed) {
  const started = performance.now()
  const child = fork(join(here, 'suite.mjs'), [job.suite, job.dist, seed, job.length], {
    // What a planted bug makes a process say of itself is of no interest.
    stdio: ['ignore', 'inherit', job.plant === null ? 'inherit' : 'ignore', 'ipc'],
    timeout: job.length === 'long' ? LONG_MS_MAX : SHORT_MS_MAX,
  })
  /** @type {Outcome} */
  let outcome = { tried: 0, losses: [] }
  child.on('message', message => {
    outcome = /** @type {Outcome} */ (message)
  })
  const [status, signal] = await once(child, 'close')
  if (status !== 0) outcome.losses.push(`the suite's process ended with ${String(status ?? signal)}`)
  return { ...job, ...outcome, seconds: Math.round((performance.now() - started) / 1000) }
}

/** @param {Result} result */
function isPassed({ plant, losses, tried }) {
  if (plant === null) return losses.length === 0 && tried > 0
  // A suite that broke down has found nothing.
  return tried > 0 && losses.length > 0
}

/** @param {readonly Result[]} results */
function report(results) {
  const rows = results
    .filter(result => result.plant === null)
    .map(({ suite, tried, losses, seconds }) => [
      suite,
      `${tried} ${suites.find(each => each.name === suite)?.tried ?? ''}`,
      String(losses.length),
      `${seconds} s`,
    ])
  if (rows.length > 0) console.log(`\n${table(['suite', 'tried', 'losses', 'time'], rows)}`)
  const caught = results
    .filter(result => result.plant !== null)
    .map(result => [result.plant ?? '', result.suite, isPassed(result) ? 'caught' : 'MISSED', result.losses[0] ?? ''])
    .map(row => row.map(cell => (cell.length > 90 ? `${cell.slice(0, 89)}…` : cell)))
  if (caught.length > 0) console.log(`\n${table(['planted bug', 'suite', '', 'first loss'], caught)}`)
  const failed = results.filter(result => !isPassed(result)).length
  console.log(`\n${results.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && results.length > 0 ? 0 : 1
}
