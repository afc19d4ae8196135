/**
 * The feed beside a bare scan of the same segment files, and cursor moves. `--quick`: fewer records. `--json`: one object
 * for each measurement.
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { open } from 'twinlog'
import { grouped, table } from './table.mjs'

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } })
const records = flags.quick ? 20_000 : 200_000
const moves = flags.quick ? 300 : 3000
const rounds = flags.quick ? 2 : 5
const directory = mkdtempSync(join(tmpdir(), 'twinlog-bench-feed-'))

/**
 * @param {number} count
 * @param {number} started
 */
function perSecond(count, started) {
  return Math.round(count / ((performance.now() - started) / 1000))
}

function scanFiles() {
  const buffer = Buffer.alloc(1024 * 1024)
  const started = performance.now()
  for (const name of readdirSync(join(directory, 'segments'))) {
    const file = openSync(join(directory, 'segments', name), 'r')
    while (readSync(file, buffer, 0, buffer.length, null) > 0);
    closeSync(file)
  }
  return perSecond(records, started)
}

/**
 * @param {import('twinlog').Store} store
 * @param {import('twinlog').FeedOptions} options
 */
async function readFeed(store, options) {
  const started = performance.now()
  let count = 0
  for await (const record of store.feed({ ...options, live: false })) count += record.bytes.length > 0 ? 1 : 0
  return { count, rate: perSecond(records, started) }
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

const rows = []
const best = { bare: 0, feed: 0, filtered: 0 }
for (let round = 0; round < rounds; round += 1) {
  best.bare = Math.max(best.bare, scanFiles())
  best.feed = Math.max(best.feed, (await readFeed(store, {})).rate)
  best.filtered = Math.max(best.filtered, (await readFeed(store, { boxes: ['inbox'] })).rate)
}
rows.push({ what: 'bare scan of the files', perSecond: best.bare, ratio: 1 })
rows.push({ what: 'feed, all records', perSecond: best.feed, ratio: best.feed / best.bare })
rows.push({ what: 'feed, the other box', perSecond: best.filtered, ratio: best.filtered / best.bare })

const cursor = store.cursor('one-by-one')
let started = performance.now()
let moved = 0
for await (const record of cursor.follow({ live: false })) {
  await cursor.acknowledge(record)
  if (++moved === moves) break
}
rows.push({ what: 'cursor moves, one by one', perSecond: perSecond(moved, started), ratio: null })
const many = store.cursor('many')
started = performance.now()
await many.run(() => {}, { live: false, concurrency: 500 })
rows.push({ what: 'records acknowledged, 500 at a time', perSecond: perSecond(records, started), ratio: null })

await store.close()
rmSync(directory, { recursive: true })
if (flags.json) for (const row of rows) console.log(JSON.stringify(row))
else {
  console.log(`${records} records, ${Math.round(bytes / 1024 / 1024)} MiB`)
  const lines = rows.map(({ what, perSecond: rate, ratio }) => [
    what,
    grouped(rate),
    ratio === null ? '' : ratio.toFixed(2),
  ])
  console.log(table(['', 'records/s', 'of the bare scan'], lines))
}
