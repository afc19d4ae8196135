/**
 * The long run of what needs nothing but this machine: `npm run test:long`. Each target has its time, in which its
 * properties run in rounds: the first as often as in `npm test`, the others more often, each with a seed of its own. A
 * round that fails or hangs ends its target and fails the run.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { grouped, table } from '../bench/table.mjs'
import { targets } from './long-targets.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const USUAL_PERCENT = 100
/** From one round to the next. */
const GROWTH_MAX = 4
/** A round that takes longer hangs. The first one may take so long for the machine being slow alone. */
const ROUND_MS_MAX = 30 * 60_000
const ONCE_MS_MAX = 3 * 3_600_000
/** Stores of tests are small; in memory their syncs cost nothing, and thousands are opened. */
const MEMORY = '/dev/shm'
const MEMORY_BYTES_MIN = 2 ** 30

/**
 * @typedef {import('./long-targets.mjs').Target} Target
 * @typedef {{ name: string, tried: number, rounds: number, failures: number, seconds: number }} Result
 */

const names = targets.map(target => target.name)
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    workers: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run test:long -- [--minutes <n>] [--only <target>]... [--seed <n>] [--workers <n>]
  --minutes  for each target that is timed; 60
  --workers  test files at once; as many as there are cores
  targets: ${names.join(', ')}`)
} else await main()

async function main() {
  const minutes = numberOf('minutes', values.minutes)
  const seed = numberOf('seed', values.seed)
  const unknown = values.only.find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`there is no target '${unknown}': the targets are ${names.join(', ')}`)
  console.log(`seed ${seed}`)
  /** @type {Result[]} */
  const results = []
  for (const target of targets) {
    if (values.only.length > 0 && !values.only.includes(target.name)) continue
    const result = await runTarget(target, minutes * 60_000, seed)
    results.push(result)
    const { tried, rounds, seconds } = result
    const verdict = result.failures === 0 ? 'ok  ' : 'FAIL'
    console.log(`${verdict} ${target.name} (${grouped(tried)} tried in ${rounds} rounds, ${seconds} s)`)
  }
  const cells = results.map(({ name, tried, rounds, failures, seconds }) => {
    return [name, grouped(tried), grouped(rounds), String(seed), String(failures), `${grouped(seconds)} s`]
  })
  console.log(`\n${table(['target', 'tried', 'rounds', 'seed', 'failures', 'time'], cells)}`)
  const failed = results.filter(({ failures }) => failures > 0).length
  console.log(`${results.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

/**
 * @param {string} option
 * @param {string} text
 */
function numberOf(option, text) {
  const number = Number(text)
  if (!(number >= 0 && number < 2 ** 31)) throw new Error(`--${option} takes a number, not '${text}'`)
  return number
}

/**
 * @param {Target} target
 * @param {number} budgetMs
 * @param {number} seed
 * @returns {Promise<Result>}
 */
async function runTarget(target, budgetMs, seed) {
  const started = performance.now()
  const result = { name: target.name, tried: 0, rounds: 0, failures: 0, seconds: 0 }
  for (let percent = USUAL_PERCENT; result.failures === 0;) {
    const roundStarted = performance.now()
    const environment = target.once ?? { FC_RUNS: String(percent) }
    const msMax = target.once === null ? ROUND_MS_MAX + 2 * budgetMs : ONCE_MS_MAX
    const { tried, output, isPassed } = await runRound(target.files, environment, seed + result.rounds, msMax)
    result.rounds += 1
    result.tried += tried
    // A round that tried nothing proves nothing.
    if (!isPassed || tried === 0) {
      result.failures += 1
      console.log(`${output}\n${target.name}: round ${result.rounds}, FC_SEED=${seed + result.rounds - 1}`)
    }
    const [now, left] = [performance.now(), budgetMs - (performance.now() - started)]
    result.seconds = Math.round((now - started) / 1000)
    if (target.once !== null || left <= 0) break
    // Half of what is left, at the speed of the round before.
    const fitting = Math.round((percent * left) / 2 / (now - roundStarted))
    percent = Math.min(Math.max(fitting, USUAL_PERCENT), GROWTH_MAX * percent)
  }
  return result
}

/**
 * One run of vitest over these files.
 * @param {readonly string[]} files
 * @param {Readonly<Record<string, string>>} environment
 * @param {number} seed
 * @param {number} msMax
 */
async function runRound(files, environment, seed, msMax) {
  const folder = mkdtempSync(join(hasMemory() ? MEMORY : tmpdir(), 'twinlog-long-'))
  const tallyFile = join(folder, 'tally')
  const workers = values.workers === undefined ? [] : [`--maxWorkers=${values.workers}`]
  const isPosix = process.platform !== 'win32'
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...workers, ...files], {
    cwd: root,
    env: { ...process.env, ...environment, FC_SEED: String(seed), LONG_TALLY: tallyFile, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: a test file that hangs is a process below, and has to end with it.
    detached: isPosix,
  })
  const end = () => {
    if (child.pid === undefined) return
    try {
      process.kill(isPosix ? -child.pid : child.pid, 'SIGKILL')
    } catch {
      // It ended just now.
    }
  }
  const stop = () => {
    end()
    process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, msMax)
  const status = await new Promise(resolve => child.once('close', resolve))
  clearTimeout(timer)
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop)
  if (isLate) output += `\nended after ${msMax / 60_000} minutes: it hangs`
  try {
    return { tried: tallied(tallyFile), output, isPassed: status === 0 && !isLate }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function hasMemory() {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize > MEMORY_BYTES_MIN
}

/**
 * The sum of a file of numbers; a file that is not there has none.
 * @param {string} file
 */
function tallied(file) {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0)
  } catch {
    return 0
  }
}
