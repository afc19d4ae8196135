/**
 * Locks and lifecycle: whoever opens a store that is open, by whatever way, is LOCKED; an owner that ends in whatever way
 * lets go; files that are missing are noticed, or made again without a loss.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { Worker } from 'node:worker_threads'
import { here, run } from '../needs.mjs'
import { bodyOf, codeOf, keyOf, lossesAt, OPEN_OPTIONS, WRITER } from '../oracle.mjs'

const owner = join(here, 'owner.mjs')
const RECORDS = 60

/**
 * @typedef {import('../oracle.mjs').Event} Event
 * @typedef {import('../suite.mjs').Context} Context
 * @typedef {(context: Context, path: string) => Promise<readonly string[]>} Case what went wrong
 */

/** @type {import('../suite.mjs').Suite} */
export const lifecycle = {
  name: 'lifecycle',
  tried: 'cases',
  count: { short: 1, long: 50, planted: 1 },
  async run(context) {
    for (let round = 0; round < context.count; round += 1) {
      for (const [name, attempt] of Object.entries(cases)) {
        const path = join(context.folder, `store ${round} ${name}`)
        try {
          for (const loss of await attempt(context, path)) context.lose(`${name}: ${loss}`)
        } catch (error) {
          context.lose(`${name}: ${error instanceof Error ? error.stack : codeOf(error)}`)
        }
        context.tried()
        rmSync(path, { recursive: true, force: true })
      }
    }
  },
}

/**
 * @param {Context} context
 * @param {string} path
 */
async function made({ engine }, path) {
  const store = await engine.open(path, OPEN_OPTIONS)
  await store.actors.add(WRITER)
  await store.peers.store({ id: 'https://remote.example/users/bob', keys: [], fetchedAt: 0 })
  /** @type {Event[]} */
  const events = [{ t: 'actor', id: WRITER }]
  for (let n = 1; n < RECORDS; n += 1) {
    if (n % 5 === 0) continue
    const { seq } = await store.inbox(WRITER).append(bodyOf(n), { key: keyOf(n) })
    events.push({ t: 'append', log: 'inbox', n, seq })
  }
  return { store, events }
}

/**
 * Somebody opens in another way what is open: must be LOCKED, and the owner must be none the worse.
 * @param {(context: Context, path: string) => Promise<string>} attempt
 * @returns {Case}
 */
function refused(attempt) {
  return async (context, path) => {
    const { store, events } = await made(context, path)
    // Twice: a first attempt may leave the owner without its lock.
    const codes = [await attempt(context, path), await attempt(context, path), await inProcess(context, path)]
    const { seq } = await store.inbox(WRITER).append(bodyOf(RECORDS + 1), { key: keyOf(RECORDS + 1) })
    events.push({ t: 'append', log: 'inbox', n: RECORDS + 1, seq })
    await store.close()
    const wrong = codes.filter(code => code !== 'LOCKED').map(code => `not LOCKED but ${code}`)
    return [...wrong, ...(await lossesAt(context.engine, path, events))]
  }
}

/** @param {Context} context @param {string} path */
async function openHere({ engine }, path) {
  try {
    const store = await engine.open(path, OPEN_OPTIONS)
    await store.close()
    return 'opened'
  } catch (error) {
    return codeOf(error)
  }
}

/** @param {Context} context @param {string} path */
async function inProcess({ dist }, path) {
  const child = fork(owner, [dist, path], { stdio: 'inherit' })
  const [said] = await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'close')
  return String(said)
}

/** @param {Context} context @param {string} path */
async function inWorker({ dist }, path) {
  const worker = new Worker(owner, { workerData: [dist, path] })
  const [said] = await once(worker, 'message')
  await worker.terminate()
  return String(said)
}

/** @param {Context} context @param {string} path */
async function bySymlink(context, path) {
  const link = `${path} link`
  rmSync(link, { force: true })
  symlinkSync(path, link)
  const codes = [await openHere(context, link), await inProcess(context, link)]
  rmSync(link)
  return codes.find(code => code !== 'LOCKED') ?? 'LOCKED'
}

/** @param {Context} context @param {string} path */
async function byBindMount(context, path) {
  const mounted = `${path} mounted`
  mkdirSync(mounted, { recursive: true })
  run('mount', ['--bind', path, mounted])
  try {
    const codes = [
      await openHere(context, mounted),
      await inProcess(context, mounted),
      await inWorker(context, mounted),
    ]
    return codes.find(code => code !== 'LOCKED') ?? 'LOCKED'
  } finally {
    run('umount', ['--lazy', mounted])
  }
}

/**
 * An owner ends without closing: the next one opens, and has everything.
 * @param {(context: Context, path: string) => Promise<Event[]>} end
 * @returns {Case}
 */
function letsGo(end) {
  return async (context, path) => {
    const events = await end(context, path)
    if (events.length === 0) return ['the owner said nothing']
    return lossesAt(context.engine, path, events)
  }
}

/**
 * @param {string} how
 * @param {(child: import('node:child_process').ChildProcess) => void} onSaid
 */
function ownerProcess(how, onSaid) {
  return async (/** @type {Context} */ { dist }, /** @type {string} */ path) => {
    const child = fork(owner, [dist, path, how], { stdio: 'inherit' })
    /** @type {Event[]} */
    const events = []
    child.on('message', message => {
      if (typeof message === 'object') events.push(/** @type {Event} */ (message))
      if (events.length > 20) onSaid(child)
    })
    await once(child, 'close')
    return events
  }
}

/** @param {Context} context @param {string} path */
async function terminatedWorker({ dist }, path) {
  const worker = new Worker(owner, { workerData: [dist, path, 'append'] })
  /** @type {Event[]} */
  const events = []
  await new Promise(resolve => {
    worker.on('message', message => {
      if (typeof message === 'object') events.push(message)
      if (events.length > 20) resolve(null)
    })
  })
  await worker.terminate()
  return events
}

/**
 * A file is gone or cut: opening says `code`; with null it opens, and has everything.
 * @param {(path: string) => void} damage
 * @param {string | null} code
 * @returns {Case}
 */
function damaged(damage, code) {
  return async (context, path) => {
    const { store, events } = await made(context, path)
    await store.flushIndex()
    await store.close()
    damage(path)
    if (code === null) return lossesAt(context.engine, path, events)
    const said = await openHere(context, path)
    return said === code ? [] : [`not ${code} but ${said}`]
  }
}

/** @param {string} path */
const segmentsOf = path =>
  readdirSync(join(path, 'segments'))
    .toSorted()
    .map(name => join(path, 'segments', name))

/** @param {string} path @param {RegExp} pattern */
function removeFromIndex(path, pattern) {
  const folder = join(path, 'index')
  for (const name of readdirSync(folder)) if (pattern.test(name)) rmSync(join(folder, name))
}

/** @type {Readonly<Record<string, Case>>} */
const cases = {
  'a second open': refused(openHere),
  'a path with a slash behind': refused((context, path) => openHere(context, `${path}/`)),
  'a path with dots': refused((context, path) => openHere(context, join(path, '..', '.', basename(path)))),
  'a relative path': refused((context, path) => openHere(context, relative(process.cwd(), path))),
  'a folder inside that leads back': refused((context, path) => openHere(context, `${path}/segments/..`)),
  'a symbolic link': refused(bySymlink),
  'a bind mount': refused(byBindMount),
  'another process': refused(inProcess),
  'a worker': refused(inWorker),
  'a lock file that somebody reads and copies': refused(async (context, path) => {
    readFileSync(join(path, 'lock'))
    cpSync(join(path, 'lock'), `${path} copied lock`)
    rmSync(`${path} copied lock`)
    return inProcess(context, path)
  }),
  'opened fifty times in a row': async (context, path) => {
    const { store, events } = await made(context, path)
    await store.close()
    for (let i = 0; i < 50; i += 1) {
      const said = await openHere(context, path)
      if (said !== 'opened') return [`time ${i}: ${said}`]
    }
    return lossesAt(context.engine, path, events)
  },
  'closed twice, with appends on their way': async (context, path) => {
    const { store, events } = await made(context, path)
    const late = store.inbox(WRITER).append(bodyOf(RECORDS + 1), { key: keyOf(RECORDS + 1) })
    const closing = [store.close(), store.close()]
    events.push({ t: 'append', log: 'inbox', n: RECORDS + 1, seq: (await late).seq })
    await Promise.all(closing)
    return lossesAt(context.engine, path, events)
  },
  killed: letsGo(ownerProcess('append', child => child.kill('SIGKILL'))),
  terminated: letsGo(ownerProcess('append', child => child.kill('SIGTERM'))),
  'process.exit in the middle of an append': letsGo(ownerProcess('exit', () => {})),
  'a worker terminated in the middle of appends': letsGo(terminatedWorker),
  'no lock file': damaged(path => rmSync(join(path, 'lock')), null),
  'no index': damaged(path => rmSync(join(path, 'index'), { recursive: true }), null),
  'no CURRENT in the index': damaged(path => removeFromIndex(path, /^CURRENT$/), null),
  'no MANIFEST in the index': damaged(path => removeFromIndex(path, /^MANIFEST/), null),
  'no tables in the index': damaged(path => removeFromIndex(path, /\.ldb$/), null),
  'no write-ahead log in the index': damaged(path => removeFromIndex(path, /\.log$/), null),
  'no peers': damaged(path => rmSync(join(path, 'peers'), { recursive: true }), null),
  'no identity': damaged(path => rmSync(join(path, 'twinlog.id')), 'NOT_A_STORE'),
  'half an identity': damaged(path => truncateSync(join(path, 'twinlog.id'), 32), 'CORRUPT'),
  'the last segment is gone': damaged(path => rmSync(segmentsOf(path).at(-1) ?? ''), 'LOG_LOST'),
  'the last segment is cut': damaged(path => truncateSync(segmentsOf(path).at(-1) ?? '', 200), 'LOG_LOST'),
  'a segment in the middle is gone': damaged(path => rmSync(segmentsOf(path)[1] ?? ''), 'LOG_LOST'),
  'all segments are gone': damaged(path => rmSync(dirname(segmentsOf(path)[0] ?? ''), { recursive: true }), 'LOG_LOST'),
}
