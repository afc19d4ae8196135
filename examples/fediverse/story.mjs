/**
 * Two hosts on loopback talk to each other, and to strangers. Every line that is printed was compared with what is promised
 * here; the first that differs ends the story.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { publicId } from './activity.mjs'
import { newKey } from './person.mjs'
import { post, sign } from './send.mjs'
import { chapter, fact, line, say, title } from './terminal.mjs'
import { show, Watched } from './watched.mjs'

const HOUR_MS = 3_600_000

/** The clock of this story: it can be put forward. */
let aheadMs = 0
const clock = () => Date.now() + aheadMs

/** @param {string} folder an empty directory */
export async function tellStory(folder) {
  const meadow = new Watched({
    directory: join(folder, 'meadow'),
    names: ['wren'],
    algorithm: 'rsa',
    form: 'cavage',
    clock,
  })
  const harbor = new Watched({
    directory: join(folder, 'harbor'),
    names: ['gull', 'tern'],
    algorithm: 'ed25519',
    form: 'rfc9421',
    clock,
  })
  try {
    await meadow.start(0)
    await harbor.start(0)
    title('A small fediverse on this machine: two hosts, real HTTP, real signatures')
    say('')
    say(`   meadow   ${meadow.origin}   wren         RSA       draft-cavage, the Signature header`)
    say(`   harbor   ${harbor.origin}   gull, tern   Ed25519   RFC 9421, HTTP Message Signatures`)
    await follow(meadow, harbor)
    await talk(meadow, harbor)
    await refuse(meadow, harbor)
    await rotate(meadow, harbor)
    await goDown(meadow, harbor)
    await reopen(meadow, harbor)
  } finally {
    await Promise.all([meadow.stop(), harbor.stop()])
  }
}

/** @param {Watched} meadow @param {Watched} harbor */
async function follow(meadow, harbor) {
  chapter(
    'Follow',
    'Each activity is appended to an outbox, then signed and sent. The other host verifies it and',
    'appends it to an inbox. "wren 1": it is number 1 in the inbox of wren.',
  )
  const wren = meadow.person('wren')
  for (const [name, seq] of /** @type {const} */ ([
    ['gull', 1],
    ['tern', 2],
  ])) {
    const person = harbor.person(name)
    const asked = await harbor.publish(person, { type: 'Follow', object: wren.id, to: [wren.id] })
    await show(meadow, `${name} → wren`, 'Follow', () => harbor.deliver(person), '202 accepted', `wren ${seq}`)
    await meadow.publish(wren, { type: 'Accept', object: asked, to: [person.id] })
    await show(harbor, `wren → ${name}`, 'Accept', () => meadow.deliver(wren), '202 accepted', `${name} 1`)
  }
}

/** @param {Watched} meadow @param {Watched} harbor */
async function talk(meadow, harbor) {
  chapter('Talk', 'A post to all followers is one delivery, to the shared inbox of their host, and one commit there.')
  const [wren, gull, tern] = [meadow.person('wren'), harbor.person('gull'), harbor.person('tern')]
  const tea = await meadow.publish(wren, note('Tea?', [publicId], [wren.followers]))
  await show(
    harbor,
    'wren → harbor',
    'Create, shared inbox',
    () => meadow.deliver(wren),
    '202 accepted',
    'gull 2, tern 2',
  )
  await harbor.publish(gull, note('Yes!', [publicId, wren.id, tern.id], [], { inReplyTo: tea.id }))
  await show(meadow, 'gull → wren', 'Create, a reply', () => harbor.deliver(gull), '202 accepted', 'wren 3')
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
  await show(harbor, '? → harbor', 'the same delivery again', () => post(delivered), '202 duplicate', nothing)
  await show(harbor, '? → harbor', 'signed with another key', () => post(forged), '401 signature_invalid', nothing)
  const swapped = { url, headers, body: other }
  await show(harbor, '? → harbor', 'another body, old signature', () => post(swapped), '400 digest_mismatch', nothing)
  const bare = { url, headers: unsigned, body: lie }
  await show(harbor, '? → harbor', 'no signature', () => post(bare), '401 missing_signature', nothing)
  await show(harbor, 'wren → harbor', 'in the name of gull', () => post(spoofed), '403 local_actor_spoof', nothing)
  aheadMs += 2 * HOUR_MS
  await show(
    harbor,
    '? → harbor',
    'the first, two hours later',
    () => post(delivered),
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
  const activity = await meadow.publish(wren, note('New key!', [publicId], [wren.followers]))
  await show(
    harbor,
    'wren → harbor',
    'Create, the new key',
    () => meadow.deliver(wren),
    '202 accepted',
    'gull 3, tern 4',
  )
  fact('harbor asked meadow for the keys of wren', `${counted(meadow.readsOf(wren) - asked)}, and tried again`)
  assert.equal(meadow.readsOf(wren) - asked, 1)
  const late = Buffer.from(JSON.stringify({ ...activity, id: `${wren.outbox}/98` }))
  const stolen = sign({ url: `${harbor.origin}/inbox`, body: late, signer: old, form: 'cavage', now: clock() })
  await show(harbor, '? → harbor', 'the old key', () => post(stolen), '401 signature_invalid', 'nothing written')
}

/** @param {Watched} meadow @param {Watched} harbor */
async function goDown(meadow, harbor) {
  chapter('A host is down', 'What could not be delivered is still in the outbox.')
  const wren = meadow.person('wren')
  const port = Number(new URL(harbor.origin).port)
  await harbor.stop()
  const missed = await meadow.publish(wren, note('Anybody there?', [publicId], [wren.followers]))
  const isDelivered = await meadow.deliver(wren)
  const tip = await meadow.store.outbox(wren.id).tip()
  line({
    who: 'wren → harbor',
    what: 'Create',
    verdict: isDelivered ? '202' : 'no answer',
    effect: `outbox of wren ${tip}`,
  })
  assert.deepEqual([isDelivered, tip, missed.id], [false, 5, `${wren.outbox}/5`])
  await harbor.start(port)
  fact('harbor is back', 'the same directory, the same port')
  await show(harbor, 'wren → harbor', 'Create, once more', () => meadow.deliver(wren), '202 accepted', 'gull 4, tern 5')
}

/** @param {Watched} meadow @param {Watched} harbor */
async function reopen(meadow, harbor) {
  chapter('Close both stores, open them again', 'An acknowledged record is on disk.')
  const before = new Map([...(await meadow.tips()), ...(await harbor.tips())])
  for (const host of [meadow, harbor]) {
    const port = Number(new URL(host.origin).port)
    await host.stop()
    await host.start(port)
  }
  const after = new Map([...(await meadow.tips()), ...(await harbor.tips())])
  for (const [name, tips] of after) {
    const was = before.get(name)
    const both = `inbox ${tips.inbox}, outbox ${tips.outbox}`
    fact(`${name.padEnd(8)} ${both}`, was?.inbox === tips.inbox && was.outbox === tips.outbox ? 'as before' : 'CHANGED')
  }
  assert.deepEqual(after, before)
  assert.deepEqual(Object.fromEntries(after), {
    wren: { inbox: 3, outbox: 5 },
    gull: { inbox: 4, outbox: 2 },
    tern: { inbox: 5, outbox: 1 },
  })
}

/** @param {string} content @param {string[]} to @param {string[]} cc @param {object} more */
function note(content, to, cc = [], more = {}) {
  return { type: 'Create', to, cc, object: { type: 'Note', content, to, cc, ...more } }
}

/** @param {Uint8Array} body @returns {import('./activity.mjs').Activity} */
function activityOf(body) {
  return JSON.parse(Buffer.from(body).toString())
}

/** @param {number} count */
function counted(count) {
  return count === 1 ? 'once' : `${count} times`
}
