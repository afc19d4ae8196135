// `npm run bench:append`: durable appends, side by side with a bare file that group-commits the same bytes with the
// same concurrency. Only the ratios mean anything: both take turns, within seconds, on the same disk.
//
//   --quick    fewer rounds, fewer records      --json   print JSON
//   --only T   only shapes whose name holds T   --dir D  work in D instead of the system's temporary folder
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { open } from 'twinlog'
import { BareFile } from './bare-file.mjs'
import { grouped, median, table } from './table.mjs'
import { actorId, inParallel, randomFrom, textOf } from './workload.mjs'

const ACTORS = 10_000
const PAYLOAD_BYTES = 1024
/** What one record takes in a segment besides its payload: so the bare file writes as many bytes. */
const ENTRY_BYTES = 56
const KEY_BYTES = 16
const STALL_RESOLUTION_MS = 1

/**
 * @typedef {object} Shape
 * @property {string} name
 * @property {number} width appends under way at any time
 * @property {boolean} isKeyed
 * @property {number} logs
 *
 * @typedef {object} Run
 * @property {number} perSecond
 * @property {number} slowestMs the slowest acknowledgement
 * @property {number} p99Ms of the acknowledgements
 * @property {number} stallMs the longest time the event loop did not turn
 * @property {number} cpuUs processor time a record, all threads: what other work on the machine changes least
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    dir: { type: 'string', default: tmpdir() },
  },
})

const rounds = options.quick ? 3 : 7
/**
 * Records of one run, by width: a second's worth, about.
 * @type {Record<number, number>}
 */
const recordsByWidth = options.quick ? { 1: 500, 64: 7000, 1000: 20_000 } : { 1: 1500, 64: 20_000, 1000: 60_000 }

const shapes = Object.keys(recordsByWidth)
  .map(Number)
  .flatMap(width => [false, true].flatMap(isKeyed => [1, ACTORS].map(logs => shapeOf(width, isKeyed, logs))))
  .filter(shape => shape.name.includes(options.only))

const payloads = Array.from({ length: 64 }, (_, i) => Buffer.from(textOf(i, PAYLOAD_BYTES)))
const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
/** How many records have had keys: no key is used twice. */
let keys = 0
try {
  await main()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function main() {
  const store = await open(join(folder, 'store'))
  await inParallel(ACTORS, 1000, i => store.actors.add(actorId(i)))
  const logs = Array.from({ length: ACTORS }, (_, i) => store.inbox(actorId(i)))
  const measured = shapes.map(shape => ({ shape, bare: /** @type {Run[]} */ ([]), twinlog: /** @type {Run[]} */ ([]) }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { shape, bare, twinlog } of measured) {
      const seed = twinlog.length
      if (round % 2 === 0) bare.push(await runBare(shape, `${shape.name} ${seed}`))
      twinlog.push(await runTwinlog(shape, store, logs, seed))
      if (round % 2 === 1) bare.push(await runBare(shape, `${shape.name} ${seed}`))
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  await store.close()
  print(measured.map(({ shape, bare, twinlog }) => summary(shape, bare, twinlog)))
}

/**
 * @param {number} width
 * @param {boolean} isKeyed
 * @param {number} logs
 * @returns {Shape}
 */
function shapeOf(width, isKeyed, logs) {
  const name = `${grouped(width)} at once, ${isKeyed ? 'keys' : 'no keys'}, ${grouped(logs)} ${logs === 1 ? 'log' : 'logs'}`
  return { name, width, isKeyed, logs }
}

/**
 * @param {Shape} shape
 * @param {import('twinlog').Store} store
 * @param {readonly import('twinlog').Log[]} logs
 * @param {number} seed
 */
async function runTwinlog(shape, store, logs, seed) {
  await store.flushIndex()
  const random = randomFrom(seed)
  return timed(shape, i => {
    const log = logs[random(shape.logs)]
    const payload = payloads[i % payloads.length]
    if (log === undefined || payload === undefined) throw new Error('no log')
    return log.appendBytes(payload, shape.isKeyed ? { key: `https://remote.example.net/activities/${keys++}` } : {})
  })
}

/**
 * @param {Shape} shape
 * @param {string} name
 */
async function runBare(shape, name) {
  const overhead = Buffer.alloc(ENTRY_BYTES + (shape.isKeyed ? KEY_BYTES : 0))
  const records = payloads.map(payload => Buffer.concat([overhead, payload]))
  const file = new BareFile(join(folder, `${name}.bare`))
  const run = await timed(shape, i => file.append(records[i % records.length] ?? overhead))
  await file.close()
  await rm(join(folder, `${name}.bare`))
  return run
}

/**
 * @param {Shape} shape
 * @param {(i: number) => Promise<unknown>} append
 * @returns {Promise<Run>}
 */
async function timed(shape, append) {
  const count = recordsByWidth[shape.width] ?? 0
  const waits = new Float64Array(count)
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  await inParallel(count, shape.width, async i => {
    const asked = performance.now()
    await append(i)
    waits[i] = performance.now() - asked
  })
  const seconds = (performance.now() - started) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  delay.disable()
  waits.sort()
  return {
    perSecond: count / seconds,
    slowestMs: waits[count - 1] ?? 0,
    p99Ms: waits[Math.floor(count * 0.99)] ?? 0,
    stallMs: Math.max(0, delay.max / 1e6 - STALL_RESOLUTION_MS),
    cpuUs: (cpu.user + cpu.system) / count,
  }
}

/**
 * @param {Shape} shape
 * @param {readonly Run[]} bare
 * @param {readonly Run[]} twinlog
 */
function summary(shape, bare, twinlog) {
  const middle = (/** @type {readonly Run[]} */ runs, /** @type {keyof Run} */ of) => median(runs.map(run => run[of]))
  return {
    ...shape,
    twinlogPerSecond: middle(twinlog, 'perSecond'),
    barePerSecond: middle(bare, 'perSecond'),
    /** The median of the rounds' ratios, each of two runs side by side. */
    ratio: median(twinlog.map((run, i) => run.perSecond / (bare[i]?.perSecond ?? Number.NaN))),
    p99Ms: middle(twinlog, 'p99Ms'),
    slowestMs: middle(twinlog, 'slowestMs'),
    bareSlowestMs: middle(bare, 'slowestMs'),
    stallMs: middle(twinlog, 'stallMs'),
    bareStallMs: middle(bare, 'stallMs'),
    cpuUs: middle(twinlog, 'cpuUs'),
    bareCpuUs: middle(bare, 'cpuUs'),
  }
}

/** @param {readonly ReturnType<typeof summary>[]} rows */
function print(rows) {
  if (options.json) return console.log(JSON.stringify({ node: process.version, rounds, rows }, null, 2))
  const header = [
    'durable appends of 1 KiB',
    'twinlog/s',
    'bare file/s',
    'ratio',
    'ack p99',
    'slowest',
    '(bare)',
    'stall',
    '(bare)',
    'CPU a record',
    '(bare)',
  ]
  const cells = rows.map(row => [
    row.name,
    grouped(row.twinlogPerSecond),
    grouped(row.barePerSecond),
    row.ratio.toFixed(2),
    ...[row.p99Ms, row.slowestMs, row.bareSlowestMs, row.stallMs, row.bareStallMs].map(ms => `${ms.toFixed(1)} ms`),
    ...[row.cpuUs, row.bareCpuUs].map(us => `${us.toFixed(1)} µs`),
  ])
  console.log(
    `${table(header, cells)}\n\nMedians of ${rounds} rounds. Stall: the longest time the event loop did not turn.`,
  )
}
