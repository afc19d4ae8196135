/**
 * What a store must hold, told from outside of it: writer.mjs says what was acknowledged, this says what is missing, wrong
 * or half there afterwards. Nothing here knows how the store works.
 */
import { isDeepStrictEqual } from 'node:util'

/**
 * One line of the writer's.
 * @typedef {{ t: 'actor' | 'removed', id: string }
 *   | { t: 'append', log: 'inbox' | 'outbox', n: number, seq: number }
 *   | { t: 'flush', n: number, seqs: readonly [number, number] }
 *   | { t: 'trim', first: number }
 *   | { t: 'refused', n: number, code: string }
 *   | { t: 'state', state: string }
 *   | { t: 'opened' | 'closed' }
 *   | { t: 'failed', what: 'open' | 'close', code: string }} Event
 */

/** @typedef {typeof import('twinlog')} Engine */
/** @typedef {import('twinlog').HostStore} HostStore */

export const WRITER = 'writer'
/** A file that never is: trying to remove it marks, among the calls on a store's files, where closing begins. */
export const CLOSING_MARK = '/closing'
/** Whose inbox is trimmed. */
export const TRIMMED = 'trimmed'

/** Some records are larger than a few sectors. */
const LARGE_EVERY = 10
const LARGE_BYTES = 4000
const SMALL_BYTES_MAX = 900

/** @param {number} n */
export const keyOf = n => `key ${n}`

/**
 * What record number `n` of the writer holds.
 * @param {number} n
 */
export const bodyOf = n => ({
  n,
  filling: 'x'.repeat(n % LARGE_EVERY === 3 ? LARGE_BYTES : (n * 997) % SMALL_BYTES_MAX),
})

/** As small as they may be: every few records end a segment. */
export const OPEN_OPTIONS = { segmentBytes: 8192, recentBytes: 0, hotLogs: 16, freeBytesMin: 0 }

/**
 * @param {string} text
 * @returns {Event[]}
 */
export function eventsIn(text) {
  const lines = text.split('\n')
  // A line without its end was never said.
  lines.pop()
  return lines.map(line => /** @type {Event} */ (JSON.parse(line)))
}

/**
 * Opens the store, compares, and sees whether it goes on. Returns what is wrong; nothing is what a promise asks for.
 * @param {Engine} engine
 * @param {string} path
 * @param {readonly Event[]} events
 * @returns {Promise<string[]>}
 */
export async function lossesAt(engine, path, events) {
  let store
  try {
    store = await engine.open(path, OPEN_OPTIONS)
  } catch (error) {
    return [`unopenable: ${codeOf(error)}`]
  }
  try {
    return await lossesIn(store, events)
  } catch (error) {
    return [`unreadable: ${codeOf(error)}`]
  } finally {
    await store.close().catch(() => {})
  }
}

/** @param {unknown} error */
export function codeOf(error) {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

/**
 * @param {HostStore} store
 * @param {readonly Event[]} events
 */
async function lossesIn(store, events) {
  /** @type {string[]} */
  const losses = []
  for (const event of events) {
    if (event.t !== 'actor' && event.t !== 'removed') continue
    const isGone = events.some(other => other.t === 'removed' && other.id === event.id)
    const status = await store.actors.status(event.id)
    if (isGone ? status !== 'removed' : status !== 'active' && event.id === WRITER) {
      losses.push(`lost: ${event.t} ${event.id} is ${status}`)
    }
  }
  const logs = (await store.actors.status(WRITER)) === 'active' ? /** @type {const} */ (['inbox', 'outbox']) : []
  /** @type {Set<number>[]} */
  const flushed = []
  for (const box of logs) {
    const { found, wrong } = await recordsIn(box === 'inbox' ? store.inbox(WRITER) : store.outbox(WRITER))
    losses.push(...wrong)
    for (const { n, seq } of acknowledgedIn(events, box)) {
      if (found.get(seq) !== n) losses.push(`lost: ${box} ${seq} is ${found.get(seq) ?? 'absent'}, not ${n}`)
    }
    flushed.push(new Set([...found.values()].filter(isFlush)))
  }
  const [one, other] = flushed
  if (one !== undefined && other !== undefined && !isDeepStrictEqual(one, other)) losses.push('torn: half of a flush')
  losses.push(...(await trimLosses(store, events)))
  if (losses.length === 0 && logs.length > 0) losses.push(...(await goesOn(store, events)))
  return losses
}

/**
 * Every fifth number goes into both logs at once.
 * @param {number} n
 */
export const isFlush = n => n % 5 === 0

/**
 * @param {readonly Event[]} events
 * @param {'inbox' | 'outbox'} box
 */
function* acknowledgedIn(events, box) {
  for (const event of events) {
    if (event.t === 'append' && event.log === box) yield { n: event.n, seq: event.seq }
    if (event.t === 'flush') yield { n: event.n, seq: event.seqs[box === 'inbox' ? 0 : 1] }
  }
}

/** @param {import('twinlog').Log} log */
async function recordsIn(log) {
  /** @type {Map<number, number>} */
  const found = new Map()
  /** @type {string[]} */
  const wrong = []
  const { first, tip } = await log.bounds()
  let expected = first
  let before = 0
  for await (const { seq, value } of log.read()) {
    if (seq !== expected) wrong.push(`hole: ${log.box} ${expected}..${seq - 1}`)
    expected = seq + 1
    const { n } = /** @type {{ n: number }} */ (value)
    if (!isDeepStrictEqual(value, bodyOf(n))) wrong.push(`wrong: ${log.box} ${seq}`)
    // An earlier look's own.
    if (n === 0) continue
    if (n <= before) wrong.push(`order: ${log.box} ${seq} holds ${n}, after ${before}`)
    before = n
    found.set(seq, n)
  }
  if (expected !== tip + 1) wrong.push(`hole: ${log.box} ${expected}..${tip}`)
  return { found, wrong }
}

/**
 * @param {HostStore} store
 * @param {readonly Event[]} events
 */
async function trimLosses(store, events) {
  const trims = events.flatMap(event => (event.t === 'trim' ? [event.first] : []))
  if (trims.length === 0) return []
  const { first } = await store.inbox(TRIMMED).bounds()
  const asked = Math.max(...trims)
  return first < asked ? [`lost: the trim to ${asked}; first is ${first}`] : []
}

/**
 * The store takes more: the next sequence, and what it already has is known by its key.
 * @param {HostStore} store
 * @param {readonly Event[]} events
 */
async function goesOn(store, events) {
  const inbox = store.inbox(WRITER)
  const last = [...acknowledgedIn(events, 'inbox')].at(-1)
  const tip = (await inbox.tip()) ?? 0
  if (last !== undefined) {
    const again = await inbox.append(bodyOf(last.n), { key: keyOf(last.n) })
    if (!again.duplicate || again.seq !== last.seq) return [`twice: ${last.n} is at ${last.seq} and at ${again.seq}`]
  }
  const { seq } = await inbox.append(bodyOf(0))
  return seq === tip + 1 ? [] : [`order: ${seq} came after ${tip}`]
}
