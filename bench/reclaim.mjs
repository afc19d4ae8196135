// `npm run bench:reclaim`: what giving space back yields, what it costs, and what appends notice of it. One run, in rounds:
// random logs are trimmed by random lengths, the same number of records comes in, and then the store is compacted, with
// appends at a steady rate before, meanwhile and after. Each pace is measured in each round, and only ratios mean
// anything: both sides of one lie within seconds of each other.
//
//   --quick    fewer rounds, fewer records      --json   print JSON
//   --dir D    work in D instead of the system's temporary folder
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { open } from './twinlog.mjs'
import { grouped, mebibytes, median, table } from './table.mjs'
import { actorId, inParallel, randomFrom, textOf } from './workload.mjs'

const ACTORS = 2000
const PAYLOAD_BYTES = 1024
const MIB = 1024 * 1024
/** Steady, whether a compaction runs or not: so both have the same to do. */
const APPENDS_PER_SECOND = 250
const WIDTH = 8
const QUIET_MS = 3000
const STALL_RESOLUTION_MS = 1
/** How fast to read and write, at most. */
const PACES = [
  { name: '32 MiB a second', bytesPerSecond: 32 * MIB },
  { name: 'no limit', bytesPerSecond: Infinity },
]

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
  },
})

const records = options.quick ? 30_000 : 60_000
const rounds = options.quick ? 3 : 5
const random = randomFrom(1)
let appended = 0

/**
 * @typedef {{ p99Ms: number, slowestMs: number, stallMs: number }} Waits
 * @typedef {object} Round
 * @property {number} seconds
 * @property {number} before bytes of the segment files, by the payload bytes of the records that are there
 * @property {number} after the same when it is done
 * @property {number} wholeAfter the same with all other files of the store
 * @property {number} cost bytes written for a byte that was freed
 * @property {number} share of the segments that were written again
 * @property {Waits} idle
 * @property {Waits} busy
 */

const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
try {
  await main(join(folder, 'store'))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** @param {string} path */
async function main(path) {
  const store = await open(path, { segmentBytes: 8 * MIB })
  await inParallel(ACTORS, 1000, i => store.actors.add(actorId(i)))
  await inParallel(records, 1000, () => append(store))
  const measured = PACES.map(pace => ({ pace, runs: /** @type {Round[]} */ ([]) }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { pace, runs } of measured) runs.push(await oneRound(store, path, pace.bytesPerSecond))
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  await store.close()
  print(measured)
}

/** @param {import('twinlog').Store} store */
function append(store) {
  appended += 1
  return store.inbox(actorId(random(ACTORS))).appendBytes(Buffer.from(textOf(appended, PAYLOAD_BYTES)))
}

/**
 * @param {import('twinlog').Store} store
 * @param {string} path
 * @param {number} bytesPerSecond
 * @returns {Promise<Round>}
 */
async function oneRound(store, path, bytesPerSecond) {
  let trimmed = 0
  await inParallel(ACTORS, 100, async i => {
    // Every second log, another half of them each time, loses a random part of its past: what is dead and what lives
    // lie side by side in each segment.
    if (random(2) === 0) return
    const log = store.inbox(actorId(i))
    const { first, tip } = await log.bounds()
    const before = first + random(tip - first + 2)
    await log.trim({ before })
    trimmed += before - first
  })
  await inParallel(trimmed, 1000, () => append(store))
  await store.flushIndex()
  const quietBefore = await waits(store, () => sleep(QUIET_MS))
  const before = (await bytesIn(join(path, 'segments'))) / (await payloadBytes(store))
  const started = performance.now()
  /** @type {import('twinlog').CompactReport | undefined} */
  let report
  const busy = await waits(store, async () => {
    report = await store.compact({ bytesPerSecond })
  })
  if (report === undefined) throw new Error('no report')
  const seconds = (performance.now() - started) / 1000
  const left = await payloadBytes(store)
  const after = (await bytesIn(join(path, 'segments'))) / left
  const wholeAfter = (await bytesIn(path)) / left
  const quietAfter = await waits(store, () => sleep(QUIET_MS))
  return {
    seconds,
    before,
    after,
    wholeAfter,
    cost: report.bytesWritten / (report.bytesBefore - report.bytesAfter),
    share: report.rewritten / report.segments,
    idle: {
      p99Ms: (quietBefore.p99Ms + quietAfter.p99Ms) / 2,
      slowestMs: (quietBefore.slowestMs + quietAfter.slowestMs) / 2,
      stallMs: (quietBefore.stallMs + quietAfter.stallMs) / 2,
    },
    busy,
  }
}

/**
 * Payload bytes of the records that are there.
 * @param {import('twinlog').Store} store
 */
async function payloadBytes(store) {
  let bytes = 0
  for (let i = 0; i < ACTORS; i += 1) {
    const { first, tip } = await store.inbox(actorId(i)).bounds()
    bytes += (tip - first + 1) * PAYLOAD_BYTES
  }
  return bytes
}

/** @param {string} path */
async function bytesIn(path) {
  let bytes = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    // LevelDB may delete a table meanwhile.
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      file => file.size,
      () => 0,
    )
  }
  return bytes
}

/**
 * How long appends wait for their acknowledgement while `work` runs. They come at fixed times: one that is late because
 * another was slow counts from when it should have come.
 * @param {import('twinlog').Store} store
 * @param {() => Promise<unknown>} work
 * @returns {Promise<Waits>}
 */
async function waits(store, work) {
  const waited = /** @type {number[]} */ ([])
  const done = new AbortController()
  const began = performance.now()
  const everyMs = (1000 * WIDTH) / APPENDS_PER_SECOND
  const worker = async (/** @type {number} */ at) => {
    for (let due = began + (at * everyMs) / WIDTH; !done.signal.aborted; due += everyMs) {
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      await append(store)
      waited.push(performance.now() - due)
    }
  }
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  delay.enable()
  const workers = Array.from({ length: WIDTH }, (_, at) => worker(at))
  try {
    await work()
  } finally {
    done.abort()
  }
  await Promise.all(workers)
  delay.disable()
  waited.sort((a, b) => a - b)
  return {
    p99Ms: waited[Math.floor(waited.length * 0.99)] ?? 0,
    slowestMs: waited.at(-1) ?? 0,
    stallMs: Math.max(0, delay.max / 1e6 - STALL_RESOLUTION_MS),
  }
}

/** @param {readonly { pace: { name: string }, runs: readonly Round[] }[]} measured */
function print(measured) {
  if (options.json) return console.log(JSON.stringify({ node: process.version, records, rounds, measured }, null, 2))
  const header = [
    'pace',
    'segments rewritten',
    'bytes by payload',
    '(after)',
    '(all files)',
    'written a byte freed',
    'seconds',
    'ack p99',
    '(idle)',
    'ratio',
    'slowest',
    '(idle)',
    'stall',
    '(idle)',
  ]
  const cells = measured.map(({ pace, runs }) => {
    const middle = (/** @type {(run: Round) => number} */ of) => median(runs.map(of))
    const ms = (/** @type {(run: Round) => number} */ of) => `${middle(of).toFixed(1)} ms`
    return [
      pace.name,
      `${grouped(100 * middle(run => run.share))} %`,
      middle(run => run.before).toFixed(2),
      middle(run => run.after).toFixed(2),
      middle(run => run.wholeAfter).toFixed(2),
      middle(run => run.cost).toFixed(2),
      middle(run => run.seconds).toFixed(1),
      ms(run => run.busy.p99Ms),
      ms(run => run.idle.p99Ms),
      middle(run => run.busy.p99Ms / run.idle.p99Ms).toFixed(2),
      ms(run => run.busy.slowestMs),
      ms(run => run.idle.slowestMs),
      ms(run => run.busy.stallMs),
      ms(run => run.idle.stallMs),
    ]
  })
  const size = mebibytes(records * PAYLOAD_BYTES)
  console.log(`${table(header, cells)}

Medians of ${rounds} rounds over ${size} MiB of payload; ratio: the median of the rounds' ratios. Each round trims every
second log by a random length and appends as much again. ${grouped(APPENDS_PER_SECOND)} appends a second, idle as while it runs.
Bytes by payload: of the segment files, by the payload bytes of the records that are there, before and after.`)
}
