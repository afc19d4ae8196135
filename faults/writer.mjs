/**
 * The process that is traced, killed, or given errors: writes to a store and says on its standard output, a line each, what
 * was acknowledged the moment it was. What it says is what oracle.mjs holds the store to.
 *
 *   node writer.mjs <dist> <store> <first number> <waves>
 *
 * Halfway, or after an error, it closes and opens again. After an error it first goes on for a wave, to see that the store
 * refuses.
 */
import { unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bodyOf, CLOSING_MARK, codeOf, isFlush, keyOf, OPEN_OPTIONS, TRIMMED, WRITER } from './oracle.mjs'

const WAVE = 10
const [dist = '', path = '', start = '1', waves = '10'] = process.argv.slice(2)
/** @type {import('./oracle.mjs').Engine} */
const engine = await import(pathToFileURL(join(dist, 'index.js')).href)

/** @param {import('./oracle.mjs').Event} event */
const say = event => void writeSync(1, `${JSON.stringify(event)}\n`)

/**
 * @param {import('./oracle.mjs').HostStore} store
 * @param {number} n
 */
async function write(store, n) {
  try {
    const [inbox, outbox] = [store.inbox(WRITER), store.outbox(WRITER)]
    const [value, options] = [bodyOf(n), { key: keyOf(n) }]
    if (isFlush(n)) {
      const results = await store.append([inbox, outbox].map(log => ({ log, value, ...options })))
      say({ t: 'flush', n, seqs: [results[0]?.seq ?? 0, results[1]?.seq ?? 0] })
      return true
    }
    const log = n % 2 === 0 ? inbox : outbox
    const { seq } = await log.append(value, options)
    say({ t: 'append', log: log.box, n, seq })
    return true
  } catch (error) {
    say({ t: 'refused', n, code: codeOf(error) })
    return false
  }
}

/**
 * What a host does now and then. Errors count like those of appends.
 * @param {import('./oracle.mjs').HostStore} store
 * @param {number} wave
 */
async function other(store, wave) {
  try {
    if (wave % 3 === 0) {
      const { seq } = await store.inbox(TRIMMED).append({ wave })
      const { first } = await store.inbox(TRIMMED).trim({ before: seq })
      say({ t: 'trim', first })
    }
    if (wave % 4 === 1) {
      const id = `passing ${start} ${wave}`
      await store.actors.add(id)
      say({ t: 'actor', id })
      await store.actors.remove(id)
      say({ t: 'removed', id })
    }
    if (wave % 5 === 2) await store.flushIndex()
    return true
  } catch (error) {
    say({ t: 'refused', n: 0, code: codeOf(error) })
    return false
  }
}

/** Null when it can't be opened. */
async function opened() {
  try {
    const store = await engine.open(path, OPEN_OPTIONS)
    say({ t: 'opened' })
    for (const id of [WRITER, TRIMMED]) {
      if ((await store.actors.status(id)) === 'active') continue
      try {
        await store.actors.add(id)
        say({ t: 'actor', id })
      } catch (error) {
        say({ t: 'refused', n: 0, code: codeOf(error) })
      }
    }
    return store
  } catch (error) {
    say({ t: 'failed', what: 'open', code: codeOf(error) })
    return null
  }
}

/** @param {import('./oracle.mjs').HostStore} store */
async function closed(store) {
  say({ t: 'state', state: store.stats().state })
  try {
    unlinkSync(path + CLOSING_MARK)
  } catch {
    // It is not there.
  }
  try {
    await store.close()
    say({ t: 'closed' })
  } catch (error) {
    say({ t: 'failed', what: 'close', code: codeOf(error) })
  }
}

/**
 * Waves of appends, until `last` or the first refusal; returns the number to go on with.
 * @param {import('./oracle.mjs').HostStore} store
 * @param {number} first
 * @param {number} last
 */
async function work(store, first, last) {
  let isSound = true
  for (let n = first; n < last; n += WAVE) {
    const wave = Array.from({ length: WAVE }, (_, i) => write(store, n + i))
    const all = await Promise.all([...wave, other(store, Math.floor(n / WAVE))])
    if (!isSound) return n + WAVE
    isSound = all.every(Boolean)
  }
  return last
}

const first = Number(start)
const last = first + Number(waves) * WAVE
const half = first + Math.floor(Number(waves) / 2) * WAVE
let next = first
let store = await opened()
if (store !== null) {
  next = await work(store, first, half)
  await closed(store)
}
store = await opened()
if (store !== null) {
  await work(store, next, last)
  await closed(store)
}
