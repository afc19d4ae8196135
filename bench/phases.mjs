// One phase of a workload in a process of its own: `node phases.mjs <order as JSON>`. Writes its report into the file that
// the order names.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { logPicker } from './distributions.mjs'
import { Ledger } from './ledger.mjs'
import { decoded, keyAt, payloadAt, payloadsOf } from './payloads.mjs'
import { storeNamed } from './stores/all.mjs'
import { timed, Waits } from './timing.mjs'
import { inParallel, randomFrom } from './workload.mjs'

/** Fewer than there are payloads, so all of a batch differ: twinlog would store a body once that several of its items share. */
const BATCH = 250
const WIDTH = 64
const FLOOD_WIDTH = 1000
const PAGE = 20
const TIPS_MAX = 10_000
const SAMPLE_MS = 250
const STALL_RESOLUTION_MS = 1

/**
 * @typedef {object} Task
 * @property {string} store
 * @property {string} directory
 * @property {number} logs
 * @property {number} records how many there are, or shall be
 * @property {number} [tail] appended before the process kills itself
 * @property {number} [ms] of each measurement
 * @property {boolean} [isKeyed]
 * @property {boolean} [isKilled]
 * @property {number} [secondsMax]
 * @property {number} [seed]
 * @property {string} report
 *
 * @typedef {{ name: keyof typeof phases, task: Task }} Order
 * @typedef {{ [Name in keyof typeof phases]: Awaited<ReturnType<typeof phases[Name]>> }} Reports
 */

const phases = { fill, measure, reopen, sustain }

const { name, task } = /** @type {Order} */ (JSON.parse(process.argv[2] ?? ''))
report(await phases[name](task))

/**
 * Likes in buffered batches, to logs chosen uniformly.
 * @param {Task} given
 */
async function fill({ store: storeName, directory, logs, records }) {
  const store = await storeNamed(storeName).open(directory, { durability: 'os' })
  await store.prepareLogs(logs)
  const pick = logPicker('uniform', logs, 1)
  const pool = payloadsOf('like')
  for (let made = 0; made < records; made += BATCH) {
    const length = Math.min(BATCH, records - made)
    await store.appendMany(Array.from({ length }, (_, i) => ({ log: pick(), payload: payloadAt(pool, made + i) })))
  }
  await store.close()
  return {}
}

/**
 * Opens what was closed, measures, floods the store, and dies.
 * @param {Task} given
 */
async function measure({ store: storeName, directory, logs, records, tail = 0, ms = 1, seed = 1 }) {
  const { store, openMs } = await opened(storeName, directory)
  const tips = await timeTips(store, logs, records)
  const random = randomFrom(seed)
  const page = await timedWarm(ms, async () => {
    for (const item of await store.page(random(logs), PAGE)) decoded(item)
  })
  const get = await timedWarm(ms, async () => {
    const log = random(logs)
    const tip = await store.tip(log)
    if (tip > 0) await store.get(log, 1 + random(tip))
  })
  const pool = payloadsOf('like')
  const pick = logPicker('uniform', logs, seed)
  const append = await timed({ ms, width: WIDTH, countMax: records }, i => store.append(pick(), payloadAt(pool, i)))
  await inParallel(tail, FLOOD_WIDTH, i => store.append(pick(), payloadAt(pool, i)))
  const found = {
    openMs,
    ...tips,
    pageUs: 1e6 / page.perSecond,
    getUs: 1e6 / get.perSecond,
    appendUs: 1e6 / append.perSecond,
    appendCpuUs: append.facts['cpuUs'] ?? 0,
    records: records + append.count + tail,
  }
  report(found)
  process.kill(process.pid, 'SIGKILL')
  return found
}

/**
 * One after the other, once the process has compiled what it runs: that has nothing to do with a store's size.
 * @param {number} ms
 * @param {() => Promise<void>} run
 */
async function timedWarm(ms, run) {
  await timed({ ms, width: 1 }, run)
  return timed({ ms, width: 1 }, run)
}

/**
 * Opens, and looks whether all is there.
 * @param {Task} given
 */
async function reopen({ store: storeName, directory, logs, records }) {
  const { store, openMs } = await opened(storeName, directory)
  let sum = 0
  for (let log = 0; log < logs; log += 1) sum += await store.tip(log)
  if (sum !== records) throw new Error(`${sum} records are there, and ${records} were acknowledged`)
  await store.close()
  return { openMs }
}

/**
 * A load of durable appends, 1,000 at once, and what it costs.
 * @param {Task} given
 */
async function sustain({ store: storeName, directory, logs, records, isKeyed = false, secondsMax = Infinity }) {
  const store = await storeNamed(storeName).open(directory, { durability: 'disk' })
  await store.prepareLogs(logs)
  await store.settle()
  const pool = payloadsOf('note')
  const pick = logPicker('uniform', logs, 1)
  const ledger = new Ledger()
  const waits = new Waits()
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  let anonymousMost = anonymousBytes()
  const sampling = setInterval(() => (anonymousMost = Math.max(anonymousMost, anonymousBytes())), SAMPLE_MS)
  delay.enable()
  const writtenBefore = writtenBytes()
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  const end = started + secondsMax * 1000
  let done = 0
  await inParallel(records, FLOOD_WIDTH, async i => {
    const asked = performance.now()
    if (asked > end) return
    const log = pick()
    const payload = payloadAt(pool, i)
    const seq = await store.append(log, payload, isKeyed ? keyAt(i) : undefined)
    waits.add(performance.now() - asked)
    ledger.note(log, seq, payload)
    done += 1
  })
  const appendSeconds = (performance.now() - started) / 1000
  delay.disable()
  const beforeVerify = performance.now()
  const readBack = await ledger.verify(store)
  const verifySeconds = (performance.now() - beforeVerify) / 1000
  await store.close()
  const allSeconds = (performance.now() - started) / 1000 - verifySeconds
  clearInterval(sampling)
  const cpu = process.cpuUsage(cpuBefore)
  const written = writtenBytes()
  const payloadBytes = done * (pool[0]?.length ?? 0)
  return {
    done,
    readBack,
    perSecond: done / appendSeconds,
    perSecondClosed: done / allSeconds,
    ...waits.percentiles(),
    stallMs: Math.max(0, delay.max / 1e6 - STALL_RESOLUTION_MS),
    stallP99Ms: Math.max(0, delay.percentile(99) / 1e6 - STALL_RESOLUTION_MS),
    cpuUs: (cpu.user + cpu.system) / done,
    writtenTimes: written === null || writtenBefore === null ? Number.NaN : (written - writtenBefore) / payloadBytes,
    diskTimes: bytesBelow(directory) / payloadBytes,
    memoryMiB: anonymousMost / 2 ** 20,
  }
}

/**
 * Open until the first page of a log was read: what a store puts off until then counts.
 * @param {string} storeName
 * @param {string} directory
 */
async function opened(storeName, directory) {
  const { open } = storeNamed(storeName)
  // What loading modules and making payloads has left is nobody's opening.
  globalThis.gc?.()
  const started = performance.now()
  const store = await open(directory, { durability: 'disk' })
  await store.tip(0)
  await store.page(0, PAGE)
  return { store, openMs: performance.now() - started }
}

/**
 * @param {import('./stores/all.mjs').OpenStore} store
 * @param {number} logs
 * @param {number} records
 */
async function timeTips(store, logs, records) {
  let sum = 0
  const count = Math.min(logs, TIPS_MAX)
  const started = performance.now()
  await inParallel(count, FLOOD_WIDTH, async log => {
    const tip = await store.tip(log)
    sum += tip
  })
  const tipsMs = performance.now() - started
  for (let log = count; log < logs; log += 1) sum += await store.tip(log)
  if (sum !== records) throw new Error(`${sum} records are there, and ${records} were appended`)
  return { tipsMs, tipUs: (tipsMs * 1000) / count }
}

/** What this process alone has in memory: not the pages of mapped files, which the system can drop. */
function anonymousBytes() {
  if (process.platform !== 'linux') return process.memoryUsage.rss()
  return 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)
}

/** Bytes that this process has had written to disk, or `null` where the system does not tell. */
function writtenBytes() {
  try {
    return Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  } catch {
    return null
  }
}

/** @param {string} directory */
function bytesBelow(directory) {
  let bytes = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512
  }
  return bytes
}

/** @param {object} found */
function report(found) {
  writeFileSync(task.report, JSON.stringify(found))
}
