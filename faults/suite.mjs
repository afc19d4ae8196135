/**
 * Runs one suite against one build of twinlog, in a process of its own: a crash of that process is a loss like others, and a
 * planted bug stays in it. Started by main.mjs, which reads the result from the channel between them.
 *
 *   node suite.mjs <suite> <dist> <seed> <short | long | planted>
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { scratchBase, unmountBelow } from './needs.mjs'
import { crashStates } from './suites/crash-states.mjs'
import { failingCalls } from './suites/failing-calls.mjs'
import { fullDisk } from './suites/full-disk.mjs'
import { kill9 } from './suites/kill9.mjs'
import { lifecycle } from './suites/lifecycle.mjs'

/**
 * @typedef {'short' | 'long' | 'planted'} Length
 * @typedef {object} Context
 * @property {string} dist
 * @property {import('./oracle.mjs').Engine} engine the build that `dist` holds
 * @property {string} folder to work in
 * @property {number} seed
 * @property {number} count how much is to be tried
 * @property {() => void} tried one more state was tried
 * @property {(loss: string) => void} lose
 * @property {() => boolean} isDone enough was tried; of a planted bug, the first loss is enough
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} tried what is counted
 * @property {Readonly<Record<Length, number>>} count
 * @property {(context: Context) => Promise<void>} run
 *
 * @typedef {{ tried: number, losses: string[] }} Outcome
 */

/** @type {readonly Suite[]} */
export const suites = [crashStates, kill9, failingCalls, fullDisk, lifecycle]

const LOSSES_SAID_MAX = 20

/** @param {readonly string[]} args */
async function main([name = '', dist = '', seed = '', length = '']) {
  const suite = suites.find(each => each.name === name)
  if (suite === undefined) throw new Error(`there is no suite ${name}`)
  const folder = mkdtempSync(join(scratchBase(), 'twinlog-faults-'))
  /** @type {Outcome} */
  const outcome = { tried: 0, losses: [] }
  const count = suite.count[/** @type {Length} */ (length)]
  const isPlanted = length === 'planted'
  mkdirSync(folder, { recursive: true })
  process.on('SIGTERM', () => process.exit(1))
  process.on('exit', () => {
    unmountBelow(folder)
    rmSync(folder, { recursive: true, force: true })
  })
  await suite.run({
    dist,
    engine: /** @type {import('./oracle.mjs').Engine} */ (await import(pathToFileURL(join(dist, 'index.js')).href)),
    folder,
    seed: Number(seed),
    count,
    tried: () => {
      outcome.tried += 1
    },
    lose: loss => {
      if (outcome.losses.length < LOSSES_SAID_MAX) outcome.losses.push(loss)
    },
    isDone: () => outcome.tried >= count || (isPlanted && outcome.losses.length > 0),
  })
  await new Promise(resolve => process.send?.(outcome, resolve))
  process.exit(0)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
