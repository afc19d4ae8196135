/**
 * A disk that is really full: a small file system in memory, filled by somebody else at some moment. With a watermark,
 * appends are LOW_SPACE before anything breaks, and trims, removals, closing and opening go through without one free byte.
 * Without a watermark a write fails, and nothing that was acknowledged is lost. When there is room again, all goes on.
 */
import { appendFileSync, mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { randomFrom } from '../../bench/workload.mjs'
import { run } from '../needs.mjs'
import { bodyOf, codeOf, keyOf, lossesAt, OPEN_OPTIONS, TRIMMED, WRITER } from '../oracle.mjs'

const MIB = 1024 * 1024
const DISK_MIB = 24
const WATERMARK = 4 * MIB
const RETRY_MS = 50
const WAIT_MS_MAX = 10_000

/**
 * @typedef {import('../oracle.mjs').Event} Event
 * @typedef {import('../oracle.mjs').HostStore} HostStore
 * @typedef {{ context: import('../suite.mjs').Context, disk: string, store: string, events: Event[], next: number, at: string }} Round
 */

/** @type {import('../suite.mjs').Suite} */
export const fullDisk = {
  name: 'full disk',
  tried: 'disks filled',
  count: { short: 6, long: 200, planted: 6 },
  async run(context) {
    const random = randomFrom(context.seed)
    for (let i = 0; !context.isDone(); i += 1) {
      const disk = join(context.folder, `disk ${i}`)
      mkdirSync(disk)
      run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'twinlog-faults', disk])
      const at = `disk ${i}, seed ${context.seed}`
      /** @type {Round} */
      const round = { context, disk, store: join(disk, 'store'), events: [], next: 1, at }
      try {
        await (i % 2 === 0 ? withWatermark(round, random) : withoutWatermark(round, random))
        for (const loss of await lossesAt(context.engine, round.store, round.events)) context.lose(`${at}: ${loss}`)
      } catch (error) {
        context.lose(`${at}: ${codeOf(error)}`)
      } finally {
        run('umount', ['--lazy', disk])
        rmSync(disk, { recursive: true, force: true })
      }
      context.tried()
    }
  },
}

/**
 * @param {Round} round
 * @param {number} freeBytesMin
 */
async function opened({ context, store }, freeBytesMin) {
  const options = { ...OPEN_OPTIONS, freeBytesMin, segmentBytes: MIB }
  return context.engine.open(store, options)
}

/**
 * @param {Round} round
 * @param {HostStore} store
 */
async function begin({ events }, store) {
  for (const id of [WRITER, TRIMMED, 'gone']) {
    await store.actors.add(id)
    if (id !== 'gone') events.push({ t: 'actor', id })
  }
  for (let i = 0; i < 10; i += 1) await store.inbox(TRIMMED).append({ i })
}

/**
 * Appends until one is refused, or until there are so many; says with which code.
 * @param {Round} round
 * @param {HostStore} store
 * @param {number} most
 */
async function appendUntilRefused(round, store, most) {
  const filling = 'y'.repeat(60_000)
  for (let i = 0; i < most; i += 1) {
    const n = round.next
    round.next += isSkipped(n + 1) ? 2 : 1
    try {
      const { seq } = await store.inbox(WRITER).append(bodyOf(n), { key: keyOf(n) })
      round.events.push({ t: 'append', log: 'inbox', n, seq })
      await store.outbox(TRIMMED).append({ filling })
    } catch (error) {
      return codeOf(error)
    }
  }
  return null
}

/**
 * Numbers that the oracle takes for flushes over two logs.
 * @param {number} n
 */
const isSkipped = n => n % 5 === 0

/**
 * @param {Round} round
 * @param {number} left bytes
 */
function fill({ disk }, left) {
  const { bavail, bsize } = statfsSync(disk)
  const bytes = bavail * bsize - left
  if (bytes > 0) appendFileSync(join(disk, 'filling'), Buffer.alloc(bytes, 1))
}

/**
 * @param {Round} round
 * @param {(bound: number) => number} random
 */
async function withWatermark(round, random) {
  const { context, events, at } = round
  const lose = (/** @type {string} */ loss) => context.lose(`${at}: ${loss}`)
  let store = await opened(round, WATERMARK)
  await begin(round, store)
  const code = await appendUntilRefused(round, store, 1000)
  if (code !== 'LOW_SPACE') lose(`the disk filled up, and appends said ${code}`)
  if (store.stats().state !== 'open') lose(`the store is ${store.stats().state}`)

  fill(round, 0)
  const trims = 2 + random(5)
  for (let before = 2; before <= trims; before += 1) {
    const { first } = await store.inbox(TRIMMED).trim({ before })
    events.push({ t: 'trim', first })
  }
  await store.actors.remove('gone')
  events.push({ t: 'removed', id: 'gone' })
  if (store.stats().state !== 'open') lose(`after a trim on a full disk the store is ${store.stats().state}`)
  await store.close()

  store = await opened(round, WATERMARK)
  const { first } = await store.inbox(TRIMMED).trim({ before: trims + 1 })
  events.push({ t: 'trim', first })
  if ((await appendUntilRefused(round, store, 1)) !== 'LOW_SPACE') lose('an append was not refused on a full disk')
  await store.close()
  fill(round, 0)
  const said = await openedOrCode(round)
  if (said !== 'opened' && said !== 'LOW_SPACE') lose(`a store on a full disk, its reserve used up, said ${said}`)
  rmSync(join(round.disk, 'filling'))
  // What the appends filled stays filled: there is room for more on a larger disk alone.
  run('mount', ['-o', `remount,size=${DISK_MIB * 2}m`, round.disk])
  store = await opened(round, WATERMARK)
  await goesOn(round, store)
  await store.close()
}

/** @param {Round} round */
async function openedOrCode(round) {
  try {
    const store = await opened(round, WATERMARK)
    await store.close()
    return 'opened'
  } catch (error) {
    return codeOf(error)
  }
}

/**
 * A running store notices by itself that there is room again.
 * @param {Round} round
 * @param {HostStore} store
 */
async function goesOn(round, store) {
  fill(round, WATERMARK / 2)
  const until = performance.now() + WAIT_MS_MAX
  let code = null
  while ((code = await appendUntilRefused(round, store, 1)) === null && performance.now() < until) await delay(RETRY_MS)
  if (code !== 'LOW_SPACE') round.context.lose(`${round.at}: below the watermark an append said ${code}`)
  rmSync(join(round.disk, 'filling'))
  while ((code = await appendUntilRefused(round, store, 1)) !== null && performance.now() < until) await delay(RETRY_MS)
  if (code !== null) round.context.lose(`${round.at}: there is room again, and appends say ${code}`)
}

/**
 * @param {Round} round
 * @param {(bound: number) => number} random
 */
async function withoutWatermark(round, random) {
  const { context, at } = round
  const lose = (/** @type {string} */ loss) => context.lose(`${at}: ${loss}`)
  let store = await opened(round, 0)
  await begin(round, store)
  await appendUntilRefused(round, store, 1 + random(20))
  fill(round, random(200_000))
  const code = await appendUntilRefused(round, store, 1000)
  if (code !== 'OUTCOME_UNKNOWN') lose(`a write failed, and the append said ${code}`)
  if (store.stats().state !== 'poisoned') lose(`a write failed, and the store is ${store.stats().state}`)
  await store.close()
  rmSync(join(round.disk, 'filling'))
  store = await opened(round, 0)
  const again = await appendUntilRefused(round, store, 10)
  if (again !== null) lose(`there is room again, and appends say ${again}`)
  await store.close()
}
