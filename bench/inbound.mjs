// `npm run bench:inbound`: verified deliveries, side by side with bare `crypto.verify` of the same key over the same
// bodies. A delivery is all of it: headers, digest, JSON, signature, ownership, and the durable append. Only the ratios
// mean anything: both take turns, within seconds, on the same machine.
//
//   --quick    fewer rounds, fewer deliveries      --json   print JSON
//   --only T   only shapes whose name holds T      --dir D  work in D instead of the system's temporary folder
//   --rounds N, --deliveries N   so many
import { createPublicKey, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createInbound, open, signedDelivery, testKeys, testPeer } from './twinlog.mjs'
import { grouped, median, table } from './table.mjs'
import { actorId, inParallel, textOf } from './workload.mjs'

const WIDTH = 64
const CONTENT_BYTES = 1024
const BARE_BODIES = 64
const TARGET = 0.8
const ORIGIN = 'https://social.example.com'

/**
 * @typedef {object} Shape
 * @property {string} name
 * @property {import('twinlog/testing').TestPeer} from
 * @property {readonly import('twinlog').Delivery[]} deliveries
 * @property {readonly { body: Uint8Array, signature: Uint8Array }[]} bare
 *
 * @typedef {object} Run
 * @property {number} perSecond
 * @property {number} cpuUs processor time of each, all threads
 * @property {number} mainUs that of the main thread alone: what one process can't do two of at a time
 * @property {number} p99Ms of the verdicts
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    dir: { type: 'string', default: tmpdir() },
    rounds: { type: 'string' },
    deliveries: { type: 'string' },
  },
})

const rounds = Number(options.rounds ?? (options.quick ? 3 : 9))
const count = Number(options.deliveries ?? (options.quick ? 1500 : 6000))
const shapes = /** @type {const} */ (['rsa', 'ed25519'])
  .flatMap(key => /** @type {const} */ (['cavage', 'rfc9421']).map(form => ({ key, form, name: nameOf(key, form) })))
  .filter(({ name }) => name.includes(options.only))
  .map(shapeOf)

const folder = await mkdtemp(join(options.dir, 'twinlog-bench-'))
/** How many inboxes there have been: each run delivers into one of its own, so that nothing is a duplicate. */
let inboxes = 0
let readBack = 0
try {
  await main()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function main() {
  const store = await open(join(folder, 'store'))
  for (const { from } of shapes) await store.peers.store(from.peer)
  const measured = shapes.map(shape => ({ shape, bare: /** @type {Run[]} */ ([]), twinlog: /** @type {Run[]} */ ([]) }))
  // What the first round pays for once is not counted: compiling, and parsing the keys.
  for (const { shape } of measured) {
    runBare(shape)
    await runTwinlog(shape, store)
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { shape, bare, twinlog } of measured) {
      if (round % 2 === 0) bare.push(runBare(shape))
      twinlog.push(await runTwinlog(shape, store))
      if (round % 2 === 1) bare.push(runBare(shape))
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  await store.close()
  print(measured.map(({ shape, bare, twinlog }) => summary(shape, bare, twinlog)))
}

/**
 * @param {'rsa' | 'ed25519'} key
 * @param {'cavage' | 'rfc9421'} form
 */
function nameOf(key, form) {
  return `${form}, ${key === 'rsa' ? 'RSA-2048' : 'Ed25519'}`
}

/**
 * Everything that senders do, done beforehand.
 * @param {{ key: 'rsa' | 'ed25519', form: 'cavage' | 'rfc9421', name: string }} shape
 * @returns {Shape}
 */
function shapeOf({ key, form, name }) {
  const from = testPeer(`https://remote.example.net/users/${key}-${form}`, { privateKey: testKeys[key] })
  const deliveries = Array.from({ length: count }, (_, i) =>
    signedDelivery({ from, to: `${ORIGIN}/inbox`, activity: activityOf(from.id, i), form }),
  )
  const bare = deliveries.slice(0, BARE_BODIES).map(({ body }) => {
    return { body, signature: sign(key === 'rsa' ? 'sha256' : null, body, from.privateKey) }
  })
  return { name, from, deliveries, bare }
}

/**
 * @param {string} actor
 * @param {number} i
 */
function activityOf(actor, i) {
  const id = `${actor}/statuses/${i}`
  const [to, cc] = [['https://www.w3.org/ns/activitystreams#Public'], [`${actor}/followers`]]
  const published = '2026-01-01T00:00:00Z'
  const content = `<p>${textOf(i, CONTENT_BYTES)}</p>`
  const object = { id, type: 'Note', published, url: id, attributedTo: actor, to, cc, sensitive: false, content }
  const context = ['https://www.w3.org/ns/activitystreams', { sensitive: 'as:sensitive' }]
  return { '@context': context, id: `${id}/activity`, type: 'Create', actor, published, to, cc, object }
}

/**
 * @param {Shape} shape
 * @param {import('twinlog').HostStore} store
 * @returns {Promise<Run>}
 */
async function runTwinlog({ name, deliveries }, store) {
  const owner = actorId(inboxes++)
  await store.actors.add(owner)
  await store.flushIndex()
  const fetchPeer = () => new Error('the cache is warm: nothing is to be fetched')
  const inbound = createInbound({ store, origin: ORIGIN, fetchPeer, route: () => [owner] })
  const waits = new Float64Array(count)
  const before = timesNow()
  await inParallel(count, WIDTH, async i => {
    const asked = performance.now()
    const verdict = await inbound.receive(deliveryAt(deliveries, i))
    if (verdict.code !== 'accepted') throw new Error(`${name}: delivery ${i} was ${verdict.code}`)
    waits[i] = performance.now() - asked
  })
  const run = { ...rateSince(before), p99Ms: waits.toSorted()[Math.floor(count * 0.99)] ?? 0 }
  await assertAllRead(store.inbox(owner), deliveries)
  return run
}

/**
 * @param {Shape} shape
 * @returns {Run}
 */
function runBare({ name, from, bare }) {
  const [key] = from.peer.keys
  if (key === undefined) throw new Error('no key')
  const algorithm = key.algorithm === 'rsa' ? 'sha256' : null
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  const before = timesNow()
  for (let i = 0; i < count; i += 1) {
    const { body, signature } = bare[i % bare.length] ?? {}
    if (body === undefined || signature === undefined || !verify(algorithm, body, publicKey, signature)) {
      throw new Error(`${name}: no valid signature`)
    }
  }
  return { ...rateSince(before), p99Ms: 0 }
}

function timesNow() {
  const { user, system } = process.cpuUsage()
  return { wallMs: performance.now(), cpuUs: user + system, mainUs: mainThreadUs() }
}

/** @param {ReturnType<typeof timesNow>} before */
function rateSince(before) {
  const now = timesNow()
  return {
    perSecond: (count / (now.wallMs - before.wallMs)) * 1000,
    cpuUs: (now.cpuUs - before.cpuUs) / count,
    mainUs: (now.mainUs - before.mainUs) / count,
  }
}

/** Processor time of the main thread, which only Linux tells; elsewhere no number. */
function mainThreadUs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1000
  } catch {
    return Number.NaN
  }
}

/**
 * Every delivery is in the inbox once, byte by byte.
 * @param {import('twinlog').Log} inbox
 * @param {readonly import('twinlog').Delivery[]} deliveries
 */
async function assertAllRead(inbox, deliveries) {
  const missing = new Map(deliveries.map(({ body }) => [Buffer.from(body).toString('latin1'), true]))
  let records = 0
  for await (const { bytes } of inbox.read()) {
    records += 1
    if (!missing.delete(Buffer.from(bytes).toString('latin1'))) throw new Error('a record that nobody delivered')
  }
  if (missing.size > 0 || records !== deliveries.length) throw new Error(`${missing.size} deliveries are not there`)
  readBack += records
}

/**
 * @param {readonly import('twinlog').Delivery[]} deliveries
 * @param {number} i
 */
function deliveryAt(deliveries, i) {
  const delivery = deliveries[i]
  if (delivery === undefined) throw new Error('no delivery')
  return delivery
}

/**
 * @param {Shape} shape
 * @param {readonly Run[]} bare
 * @param {readonly Run[]} twinlog
 */
function summary({ name }, bare, twinlog) {
  const middle = (/** @type {readonly Run[]} */ runs, /** @type {keyof Run} */ of) => median(runs.map(run => run[of]))
  /** Each of two runs side by side. */
  const ratios = twinlog.map((run, i) => run.perSecond / (bare[i]?.perSecond ?? Number.NaN))
  return {
    name,
    twinlogPerSecond: middle(twinlog, 'perSecond'),
    barePerSecond: middle(bare, 'perSecond'),
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    // With cores free for everything else, the main thread is what is left to wait for.
    ratioBound: middle(bare, 'cpuUs') / middle(twinlog, 'mainUs'),
    p99Ms: middle(twinlog, 'p99Ms'),
    cpuUs: middle(twinlog, 'cpuUs'),
    mainUs: middle(twinlog, 'mainUs'),
    bareCpuUs: middle(bare, 'cpuUs'),
  }
}

/** @param {readonly ReturnType<typeof summary>[]} rows */
function print(rows) {
  const bodyBytes = median(shapes.flatMap(({ deliveries }) => deliveries.map(({ body }) => body.byteLength)))
  if (options.json) {
    const facts = { node: process.version, rounds, deliveries: count, bodyBytes, readBack, target: TARGET }
    return console.log(JSON.stringify({ ...facts, rows }, null, 2))
  }
  const header = [
    `deliveries of ${grouped(bodyBytes)} bytes`,
    'twinlog/s',
    'crypto.verify/s',
    'ratio',
    'spread',
    'at most',
    'verdict p99',
    'CPU a delivery',
    '(main thread)',
    '(verify)',
  ]
  const cells = rows.map(row => [
    row.name,
    grouped(row.twinlogPerSecond),
    grouped(row.barePerSecond),
    row.ratio.toFixed(2),
    `${row.ratioMin.toFixed(2)}–${row.ratioMax.toFixed(2)}`,
    Number.isNaN(row.ratioBound) ? '–' : row.ratioBound.toFixed(2),
    `${row.p99Ms.toFixed(1)} ms`,
    ...[row.cpuUs, row.mainUs, row.bareCpuUs].map(us => (Number.isNaN(us) ? '–' : `${us.toFixed(1)} µs`)),
  ])
  console.log(
    `${table(header, cells)}\n\nMedians of ${rounds} rounds, ${WIDTH} deliveries at once; the ratio's target is ${TARGET}. ` +
      `At most: what the main thread's own time allows on idle cores. ` +
      `All ${grouped(readBack)} deliveries were read back.`,
  )
}
