// `npm run tour`: what twinlog does, in a minute. Every claim that is printed is checked; a wrong one ends the tour.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { open } from 'twinlog'

const archive = fileURLToPath(new URL('sample-archive/outbox.json', import.meta.url))
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const wren = 'https://social.example.com/users/wren'
const ida = 'https://birds.example.net/users/ida'

let chapters = 0

const folder = await mkdtemp(join(tmpdir(), 'twinlog-tour-'))
const directory = join(folder, 'data')
try {
  await tour()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function tour() {
  console.log('twinlog keeps an inbox and an outbox for each actor: two append-only logs, numbered 1, 2, 3 …')

  chapter('Import a Mastodon archive', 'The command makes the store, and the actor: each item says whose it is.')
  show(await twinlog('import', directory, archive), /^.*: 25 added, 0 already there, 0 refused\n$/)
  say('Again. An activity goes in once, by its id:')
  show(await twinlog('import', directory, archive), /nothing added, 25 already there/)

  chapter('Open it from your program', 'One directory, one owner. No server.')
  code('store = await open(directory)')
  let store = await open(directory)
  let outbox = store.outbox(wren)
  let inbox = store.inbox(wren)
  code('await store.outbox(wren).tip(), await store.inbox(wren).tip()')
  show(`${await outbox.tip()}, ${await inbox.tip()}`, /^25, 0$/)

  chapter('Append', 'The promise resolves when the record is on disk.')
  const post = {
    id: `${wren}/statuses/26/activity`,
    type: 'Create',
    actor: wren,
    object: { type: 'Note', content: 'Tea?' },
  }
  code('await outbox.append(post, { key: post.id, expectedTip: 25 })')
  show(JSON.stringify(await outbox.append(post, { key: post.id, expectedTip: 25 })), /^{"seq":26,"duplicate":false}$/)
  say('A retry after a lost answer does no harm:')
  code('await outbox.append(post, { key: post.id })')
  show(JSON.stringify(await outbox.append(post, { key: post.id })), /^{"seq":26,"duplicate":true}$/)
  say('Of two writers who both saw tip 25, the second is told:')
  code("await outbox.append({ type: 'Note' }, { expectedTip: 25 })")
  show(await codeOf(outbox.append({ type: 'Note' }, { expectedTip: 25 })), /^TIP_CONFLICT$/)

  await store.actors.add(ida)
  const reply = {
    id: `${ida}/statuses/1/activity`,
    type: 'Create',
    actor: ida,
    object: { type: 'Note', content: 'Yes!' },
  }
  say('One delivery to two inboxes, all or nothing, its body stored once:')
  code('await store.append([{ log: store.inbox(wren), value: reply }, { log: store.inbox(ida), value: reply }])')
  const logs = [store.inbox(wren), store.inbox(ida)]
  const delivered = await store.append(logs.map(log => ({ log, value: reply, key: reply.id })))
  show(delivered.map(({ seq }) => `seq ${seq}`).join(', '), /^seq 1, seq 1$/)

  chapter('Page both ways', 'A cursor is a sequence number: it stays good however much is appended meanwhile.')
  code('newest = await outbox.page({ limit: 4 })')
  const newest = await outbox.page({ limit: 4 })
  show(sequences(newest), /^26 25 24 23$/)
  assert(newest.older !== null)
  code('older = await outbox.page({ before: newest.older, limit: 4 })')
  const older = await outbox.page({ before: newest.older, limit: 4 })
  show(sequences(older), /^22 21 20 19$/)
  assert(older.newer !== null)
  code('await outbox.page({ after: older.newer, limit: 4 })')
  show(sequences(await outbox.page({ after: older.newer, limit: 4 })), /^23 24 25 26$/)

  chapter('Follow live', 'First what is there, then each new record as it comes. No gap, no repeat.')
  code('for await (const record of inbox.follow({ after: 0 })) …')
  const appending = []
  const seen = []
  for await (const record of inbox.follow({ after: 0 })) {
    seen.push(`${record.seq} ${typeOf(record)}`)
    if (record.seq === 1) for (const type of ['Like', 'Announce']) appending.push(inbox.append({ type, actor: ida }))
    if (record.seq === 3) break
  }
  await Promise.all(appending)
  show(seen.join(', '), /^1 Create, 2 Like, 3 Announce$/)

  chapter('Look at it from outside', 'Commands that read work beside the program that owns the store.')
  show(await twinlog('ls', directory), /3 \(1–3\)\s+26 \(1–26\)\s+https:\/\/social/)

  chapter('Close, open, compare', 'Every record is read back, its checksum verified, and all of them hashed.')
  const before = await fingerprint(store)
  code('await store.close(); store = await open(directory)')
  await store.close()
  store = await open(directory)
  outbox = store.outbox(wren)
  inbox = store.inbox(wren)
  const after = await fingerprint(store)
  show(`before ${before}, after ${after}: nothing changed`, new RegExp(`^before ${after}, after ${before}:`))
  show(`tips   ${await outbox.tip()}, ${await inbox.tip()}`, / 26, 3$/)
  await store.close()

  console.log('\nThat was twinlog. README.md goes on from here; the store of this tour is removed.')
}

/** @param {string} title @param {string} text */
function chapter(title, text) {
  chapters++
  console.log(`\n${chapters}. ${title}\n   ${text}`)
}

/** @param {string} text */
function say(text) {
  console.log(`   ${text}`)
}

/** What a host would write. @param {string} text */
function code(text) {
  console.log(`      > ${text}`)
}

/** Prints what happened, and insists that it is what was promised. @param {string} text @param {RegExp} promise */
function show(text, promise) {
  for (const line of text.replaceAll(folder, '…').trimEnd().split('\n')) console.log(`      ${line}`)
  assert.match(text, promise)
}

/** @param {...string} words */
async function twinlog(...words) {
  console.log(`      $ twinlog ${words.join(' ').replaceAll(folder, '…').replace(archive, 'outbox.json')}`)
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...words])
  return stdout.replace(archive, 'outbox.json')
}

/** @param {Promise<unknown>} promise */
async function codeOf(promise) {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return /** @type {{ code: string }} */ (error).code
  }
}

/** @param {import('twinlog').Page} page */
function sequences({ items }) {
  return items.map(({ seq }) => seq).join(' ')
}

/** @param {import('twinlog').LogRecord} record */
function typeOf({ value }) {
  return /** @type {{ type: string }} */ (value).type
}

/** A digest over every record of the store. @param {import('twinlog').Store} store */
async function fingerprint(store) {
  const digest = createHash('sha256')
  for await (const actor of store.actors.list()) {
    for (const log of [store.inbox(actor), store.outbox(actor)]) {
      for await (const { seq, bytes } of log.read()) digest.update(`${actor} ${log.box} ${seq} `).update(bytes)
    }
  }
  return digest.digest('hex').slice(0, 16)
}
