/** bench/inbound.mjs, run as a process of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const inboundFile = fileURLToPath(new URL('../inbound.mjs', import.meta.url))

/**
 * What inbound.mjs prints with `--json`, as far as it is used here.
 * @typedef {{ name: string, twinlogPerSecond: number, barePerSecond: number, ratio: number, ratioMin: number, ratioMax: number, p99Ms: number, cpuUs: number, bareCpuUs: number }} Row
 */

/** @type {import('./workload.ts').Outsider} */
export const deliveries = {
  name: 'deliveries',
  title: 'Verified deliveries',
  about:
    '`npm run bench:inbound`: signed deliveries of about 1.5 KB through `createInbound`, 64 at once: headers, digest, JSON, ' +
    'signature, ownership, durable append. Beside it one loop of `crypto.verify` with the same key over the same bodies.',
  unfair: ['Other stores have no such thing. `crypto.verify` is the limit: it does nothing else.'],
  columns: ['twinlog', 'crypto.verify'],
  measure: async ({ deliveries: count, deliveryRounds: rounds }, directory) => {
    const { rows, readBack } = await run([
      '--json',
      '--dir',
      directory,
      '--deliveries',
      `${count}`,
      '--rounds',
      `${rounds}`,
    ])
    /** @type {Record<string, Record<string, readonly import('../timing.mjs').Sample[]>>} */
    const samples = {}
    for (const { name, twinlogPerSecond, barePerSecond, p99Ms, cpuUs, bareCpuUs } of rows) {
      samples[name] = {
        twinlog: [{ value: twinlogPerSecond, facts: { p99Ms, cpuUs } }],
        'crypto.verify': [{ value: barePerSecond, facts: { cpuUs: bareCpuUs } }],
      }
    }
    /** @type {readonly import('./workload.ts').Case[]} */
    const cases = rows.map(({ name }) => {
      return {
        id: name,
        title: name,
        unit: 'deliveries/s',
        better: 'more',
      }
    })
    return { cases, samples, readBack }
  },
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<{ rows: readonly Row[], readBack: number }>}
 */
async function run(args) {
  const child = spawn(process.execPath, [inboundFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (printed += text))
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (complaint += text))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`inbound.mjs ended with ${code}: ${complaint.trim().slice(-2000)}`)
  return JSON.parse(printed)
}
