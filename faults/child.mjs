/** Runs the writer as a child process, with the shim between it and the disk when a fault is wanted. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { eventsIn } from './oracle.mjs'
import { here, shimLibrary } from './needs.mjs'

/** A writer that hangs is killed, and that is a loss. */
const WRITER_MS_MAX = 120_000

/**
 * @typedef {{ kind: string, path: string, what: string }} Call
 * @typedef {object} Run
 * @property {import('./oracle.mjs').Event[]} events
 * @property {Call[]} calls
 * @property {number | null} status
 * @property {NodeJS.Signals | null} signal
 * @property {string} errors
 */

/**
 * @param {string} dist
 * @param {string} store
 * @param {{ first?: number, waves: number, shim?: Readonly<Record<string, string>>, onSaid?: (child: import('node:child_process').ChildProcess) => void }} options
 * @returns {Promise<Run>}
 */
export async function runWriter(dist, store, { first = 1, waves, shim, onSaid }) {
  const journal = `${store}.journal`
  const env =
    shim === undefined
      ? process.env
      : {
          ...process.env,
          LD_PRELOAD: shimLibrary,
          FAULT_ROOT: store,
          FAULT_JOURNAL: journal,
          UV_USE_IO_URING: '0',
          ...shim,
        }
  const child = spawn(process.execPath, [join(here, 'writer.mjs'), dist, store, String(first), String(waves)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: WRITER_MS_MAX,
    killSignal: 'SIGKILL',
  })
  let said = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    said += text
    onSaid?.(child)
  })
  child.stderr.setEncoding('utf8').on('data', text => void (errors += text))
  const [status, signal] = await once(child, 'close')
  const calls = existsSync(journal) ? callsIn(readFileSync(journal, 'utf8')) : []
  rmSync(journal, { force: true })
  return { events: eventsIn(said), calls, status, signal, errors }
}

/**
 * @param {string} text
 * @returns {Call[]}
 */
function callsIn(text) {
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const [kind = '', path = '', what = ''] = line.split('\t')
      return { kind, path, what }
    })
}
