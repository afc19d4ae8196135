/**
 * Makes the stores that every later version must read: `node scripts/make-store-fixture.mjs 0.1.0`, once for each release
 * that writes something new, over the built package. They go into test/fixtures/stores/<version>, and are never made
 * again: what is there was written by that version.
 *
 * `closed` was closed in good order. `uncertain` was copied from under a running owner, as a killed process leaves it: its
 * last whole commit has no witness, and behind it stands a write that was cut short. Beside each, what it holds.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'twinlog'
import { testPeer } from 'twinlog/testing'
import { describeStore } from './describe-store.mjs'

const [version = ''] = process.argv.slice(2)
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('Which version? node scripts/make-store-fixture.mjs 0.1.0')
const target = fileURLToPath(new URL(`../test/fixtures/stores/${version}`, import.meta.url))
if (existsSync(target)) throw new Error(`${target} is there already: it says what that version wrote`)

const alice = 'https://example.com/users/alice'
const bob = 'https://example.com/users/bob'
const gone = 'https://example.com/users/gone'
const path = mkdtempSync(join(tmpdir(), 'twinlog-fixture-'))
let now = 1_767_323_045_006
const options = { segmentBytes: 4096, clock: () => (now += 1000) }

/** Files that hold nothing of a store: a lock, and space that is kept free. */
const isKept = (/** @type {string} */ file) => !/(?:\/|^)(?:reserve|lock|LOCK|LOG|LOG\.old)$/.test(file)

/** @param {string} name @param {string} [part] */
function copyTo(name, part = '') {
  cpSync(join(path, part), join(target, name, part), { recursive: true, filter: isKept })
}

/** @param {string} name @param {unknown} holds */
function writeDown(name, holds) {
  writeFileSync(join(target, `${name}.json`), `${JSON.stringify(holds, null, 2)}\n`)
}

/** Each opening begins a segment. @param {(store: import('twinlog').HostStore) => Promise<void>} use */
async function session(use) {
  const store = await open(path, options)
  await use(store)
  await store.close()
}

await session(async store => {
  for (const id of [gone, alice, bob]) await store.actors.add(id)
  await store.outbox(gone).append({ type: 'Note', content: 'of an actor who left' }, { key: 'first' })
  const [inbox, outbox] = [store.inbox(alice), store.outbox(alice)]
  await inbox.append({ n: 1, content: 'trimmed later' }, { key: 'trimmed' })
  await inbox.append({ n: 2, content: 'trimmed later, without a key' })
  await inbox.appendJson('{"type":"Like", "exact":  "bytes"}', {
    key: 'first',
    meta: { keyId: 'https://b.example/#key' },
  })
  await inbox.append({ n: 4, content: 'redacted later' }, { key: 'redacted', meta: { secret: true } })
  await outbox.append({ list: [1, 2.5, -3, null, true, 'é'], bytes: new Uint8Array([1, 2, 3]) })
  await outbox.appendBytes(Buffer.from('00ff10', 'hex'), { key: 'second' })
})
await session(async store => {
  const logs = [store.inbox(alice), store.inbox(bob), store.outbox(bob)]
  const json = JSON.stringify({ type: 'Create', content: 'one body for three logs, stored once' })
  await store.append(logs.map(log => ({ log, json, key: 'third' })))
  await store.inbox(alice).trim({ before: 3 })
  await store.inbox(alice).redact(4)
  await store.actors.remove(gone)
  await store.actors.add(gone)
  await store.inbox(gone).append('of another epoch')
  await store.peers.store(testPeer('https://remote.example/users/rosa').peer)
})
await session(async store => {
  const report = await store.compact({ deadShareMin: 0 })
  if (report.rewritten === 0) throw new Error('no segment was written again')
  await store.inbox(alice).append('redacted, and not compacted', { key: 'second' })
  await store.inbox(alice).redact(6)
  await store.inbox(alice).append('the newest')
})
await session(async store => {
  const log = store.inbox(alice)
  await store.cursor('feed').run(() => {}, { live: false })
  await store.cursor('log', { log }).run(() => {}, { live: false })
  const worker = store.worker('worker', { boxes: ['inbox'], targets: () => ['up', 'down', 'gone'], attemptsMax: 2 })
  const handler = (/** @type {unknown} */ _, /** @type {string} */ to) =>
    to === 'up' ? 'done' : { retryAfterMs: to === 'down' ? 1e12 : 0 }
  await worker.run(handler, { live: false })
  const count = store.projection({ name: 'count', version: 1, init: () => 0, apply: n => n + 1 })
  await count.run({ live: false })
  await store.outbox(bob).append('nobody has read this yet')
})

mkdirSync(target, { recursive: true })
copyTo('closed')
const closed = await open(path, options)
writeDown('closed', await describeStore(closed))

// The index as it was before: nothing but the segments knows of what follows.
copyTo('uncertain')
await closed.outbox(bob).append('the last whole commit', { key: 'at the end' })
copyTo('uncertain', 'segments')
writeDown('uncertain', await describeStore(closed))
const segments = readdirSync(join(path, 'segments')).toSorted()
const last = join('segments', segments.at(-1) ?? '')
const whole = readFileSync(join(path, last)).length
await closed.outbox(bob).append('a write that was cut short, and was never acknowledged')
const bytes = readFileSync(join(path, last))
writeFileSync(join(target, 'uncertain', last), bytes.subarray(0, whole + ((bytes.length - whole) >> 1)))
await closed.close()
rmSync(path, { recursive: true })
