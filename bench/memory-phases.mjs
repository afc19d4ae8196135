// One phase of bench/memory.mjs, in a process of its own: `node memory-phases.mjs <order as JSON>`. Writes its report into
// the file that the order names.
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { open } from './twinlog.mjs'
import { actorId, inParallel, randomFrom, textOf } from './workload.mjs'

/** Appends and additions under way at any time. */
const WIDTH = 1000
/** Every other record has a dedupe key. */
const KEYED_EVERY = 2
const TEXT_BYTES = { min: 90, max: 770 }
const READS = 10_000
const FLUSH_RECORDS = 100
/** As many as the store lets wait for its index. */
const TAIL_RECORDS_MAX = 200_000
/** Few enough to stay in memory: appends that wait for look-ups would let the index catch up. */
const TAIL_LOGS = 1000
/** Acknowledged records that are looked for after the kill. */
const WITNESSES = 1000
const STALL_RESOLUTION_MS = 5

/**
 * @typedef {{ directory: string, records: number, actors: number, witnesses?: readonly Witness[], report: string }} Task
 * @typedef {{ log: number, seq: number, id: string }} Witness an acknowledged record
 * @typedef {{ commit: number, records: number }} Commit
 * @typedef {ReturnType<typeof activity>} Activity
 * @typedef {{ name: keyof typeof phases, task: Task }} Order
 * @typedef {{ [Name in keyof typeof phases]: Awaited<ReturnType<typeof phases[Name]>> }} Reports
 */

const phases = { nothing, fill, justOpen, read, crash, recover }

const { name, task } = /** @type {Order} */ (JSON.parse(process.argv[2] ?? ''))
report(await phases[name](task))

/** What Node and the loaded package take without a store. */
async function nothing() {
  return resident()
}

/** @param {Task} given */
async function fill({ directory, records, actors }) {
  const store = await open(directory)
  const startedAdding = performance.now()
  await inParallel(actors, WIDTH, i => store.actors.add(actorId(i)))
  const addMs = performance.now() - startedAdding
  const random = randomFrom(records)
  let slowestMs = 0
  let unindexedMost = 0
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  delay.enable()
  const started = performance.now()
  await inParallel(records, WIDTH, async i => {
    const number = random(2 * actors)
    const value = activity(number, i, random)
    const asked = performance.now()
    await logOf(store, number).append(value, i % KEYED_EVERY === 0 ? { key: value.id } : {})
    slowestMs = Math.max(slowestMs, performance.now() - asked)
    if (i % WIDTH === 0) unindexedMost = Math.max(unindexedMost, store.stats().unindexedChanges)
  })
  const appendMs = performance.now() - started
  delay.disable()
  const startedClosing = performance.now()
  await store.close()
  return {
    addMs,
    appendMs,
    closeMs: performance.now() - startedClosing,
    slowestMs,
    stallMs: Math.max(0, delay.max / 1e6 - STALL_RESOLUTION_MS),
    unindexedMost,
    peakBytes: peakBytes(),
  }
}

/** @param {Task} given */
async function justOpen({ directory }) {
  const { store, openMs } = await opened(directory)
  const memory = resident()
  await store.close()
  return { openMs, ...memory }
}

/**
 * Reads random records and checks that each is of the log it was read from.
 * @param {Task} given
 */
async function read({ directory, actors }) {
  const { store } = await opened(directory)
  const random = randomFrom(3)
  const started = performance.now()
  let done = 0
  while (done < READS) {
    const number = random(2 * actors)
    const log = logOf(store, number)
    const tip = await log.tip()
    if (tip === null) throw new Error(`${log.actor} is not there`)
    if (tip === 0) continue
    /** @type {import('twinlog').LogRecord<Activity> | undefined} */
    const record = await log.get(1 + random(tip))
    if (record?.value.to !== nameOf(number)) throw new Error(`a wrong record in ${nameOf(number)}`)
    done += 1
  }
  const readMs = performance.now() - started
  const memory = resident()
  await store.close()
  return { readMs, ...memory }
}

/**
 * Floods the store with flushes, all asked for at once, so that the index falls behind, and dies when the last one is
 * acknowledged or the index is as far behind as the store allows.
 * @param {Task} given
 */
async function crash({ directory, records }) {
  const store = await open(directory)
  /** @type {Commit[]} */
  const commits = []
  subscribe('twinlog:commit', message => void commits.push(/** @type {Commit} */ (message)))
  const random = randomFrom(records + 1)
  /** @type {Witness[]} */
  const witnesses = []
  const die = () => {
    const { unindexedChanges } = store.stats()
    const last = { unindexedChanges, commits, witnesses: witnesses.slice(-WITNESSES) }
    report(last)
    process.kill(process.pid, 'SIGKILL')
    return last
  }
  const flush = async (/** @type {number} */ i) => {
    const parts = Array.from({ length: FLUSH_RECORDS }, (_, at) => {
      const number = random(TAIL_LOGS)
      return { number, value: activity(number, records + i * FLUSH_RECORDS + at, random) }
    })
    const results = await store.append(parts.map(({ number, value }) => ({ log: logOf(store, number), value })))
    const at = random(FLUSH_RECORDS)
    witnesses.push({ log: parts[at]?.number ?? 0, seq: results[at]?.seq ?? 0, id: parts[at]?.value.id ?? '' })
    if (store.stats().unindexedChanges >= TAIL_RECORDS_MAX) die()
  }
  const flushes = Math.ceil(Math.min(records, TAIL_RECORDS_MAX) / FLUSH_RECORDS)
  await Promise.all(Array.from({ length: flushes }, (_, i) => flush(i)))
  return die()
}

/**
 * Opens after the crash and looks for acknowledged records.
 * @param {Task} given
 */
async function recover({ directory, witnesses = [] }) {
  let replayedCommits = 0
  subscribe('twinlog:open', message => {
    replayedCommits = /** @type {{ replayedCommits: number }} */ (message).replayedCommits
  })
  const { store, openMs } = await opened(directory)
  const memory = resident()
  const peak = peakBytes()
  for (const { log, seq, id } of witnesses) {
    /** @type {import('twinlog').LogRecord<Activity> | undefined} */
    const record = await logOf(store, log).get(seq)
    if (record?.value.id !== id) throw new Error(`an acknowledged record is gone: ${nameOf(log)}, ${seq}`)
  }
  await store.close()
  return { openMs, replayedCommits, peakBytes: peak, ...memory }
}

/** @param {string} directory */
async function opened(directory) {
  const started = performance.now()
  const store = await open(directory)
  return { store, openMs: performance.now() - started }
}

/**
 * @param {import('twinlog').Store} store
 * @param {number} number two for each actor, the even one for its inbox
 */
function logOf(store, number) {
  const actor = actorId(number >> 1)
  return number % 2 === 0 ? store.inbox(actor) : store.outbox(actor)
}

/** @param {number} number */
function nameOf(number) {
  return `${actorId(number >> 1)}/${number % 2 === 0 ? 'inbox' : 'outbox'}`
}

/**
 * About 300 to 1,000 bytes as msgpack.
 * @param {number} log
 * @param {number} i
 * @param {(bound: number) => number} random
 */
function activity(log, i, random) {
  const id = `https://remote.example.net/activities/${i}`
  const content = textOf(i, TEXT_BYTES.min + random(TEXT_BYTES.max - TEXT_BYTES.min))
  const object = { id: `${id}/object`, type: 'Note', content }
  return { id, type: 'Create', actor: 'https://remote.example.net/users/wren', to: nameOf(log), object }
}

/** `fileBytes`: pages of mapped files (the program, LevelDB's tables), which the system can drop; 0 if it does not tell. */
function resident() {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const fileKib = Number(/^RssFile:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  return { residentBytes: process.memoryUsage.rss(), fileBytes: fileKib * 1024 }
}

function peakBytes() {
  return process.resourceUsage().maxRSS * 1024
}

/** @param {object} found */
function report(found) {
  writeFileSync(task.report, JSON.stringify(found))
}
