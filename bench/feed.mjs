/**
 * The feed beside a bare scan of the same segment files, cursor moves, and how long after its append a handler gets a
 * record. `--quick`: fewer records. `--json`: one object for each measurement.
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { open } from './twinlog.mjs'
import { grouped, table } from './table.mjs'

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } })
const records = flags.quick ? 20_000 : 200_000
const moves = flags.quick ? 300 : 3000
const handled = flags.quick ? 500 : 5000
const rounds = flags.quick ? 2 : 5
const directory = mkdtempSync(join(tmpdir(), 'twinlog-bench-feed-'))

/**
 * Records a second, and the processor's time for each, which other work on the machine does not change.
 * @param {number} count @param {() => unknown} run
 */
async function measure(count, run) {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - started) / 1000
  return { perSecond: Math.round(count / seconds), cpuMicroseconds: (user + system) / count }
}

function scanFiles() {
  const buffer = Buffer.alloc(1024 * 1024)
  for (const name of readdirSync(join(directory, 'segments'))) {
    const file = openSync(join(directory, 'segments', name), 'r')
    while (readSync(file, buffer, 0, buffer.length, null) > 0);
    closeSync(file)
  }
}

/** @param {import('twinlog').FeedOptions} options */
async function readFeed(options) {
  let bytesRead = 0
  for await (const record of store.feed({ ...options, live: false })) bytesRead += record.bytes.length
  return bytesRead
}

/** The best of some rounds of each. @param {Record<string, () => unknown>} runs */
async function bestOf(runs) {
  /** @type {Record<string, Awaited<ReturnType<typeof measure>>>} */
  const best = {}
  for (let round = 0; round < rounds; round += 1) {
    for (const [what, run] of Object.entries(runs)) {
      const found = await measure(records, run)
      const { perSecond, cpuMicroseconds } = best[what] ?? found
      best[what] = {
        perSecond: Math.max(perSecond, found.perSecond),
        cpuMicroseconds: Math.min(cpuMicroseconds, found.cpuMicroseconds),
      }
    }
  }
  return Object.entries(best).map(([what, figures]) => ({ what, ...figures }))
}

const store = await open(directory)
const actors = Array.from({ length: 100 }, (_, i) => `https://example.com/users/${i}`)
for (const actor of actors) await store.actors.add(actor)
const body = 'x'.repeat(500)
for (let at = 0; at < records; at += 1000) {
  const some = Array.from({ length: 1000 }, (_, i) =>
    store.outbox(actors[(at + i) % actors.length] ?? '').append({ n: at + i, body }),
  )
  await Promise.all(some)
}
const bytes = readdirSync(join(directory, 'segments')).reduce(
  (sum, name) => sum + statSync(join(directory, 'segments', name)).size,
  0,
)

const rows = await bestOf({
  'bare scan of the files': scanFiles,
  'feed, all records': () => readFeed({}),
  'feed, the other box': () => readFeed({ boxes: ['inbox'] }),
})

const cursor = store.cursor('one-by-one')
const oneByOne = await measure(moves, async () => {
  let moved = 0
  for await (const record of cursor.follow({ live: false })) {
    await cursor.acknowledge(record)
    if (++moved === moves) break
  }
})
rows.push({ what: 'cursor commits, one by one', ...oneByOne })
const many = store.cursor('many')
const together = await measure(records, () => many.run(() => {}, { live: false, concurrency: 500 }))
rows.push({ what: 'records acknowledged, 500 at a time', ...together })

// From before the append, which waits for the disk, to the handler's turn.
const stop = new AbortController()
/** @type {number[]} */
const waits = []
let asked = 0
let onHandled = () => {}
const live = store.cursor('live', { from: 'end' })
await live.status()
const running = live.run(
  () => {
    waits.push(performance.now() - asked)
    onHandled()
  },
  { signal: stop.signal },
)
for (let i = 0; i < handled; i += 1) {
  const isHandled = new Promise(resolve => (onHandled = () => resolve(undefined)))
  asked = performance.now()
  await store.inbox(actors[0] ?? '').append({ i })
  await isHandled
}
stop.abort()
await running
waits.sort((a, b) => a - b)
/** @param {number} share */
const waitAt = share => waits[Math.floor(waits.length * share)] ?? 0
const latency = { what: 'append to handler', p50Ms: waitAt(0.5), p99Ms: waitAt(0.99) }

for (const actor of actors) await store.outbox(actor).redact(1)
rows.push(...(await bestOf({ 'feed, some redacted': () => readFeed({}) })))

await store.close()
rmSync(directory, { recursive: true })
if (flags.json) for (const row of [...rows, latency]) console.log(JSON.stringify(row))
else {
  console.log(`${records} records, ${Math.round(bytes / 1024 / 1024)} MiB`)
  const lines = rows.map(({ what, perSecond, cpuMicroseconds }) => [
    what,
    grouped(perSecond),
    cpuMicroseconds.toFixed(2),
  ])
  console.log(table(['', 'records/s', 'CPU, µs a record'], lines))
  console.log(`append to handler: p50 ${latency.p50Ms.toFixed(2)} ms, p99 ${latency.p99Ms.toFixed(2)} ms`)
}
