/**
 * Hosts on loopback talk to each other, and to strangers. Every line that is printed was compared with what is promised
 * here; the first that differs ends the story.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { publicId } from './activity.mjs'
import { newKey } from './person.mjs'
import { sign } from './send.mjs'
import { readTimelines, reopen } from './story-end.mjs'
import { chapter, fact, line, say, title } from './terminal.mjs'
import { attempt, show, Watched } from './watched.mjs'

const HOUR_MS = 3_600_000
/** How often the host that is down is tried before it is up again. */
const ATTEMPTS_MEANWHILE = 3
const ordinals = ['the first', 'the second']

/** The clock of this story: it can be put forward. */
let aheadMs = 0
const clock = () => Date.now() + aheadMs
/** A host that is down is tried again after 100 ms, 200 ms and so on. In earnest it is seconds, and then hours. */
const backoff = (/** @type {number} */ attempts) => 50 * 2 ** attempts

/** @typedef {Pick<import('./host.mjs').HostOptions, 'names' | 'algorithm' | 'form'>} Residents */

/** @param {string} folder an empty directory */
export async function tellStory(folder) {
  const watched = (/** @type {string} */ name, /** @type {Residents} */ residents) =>
    new Watched({ directory: join(folder, name), clock, backoff, ...residents })
  const meadow = watched('meadow', { names: ['wren'], algorithm: 'rsa', form: 'cavage' })
  const harbor = watched('harbor', { names: ['gull', 'tern'], algorithm: 'ed25519', form: 'rfc9421' })
  const island = watched('island', { names: ['ibis'], algorithm: 'ed25519', form: 'rfc9421' })
  try {
    for (const host of [meadow, harbor, island]) await host.start(0)
    title('A small fediverse on this machine: three hosts, real HTTP, real signatures')
    say('')
    say(`   meadow   ${meadow.origin}   wren         RSA       draft-cavage, the Signature header`)
    say(`   harbor   ${harbor.origin}   gull, tern   Ed25519   RFC 9421, HTTP Message Signatures`)
    say(`   island   ${island.origin}   ibis         Ed25519   RFC 9421, HTTP Message Signatures`)
    await follow(meadow, harbor)
    await talk(meadow, harbor)
    await refuse(meadow, harbor)
    await rotate(meadow, harbor)
    await goDown(meadow, harbor, island)
    await readTimelines([meadow, harbor, island])
    await reopen([meadow, harbor, island])
  } finally {
    await Promise.all([meadow.stop(), harbor.stop(), island.stop()])
  }
}

/** @param {Watched} meadow @param {Watched} harbor */
async function follow(meadow, harbor) {
  chapter(
    'Follow',
    'Each activity is appended to an outbox; a worker over the outboxes signs and sends it. The other host',
    'verifies it and appends it to an inbox. "wren 1": it is number 1 in the inbox of wren.',
  )
  for (const [name, seq] of /** @type {const} */ ([
    ['gull', 1],
    ['tern', 2],
  ])) {
    await followBy(harbor, name, meadow, seq)
  }
}

/** Somebody of a host follows wren. @param {Watched} host @param {string} name @param {Watched} meadow @param {number} seq */
async function followBy(host, name, meadow, seq) {
  const [wren, person] = [meadow.person('wren'), host.person(name)]
  const ask = { type: 'Follow', object: wren.id, to: [wren.id] }
  const asked = await show(
    meadow,
    `${name} → wren`,
    'Follow',
    () => host.publishTo(meadow, person, ask),
    '202 accepted',
    `wren ${seq}`,
  )
  const accept = { type: 'Accept', object: asked.activity, to: [person.id] }
  await show(host, `wren → ${name}`, 'Accept', () => meadow.publishTo(host, wren, accept), '202 accepted', `${name} 1`)
}

/** @param {Watched} meadow @param {Watched} harbor */
async function talk(meadow, harbor) {
  chapter('Talk', 'A post to all followers is one delivery, to the shared inbox of their host, and one commit there.')
  const [wren, gull, tern] = [meadow.person('wren'), harbor.person('gull'), harbor.person('tern')]
  const { activity: tea } = await show(
    harbor,
    'wren → harbor',
    'Create, shared inbox',
    () => meadow.publishTo(harbor, wren, note('Tea?', [publicId], [wren.followers])),
    '202 accepted',
    'gull 2, tern 2',
  )
  const reply = note('Yes!', [publicId, wren.id, tern.id], [], { inReplyTo: tea.id })
  await show(
    meadow,
    'gull → wren',
    'Create, a reply',
    () => harbor.publishTo(meadow, gull, reply),
    '202 accepted',
    'wren 3',
  )
  assert.equal(await harbor.store.inbox(tern.id).tip(), 3)
  line({ who: 'gull → tern', what: 'the same, on one host', verdict: 'one commit', effect: 'tern 3' })

  const record = await harbor.store.inbox(gull.id).get(2)
  const meta = /** @type {import('twinlog').InboundMeta | undefined} */ (record?.meta)
  assert.deepEqual([meta?.keyId, meta?.form], [wren.keyId, 'cavage'])
  assert(record !== undefined && Buffer.from(meadow.lastSent.body).equals(record.bytes))
  fact('gull 2 holds', `the exact bytes, and who signed: ${meta?.form}, …/users/wren#main-key`)
  const response = await fetch(`${wren.outbox}?page=true`)
  const { orderedItems } = /** @type {{ orderedItems: { id: string }[] }} */ (await response.json())
  assert.deepEqual([response.status, orderedItems.map(({ id }) => id)], [200, [tea.id]])
  fact('GET …/users/wren/outbox?page=true', '200, 1 public activity: outbox 3')
}

/** @param {Watched} meadow @param {Watched} harbor */
async function refuse(meadow, harbor) {
  chapter('Strangers', 'harbor has the key of wren in its cache: it asks nobody to judge these.')
  const [wren, gull] = [meadow.person('wren'), harbor.person('gull')]
  const delivered = meadow.lastSent
  const { url, headers, body } = delivered
  const lie = Buffer.from(JSON.stringify({ ...activityOf(body), id: `${wren.outbox}/99` }))
  const other = Buffer.from(Buffer.from(body).toString().replace('Tea?', 'Beer'))
  const thief = { keyId: wren.keyId, privateKey: newKey('rsa') }
  const forged = sign({ url, body: lie, signer: thief, form: 'cavage', now: clock() })
  const spoof = Buffer.from(JSON.stringify({ ...activityOf(body), actor: gull.id }))
  const spoofed = sign({ url, body: spoof, signer: wren, form: 'cavage', now: clock() })
  const unsigned = { 'content-type': 'application/activity+json' }

  const asked = meadow.readsOf(wren)
  const nothing = 'nothing written'
  await show(harbor, '? → harbor', 'the same delivery again', () => attempt(delivered), '202 duplicate', nothing)
  await show(harbor, '? → harbor', 'signed with another key', () => attempt(forged), '401 signature_invalid', nothing)
  const swapped = { url, headers, body: other }
  await show(
    harbor,
    '? → harbor',
    'another body, old signature',
    () => attempt(swapped),
    '400 digest_mismatch',
    nothing,
  )
  const bare = { url, headers: unsigned, body: lie }
  await show(harbor, '? → harbor', 'no signature', () => attempt(bare), '401 missing_signature', nothing)
  await show(harbor, 'wren → harbor', 'in the name of gull', () => attempt(spoofed), '403 local_actor_spoof', nothing)
  aheadMs += 2 * HOUR_MS
  await show(
    harbor,
    '? → harbor',
    'the first, two hours later',
    () => attempt(delivered),
    '401 signature_expired',
    nothing,
  )
  assert.equal(meadow.readsOf(wren), asked)
}

/** @param {Watched} meadow @param {Watched} harbor */
async function rotate(meadow, harbor) {
  chapter('A new key', 'wren has another key under the same id. The one in the cache of harbor does not fit any more.')
  const wren = meadow.person('wren')
  const old = { keyId: wren.keyId, privateKey: wren.privateKey }
  wren.rotateKey()
  const asked = meadow.readsOf(wren)
  const { activity } = await show(
    harbor,
    'wren → harbor',
    'Create, the new key',
    () => meadow.publishTo(harbor, wren, note('New key!', [publicId], [wren.followers])),
    '202 accepted',
    'gull 3, tern 4',
  )
  fact('harbor asked meadow for the keys of wren', `${counted(meadow.readsOf(wren) - asked)}, and tried again`)
  assert.equal(meadow.readsOf(wren) - asked, 1)
  const late = Buffer.from(JSON.stringify({ ...activity, id: `${wren.outbox}/98` }))
  const stolen = sign({ url: `${harbor.origin}/inbox`, body: late, signer: old, form: 'cavage', now: clock() })
  await show(harbor, '? → harbor', 'the old key', () => attempt(stolen), '401 signature_invalid', 'nothing written')
}

/** @param {Watched} meadow @param {Watched} harbor @param {Watched} island */
async function goDown(meadow, harbor, island) {
  chapter(
    'A host is down',
    'The worker tries it again, later each time. What is for others goes on. What is for it waits in the store.',
  )
  const [wren, gull] = [meadow.person('wren'), harbor.person('gull')]
  await followBy(island, 'ibis', meadow, 4)
  const { origin } = harbor
  const contents = ['Anybody there?', 'Good night.']
  await harbor.stop()
  const tried = meadow.nextAnswersOf(origin, ATTEMPTS_MEANWHILE)
  for (const [i, content] of contents.entries()) {
    const post = note(content, [publicId], [wren.followers])
    const send = () => meadow.publishTo(island, wren, post)
    await show(island, 'wren → island', `Create, ${ordinals[i]}`, send, '202 accepted', `ibis ${i + 2}`)
  }
  const statuses = await tried
  assert(!statuses.some(isAnswer))
  const effect = `tried ${statuses.length} times, to be tried again`
  line({ who: 'wren → harbor', what: 'Create, the first', verdict: 'no answer', effect })
  const { depth, dead } = await meadow.delivery.stats()
  assert.deepEqual({ depth, dead }, { depth: 2, dead: 0 })
  fact('wait for harbor, in order', `${depth} deliveries`)

  await meadow.restart()
  harbor.verdicts.length = 0
  const taken = meadow.nextAnswersOf(origin, contents.length, isAnswer)
  await harbor.start(Number(new URL(origin).port))
  fact('meadow was closed and opened; harbor is back', 'the same directories, the same ports')
  assert.deepEqual(await taken, [202, 202])
  assert.deepEqual(harbor.verdicts, ['202 accepted', '202 accepted'])
  for (const [i, content] of contents.entries()) {
    assert.equal(contentOf(await harbor.store.inbox(gull.id).get(i + 4)), content)
    const grown = `gull ${i + 4}, tern ${i + 5}`
    line({ who: 'wren → harbor', what: `Create, ${ordinals[i]}`, verdict: harbor.verdicts[i] ?? '', effect: grown })
  }
  assert.deepEqual((await harbor.tips()).get('tern'), { inbox: 6, outbox: 1 })
}

/** @param {string} content @param {string[]} to @param {string[]} cc @param {object} more */
function note(content, to, cc = [], more = {}) {
  return { type: 'Create', to, cc, object: { type: 'Note', content, to, cc, ...more } }
}

/** Of a host that is up. @param {number} status */
function isAnswer(status) {
  return status !== 0 && status !== 503
}

/** @param {import('twinlog').LogRecord | undefined} record */
function contentOf(record) {
  const { object } = /** @type {{ object?: { content?: string } }} */ (record?.value ?? {})
  return object?.content
}

/** @param {Uint8Array} body @returns {import('./activity.mjs').Activity} */
function activityOf(body) {
  return JSON.parse(Buffer.from(body).toString())
}

/** @param {number} count */
function counted(count) {
  return count === 1 ? 'once' : `${count} times`
}
