/** twinlog signs and sends; Fedify judges. Each case says what it tried, and returns what came of it, or throws. */
import assert from 'node:assert/strict'
import { verifyObject, verifyRequestDetailed } from '@fedify/fedify'
import { Activity } from '@fedify/vocab'
import { addProof } from '../dist/index.js'
import { deliver } from './twinlog-side.mjs'

const FORMS = /** @type {const} */ (['cavage', 'rfc9421'])

/**
 * @param {import('./main.mjs').Sides} sides
 * @returns {import('./main.mjs').Case[]}
 */
export function casesFromTwinlog(sides) {
  return [
    ...FORMS.flatMap(form => [
      { title: `${form}, RSA`, run: () => accepted(sides, signed(sides, { form, as: 'rsa' })) },
      {
        title: `${form}, RSA, with an integrity proof, Ed25519`,
        run: () => accepted(sides, signed(sides, { form, as: 'rsa', proofBy: 'rsa' })),
      },
      {
        title: `${form}, forwarded, with the author's integrity proof`,
        run: () => accepted(sides, signed(sides, { form, as: 'rsa', author: 'ed25519', proofBy: 'ed25519' })),
      },
      {
        title: `${form}, forwarded, without a proof`,
        run: () => refused(sides, signed(sides, { form, as: 'rsa', author: 'ed25519' })),
      },
      {
        title: `${form}, forwarded, changed under the proof`,
        run: () =>
          refused(sides, signed(sides, { form, as: 'rsa', author: 'ed25519', proofBy: 'ed25519', after: flip })),
      },
      {
        title: `${form}, another body`,
        run: () => {
          const delivery = signed(sides, { form, as: 'rsa' })
          const activity = flip(JSON.parse(delivery.body.toString()))
          return refused(sides, { ...delivery, activity, body: Buffer.from(JSON.stringify(activity)) })
        },
      },
      {
        title: `${form}, to another inbox`,
        run: () => refused(sides, { ...signed(sides, { form, as: 'rsa' }), url: sides.fedify.cavage.inboxOf('both') }),
      },
    ]),
    // Fedify knows Ed25519 in RFC 9421 alone: its draft-cavage is RSA.
    {
      title: 'rfc9421, Ed25519',
      run: () => accepted(sides, signed(sides, { form: 'rfc9421', as: 'ed25519' })),
    },
    {
      title: 'rfc9421, Ed25519, with an integrity proof',
      run: () => accepted(sides, signed(sides, { form: 'rfc9421', as: 'ed25519', proofBy: 'ed25519' })),
    },
    {
      title: 'rfc9421, Ed25519, another body',
      run: () => {
        const delivery = signed(sides, { form: 'rfc9421', as: 'ed25519' })
        const activity = flip(JSON.parse(delivery.body.toString()))
        return refused(sides, { ...delivery, activity, body: Buffer.from(JSON.stringify(activity)) })
      },
    },
    ...FORMS.map(form => ({
      title: `${form}, RSA, by verifyRequest`,
      run: () => verifiedRequest(sides, form),
    })),
    { title: 'an integrity proof, by verifyObject', run: () => verifiedObject(sides) },
  ]
}

/**
 * @param {import('./main.mjs').Sides} sides
 * @param {{ form: 'cavage' | 'rfc9421', as: string, author?: string, proofBy?: string, after?: (activity: object) => object }} delivery
 */
function signed({ twinlog, fedify }, { form, as, author = as, proofBy, after = activity => activity }) {
  const plain = twinlog.activityBy(author)
  const proven =
    proofBy === undefined ? plain : addProof(plain, { key: twinlog.proofKeyOf(proofBy), created: Date.now() })
  const activity = after(proven)
  return { activity, ...twinlog.signed({ as, to: fedify.cavage.inboxOf('rsa'), form, activity }) }
}

/**
 * @typedef {{ activity: { id: string }, url: string, headers: Record<string, string>, body: Buffer }} Signed
 * @param {import('./main.mjs').Sides} sides
 * @param {Signed} delivery
 */
async function accepted({ fedify }, { activity, ...request }) {
  const { status, text } = await deliver(request)
  assert.equal(status, 202, text)
  assert.ok(fedify.cavage.received.has(activity.id), 'the listener did not get it')
  return 'the listener got it'
}

/**
 * @param {import('./main.mjs').Sides} sides
 * @param {Signed} delivery
 */
async function refused({ fedify }, { activity, ...request }) {
  const { status } = await deliver(request)
  assert.equal(status, 401)
  assert.ok(!fedify.cavage.received.has(activity.id), 'the listener got it')
  return 'refused, 401'
}

/**
 * @param {import('./main.mjs').Sides} sides
 * @param {'cavage' | 'rfc9421'} form
 */
async function verifiedRequest(sides, form) {
  const { url, headers, body } = signed(sides, { form, as: 'rsa' })
  const { loaders } = sides.fedify.cavage
  const verdictOn = (/** @type {Uint8Array} */ bytes) =>
    verifyRequestDetailed(new Request(url, { method: 'POST', headers, body: bytes }), loaders)
  const verdict = await verdictOn(body)
  assert.ok(verdict.verified)
  assert.equal(verdict.key.id?.href, sides.twinlog.keyOf('rsa').id)
  const other = await verdictOn(Buffer.concat([body, Buffer.from(' ')]))
  assert.equal(other.verified, false)
  return 'verified; with one more byte, not'
}

/** @param {import('./main.mjs').Sides} sides */
async function verifiedObject({ twinlog, fedify }) {
  const { loaders } = fedify.cavage
  const proven = addProof(twinlog.activityBy('ed25519'), { key: twinlog.proofKeyOf('ed25519'), created: Date.now() })
  const verified = await verifyObject(Activity, proven, loaders)
  assert.equal(verified?.id?.href, proven.id)
  assert.equal(await verifyObject(Activity, flip(proven), loaders), null)
  return 'verified; changed, not'
}

/** @param {object} activity */
function flip(activity) {
  return { ...activity, object: { ...activity.object, content: 'Flüche' } }
}
