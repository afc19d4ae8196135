/** Fedify signs and sends; twinlog judges. Each case says what it tried, and returns what came of it, or throws. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { signRequest } from '@fedify/fedify'
import { deliver } from './twinlog-side.mjs'

const FORMS = /** @type {const} */ ([
  { form: 'cavage', spec: 'draft-cavage-http-signatures-12' },
  { form: 'rfc9421', spec: 'rfc9421' },
])

/**
 * @param {import('./main.mjs').Sides} sides
 * @returns {import('./main.mjs').Case[]}
 */
export function casesFromFedify(sides) {
  const { twinlog, fedify } = sides
  return [
    ...FORMS.flatMap(({ form, spec }) => [
      {
        title: `${form}, RSA`,
        run: () => sent(sides, { server: fedify[form], as: 'rsa', inbox: twinlog.inboxOf('carol'), expected: form }),
      },
      {
        title: `${form}, RSA, through the web-standard adapter`,
        run: () => sent(sides, { server: fedify[form], as: 'rsa', inbox: twinlog.webInboxOf('carol'), expected: form }),
      },
      {
        title: `${form}, RSA, with an integrity proof, Ed25519`,
        run: () =>
          sent(sides, {
            server: fedify[form],
            as: 'both',
            inbox: twinlog.inboxOf('carol'),
            expected: 'eddsa-jcs-2022',
          }),
      },
      {
        title: `${form}, forwarded by another server, with the author's integrity proof`,
        run: () => forwarded(sides, form, 'both'),
      },
      {
        title: `${form}, forwarded by another server, without a proof`,
        run: () => forwarded(sides, form, 'rsa'),
      },
      {
        title: `${form}, forwarded by another server, changed under the proof`,
        run: () => changedUnderProof(sides, form, spec),
      },
      {
        title: `${form}, another body`,
        run: () =>
          tampered(sides, {
            form,
            spec,
            status: 400,
            change: request => ({ ...request, body: changed(request.body) }),
          }),
      },
      {
        title: `${form}, another body with a digest of its own`,
        run: () => tampered(sides, { form, spec, status: 401, change: request => redigested(request, form) }),
      },
      {
        title: `${form}, to another inbox`,
        run: () =>
          tampered(sides, {
            form,
            spec,
            status: 401,
            change: request => ({ ...request, url: twinlog.inboxOf('dave') }),
          }),
      },
    ]),
    { title: 'the same bytes in both forms, as a server that knocks twice sends them', run: () => knockedTwice(sides) },
    {
      title: 'Ed25519 alone: Fedify sends a proof, and signs no request',
      run: async () => {
        const before = await countOf(twinlog)
        const activity = fedify.cavage.activityBy('ed25519')
        const sending = fedify.cavage.send('ed25519', activity, twinlog.inboxOf('carol'))
        await assert.rejects(sending, error => error.statusCode === 401)
        assert.equal(await countOf(twinlog), before)
        return 'refused, 401'
      },
    },
  ]
}

/**
 * By `sendActivity`: the record has the bytes, and says how it was vouched for; and Fedify did not have to knock twice.
 * @param {import('./main.mjs').Sides} sides
 * @param {{ server: import('./main.mjs').Fedify, as: string, inbox: string, expected: string }} delivery
 */
async function sent({ twinlog }, { server, as, inbox, expected }) {
  const before = await countOf(twinlog)
  const activity = server.activityBy(as)
  const { answers } = twinlog
  const answered = answers.length
  await server.send(as, activity, inbox)
  assert.deepEqual(statusesIn(answers.slice(answered)), [202])
  await assertAppended(twinlog, before, { id: activity.id.href, actor: server.actorId(as), form: expected })
  return `appended, vouched for by ${expected}`
}

/**
 * Fedify's own listener passes on what it got, with `forwardActivity`: the author's bytes, and a stranger's signature.
 * @param {import('./main.mjs').Sides} sides
 * @param {'cavage' | 'rfc9421'} form the forwarder's
 * @param {string} author
 */
async function forwarded({ twinlog, fedify }, form, author) {
  const [from, by] = [fedify[form === 'cavage' ? 'rfc9421' : 'cavage'], fedify[form]]
  const before = await countOf(twinlog)
  const activity = from.activityBy(author)
  const { answers } = twinlog
  const answered = answers.length
  by.forwardAllTo(twinlog.inboxOf('carol'))
  await from.send(author, activity, by.inboxOf('rsa')).finally(() => by.forwardAllTo(undefined))
  assert.deepEqual(statusesIn(answers.slice(answered)), [202])
  if (author === 'rsa') {
    assert.equal(await countOf(twinlog), before)
    return 'not appended, 202'
  }
  await assertAppended(twinlog, before, {
    id: activity.id.href,
    actor: from.actorId(author),
    form: 'eddsa-jcs-2022',
  })
  return 'appended, vouched for by eddsa-jcs-2022'
}

/**
 * What Fedify has sent before, passed on with one word changed, and then as it was: nothing but the change is wrong.
 * @param {import('./main.mjs').Sides} sides
 * @param {'cavage' | 'rfc9421'} form the forwarder's
 * @param {import('@fedify/fedify').HttpMessageSignaturesSpec} spec
 */
async function changedUnderProof({ twinlog, fedify }, form, spec) {
  const [from, by] = [fedify[form === 'cavage' ? 'rfc9421' : 'cavage'], fedify[form]]
  await from.send('both', from.activityBy('both'), twinlog.inboxOf('carol'))
  const [{ bytes }] = (await twinlog.records('carol')).slice(-1)
  const before = await countOf(twinlog)
  const forward = async (/** @type {Uint8Array} */ body) =>
    deliver(await signedBy(by, 'rsa', { url: twinlog.inboxOf('dave'), body, spec }))
  const refusal = await forward(changed(bytes))
  assert.equal(refusal.status, 401)
  assert.equal(await countOf(twinlog), before)
  assert.equal((await forward(bytes)).status, 202)
  assert.equal(await countOf(twinlog), before + 1)
  return refusalIn(refusal)
}

/**
 * @typedef {{ url: string, headers: Record<string, string>, body: Uint8Array }} Signed
 * @param {import('./main.mjs').Sides} sides
 * @param {{ form: 'cavage' | 'rfc9421', spec: import('@fedify/fedify').HttpMessageSignaturesSpec, status: number, change: (request: Signed) => Signed }} tampering
 */
async function tampered({ twinlog, fedify }, { form, spec, status, change }) {
  const before = await countOf(twinlog)
  const server = fedify[form]
  const activity = server.activityBy('rsa')
  const body = Buffer.from(JSON.stringify(await activity.toJsonLd({ format: 'compact', ...server.loaders })))
  const signed = await signedBy(server, 'rsa', { url: twinlog.inboxOf('carol'), body, spec })
  const answer = await deliver(change(signed))
  assert.equal(answer.status, status, answer.text)
  assert.equal(await countOf(twinlog), before)
  assert.equal((await deliver(signed)).status, 202, 'nothing but the change was wrong')
  assert.equal(await countOf(twinlog), before + 1)
  return refusalIn(answer)
}

/** @param {import('./main.mjs').Sides} sides */
async function knockedTwice({ twinlog, fedify }) {
  const before = await countOf(twinlog)
  const server = fedify.cavage
  const activity = server.activityBy('rsa')
  const body = Buffer.from(JSON.stringify(await activity.toJsonLd({ format: 'compact', ...server.loaders })))
  for (const { spec } of FORMS) {
    const answer = await deliver(await signedBy(server, 'rsa', { url: twinlog.inboxOf('carol'), body, spec }))
    assert.equal(answer.status, 202)
  }
  assert.equal(await countOf(twinlog), before + 1)
  return 'appended once'
}

/**
 * A request that Fedify signed, still to be sent.
 * @param {import('./main.mjs').Fedify} server
 * @param {string} as
 * @param {{ url: string, body: Uint8Array, spec: import('@fedify/fedify').HttpMessageSignaturesSpec }} request
 * @returns {Promise<Signed>}
 */
async function signedBy(server, as, { url, body, spec }) {
  const [key] = await server.keysOf(as)
  const headers = { 'content-type': 'application/activity+json' }
  const request = new Request(url, { method: 'POST', headers, body })
  const signed = await signRequest(request, key.privateKey, key.keyId, { spec })
  return { url, headers: Object.fromEntries(signed.headers), body }
}

/** @param {{ status: number, text: string }} answer */
function refusalIn({ status, text }) {
  return `refused, ${status} ${JSON.parse(text).error}`
}

/** @param {Uint8Array} body */
function changed(body) {
  const text = Buffer.from(body).toString()
  assert.ok(text.includes('Grüße'))
  return Buffer.from(text.replace('Grüße', 'Flüche'))
}

/**
 * @param {Signed} request
 * @param {'cavage' | 'rfc9421'} form
 * @returns {Signed}
 */
function redigested({ url, headers, body }, form) {
  const other = changed(body)
  const digest = createHash('sha256').update(other).digest('base64')
  const lines = form === 'cavage' ? { digest: `SHA-256=${digest}` } : { 'content-digest': `sha-256=:${digest}:` }
  return { url, headers: { ...headers, ...lines }, body: other }
}

/** @param {import('./main.mjs').Twinlog} twinlog */
async function countOf(twinlog) {
  return (await twinlog.records('carol')).length + (await twinlog.records('dave')).length
}

/**
 * @param {import('./main.mjs').Twinlog} twinlog
 * @param {number} before
 * @param {{ id: string, actor: string, form: string }} expected
 */
async function assertAppended(twinlog, before, { id, actor, form }) {
  const records = await twinlog.records('carol')
  assert.equal(await countOf(twinlog), before + 1)
  const { value, bytes, meta } = records.at(-1)
  assert.equal(value.id, id)
  assert.equal(meta.actor, actor)
  assert.equal(meta.form, form)
  const digest = createHash('sha256').update(bytes).digest('base64')
  assert.ok(twinlog.answers.at(-1)?.digest.includes(digest), 'other bytes than were sent')
}

/** @param {import('./main.mjs').Twinlog['answers']} answers */
function statusesIn(answers) {
  return answers.map(({ status }) => status)
}
