// `npm run bench:reclaim`: what giving space back yields, what it costs, and what appends notice of it. One run: a store is
// filled, random logs are trimmed, and then it is compacted at several thresholds while somebody appends.
//
//   --quick    fewer records            --json   print JSON
//   --rate R   MiB a second, 64         --dir D  work in D instead of the system's temporary folder
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { open } from 'twinlog'
import { grouped, mebibytes, table } from './table.mjs'
import { actorId, inParallel, randomFrom, textOf } from './workload.mjs'

const ACTORS = 2000
const PAYLOAD_BYTES = 1024
const MIB = 1024 * 1024
/** Appends under way while it is measured what they wait. */
const WIDTH = 16
const IDLE_MS = 3000

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rate: { type: 'string', default: '64' },
    dir: { type: 'string', default: tmpdir() },
  },
})

const records = options.quick ? 40_000 : 300_000
const bytesPerSecond = Number(options.rate) * MIB
/** From the one that is written again only when most of it is dead, to any that has anything dead. */
const thresholds = [0.75, 0.5, 0.25, 0]

const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
try {
  await main()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function main() {
  const store = await open(join(folder, 'store'), { segmentBytes: 8 * MIB })
  await inParallel(ACTORS, 1000, i => store.actors.add(actorId(i)))
  await store.actors.add('appender')
  const random = randomFrom(1)
  await inParallel(records, 1000, i => append(store, actorId(random(ACTORS)), i))
  let kept = 0
  for (let i = 0; i < ACTORS; i += 1) {
    const log = store.inbox(actorId(i))
    const { tip } = await log.bounds()
    // Every second log loses a random part of its past: dead and live records lie side by side in each segment.
    if (i % 2 === 0) await log.trim({ before: 1 + random(tip + 1) })
    const { first } = await log.bounds()
    kept += (tip - first + 1) * PAYLOAD_BYTES
  }
  await store.flushIndex()
  process.stderr.write(`${grouped(records)} records in, ${mebibytes(kept)} MiB of payload left of them\n`)
  const idle = await waits(store, () => sleep(IDLE_MS))
  kept += idle.appends * PAYLOAD_BYTES
  const rows = []
  for (const deadShareMin of thresholds) {
    /** @type {import('twinlog').CompactReport | undefined} */
    let report
    const started = performance.now()
    const busy = await waits(store, async () => {
      report = await store.compact({ deadShareMin, bytesPerSecond })
    })
    if (report === undefined) throw new Error('no report')
    rows.push({ deadShareMin, ...report, ...busy, seconds: (performance.now() - started) / 1000, kept })
    kept += busy.appends * PAYLOAD_BYTES
    process.stderr.write(`threshold ${deadShareMin}: ${report.rewritten} of ${report.segments} segments\n`)
  }
  await store.close()
  print(idle, rows)
}

/**
 * @param {import('twinlog').Store} store
 * @param {string} actor
 * @param {number} i
 */
function append(store, actor, i) {
  return store.inbox(actor).appendBytes(Buffer.from(textOf(i, PAYLOAD_BYTES)))
}

/**
 * How long appends wait for their acknowledgement while `work` runs.
 * @param {import('twinlog').Store} store
 * @param {() => Promise<unknown>} work
 */
async function waits(store, work) {
  const waited = /** @type {number[]} */ ([])
  const done = new AbortController()
  const worker = async () => {
    for (let i = 0; !done.signal.aborted; i += 1) {
      const asked = performance.now()
      await append(store, 'appender', i)
      waited.push(performance.now() - asked)
    }
  }
  const workers = Array.from({ length: WIDTH }, worker)
  try {
    await work()
  } finally {
    done.abort()
  }
  await Promise.all(workers)
  waited.sort((a, b) => a - b)
  return { appends: waited.length, p99Ms: waited[Math.floor(waited.length * 0.99)] ?? 0, slowestMs: waited.at(-1) ?? 0 }
}

/**
 * @param {{ p99Ms: number, slowestMs: number }} idle
 * @param {readonly (import('twinlog').CompactReport & { deadShareMin: number, seconds: number, kept: number, p99Ms: number, slowestMs: number })[]} rows
 */
function print(idle, rows) {
  if (options.json) return console.log(JSON.stringify({ node: process.version, records, idle, rows }, null, 2))
  const ms = (/** @type {number} */ value) => `${value.toFixed(1)} ms`
  const header = [
    'dead at least',
    'segments',
    'MiB before',
    'MiB after',
    'amplification',
    '(after)',
    'written a byte freed',
    'seconds',
    'ack p99',
    'slowest',
  ]
  const cells = rows.map(row => {
    const freed = row.bytesBefore - row.bytesAfter
    return [
      `${row.deadShareMin * 100} %`,
      `${row.rewritten} of ${row.segments}`,
      mebibytes(row.bytesBefore),
      mebibytes(row.bytesAfter),
      (row.bytesBefore / row.kept).toFixed(2),
      (row.bytesAfter / row.kept).toFixed(2),
      freed > 0 ? (row.bytesWritten / freed).toFixed(2) : '–',
      row.seconds.toFixed(1),
      ms(row.p99Ms),
      ms(row.slowestMs),
    ]
  })
  console.log(table(header, cells))
  console.log(
    `\nIdle: ack p99 ${ms(idle.p99Ms)}, slowest ${ms(idle.slowestMs)}; ${WIDTH} appends at once, in the same run.`,
  )
  console.log('Amplification: bytes of the segment files, by the payload bytes of the records that are there.')
}
