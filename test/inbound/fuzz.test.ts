/** Every parser of this room meets random and mutated input: it never throws, and what it lets pass is what it says. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { externalUrl } from '../../src/inbound/adapter.ts'
import { limitsOf } from '../../src/inbound/limits.ts'
import { idOf, readEnvelope } from '../../src/inbound/stages/envelope.ts'
import { checkHeaderLines } from '../../src/inbound/stages/header-lines.ts'
import { readBody } from '../../src/inbound/stages/json.ts'
import { checkMediaType } from '../../src/inbound/stages/media-type.ts'
import { checkObjectOwner } from '../../src/inbound/stages/object-owner.ts'
import { checkOrigins } from '../../src/inbound/stages/origin.ts'
import { isRejected } from '../../src/inbound/verdict.ts'
import { isActivityType } from '../../src/peers/fetch/content-type.ts'
import { headerLines, targetOf } from '../../src/signatures/delivery.ts'
import { originOf } from '../../src/signatures/origin.ts'
import { runs } from '../engine/runs.ts'
import { alice, carol, dora, follow, inboxOf, mallory, sent, us, world } from './fixtures.ts'

const profile = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
const seeds = [
  carol.id,
  `${carol.id}/follows/1`,
  inboxOf(alice),
  'application/activity+json; charset=utf-8',
  profile,
  '/users/alice/inbox?x=1',
  'https://u:p@[::1]:443/a?b#c',
]
const piece = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    ';',
    ',',
    ':',
    '/',
    '//',
    '?',
    '#',
    '@',
    '=',
    ' ',
    '\t',
    '\n',
    '\0',
    'é',
    '\ud800',
    '%',
    '..',
  ),
  fc.string(),
)

/** Random text, and good text with pieces cut, repeated and thrown in. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc
    .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(20), piece, fc.nat(3))
    .map(([text, at, length, added, times]) => {
      const start = at % (text.length + 1)
      return text.slice(0, start) + added.repeat(times) + text.slice(start + length)
    }),
)

const word = fc.constantFrom(
  'id',
  'type',
  'actor',
  'object',
  'attributedTo',
  'proof',
  'signature',
  'toString',
  '__proto__',
)
const known = fc.constantFrom<unknown>(carol.id, dora.id, mallory.id, alice, 'Update', 'Delete', 'Undo', 'Person', null)
const anyValue = fc.letrec<{ any: unknown }>(tie => ({
  any: fc.oneof(
    { maxDepth: 3 },
    known,
    anyText,
    fc.jsonValue(),
    fc.dictionary(word, tie('any')),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
})).any
/** An activity with a few members that may be anything. */
const anyActivity = fc.dictionary(word, anyValue).map(members => ({ ...follow(carol), ...members }))

describe('a parser', () => {
  it('of the media type', () => {
    fc.assert(
      fc.property(anyText, fc.nat(2), (text, times) => {
        const rawHeaders = Array.from({ length: times }, (): [string, string] => ['Content-Type', text])
        const refusal = checkMediaType(headerLines({ ...sent(), rawHeaders }))
        if (refusal === undefined) expect([times, isActivityType(text.trim())]).toEqual([1, true])
        else expect(refusal.detail.length).toBeLessThanOrEqual(100)
        if (isActivityType(text)) expect(text).toMatch(/application\/(activity|ld)\+json/i)
      }),
      runs(150),
    )
  })

  it('of header lines', () => {
    const names = fc.constantFrom('Host', 'host', 'DATE', 'Signature', 'x')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(names, anyText), anyText), { maxLength: 4 }), rawHeaders => {
        const counted = rawHeaders
          .map(([name]) => name.toLowerCase())
          .filter(name => /^(host|date|signature)$/.test(name))
        const refusal = checkHeaderLines(headerLines({ ...sent(), rawHeaders }))
        expect(refusal === undefined).toBe(new Set(counted).size === counted.length)
      }),
      runs(150),
    )
  })

  it('of the body', () => {
    const limits = limitsOf({ depthMax: 5, nodesMax: 50 })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(text => Buffer.from(text)),
      anyText.map(text => Buffer.from(`{"id":"${text}"}`)),
    )
    fc.assert(
      fc.property(bytes, body => {
        const read = readBody({ ...sent(), body }, limits)
        if (isRejected(read)) return
        expect(read.document).toEqual(JSON.parse(Buffer.from(body).toString()))
      }),
      runs(150),
    )
  })

  it('of the envelope', () => {
    fc.assert(
      fc.property(anyActivity, document => {
        const read = readEnvelope(document)
        if (isRejected(read)) return
        const { id, actor, types, activity } = read
        expect(document['id']).toBe(id)
        expect(idOf(document['actor'])).toBe(actor)
        for (const each of [id, actor]) expect(originOf(each)).toMatch(/^https?:\/\//)
        expect(types.length).toBeGreaterThan(0)
        expect(Object.keys(activity)).toEqual(Object.keys(document).filter(name => name !== 'signature'))
        // What passes both has an owner of its own, who is not of this server.
        if (checkOrigins(read, us) === undefined) {
          expect(originOf(id)).toBe(originOf(actor))
          expect(originOf(actor)).not.toBe(us)
        }
      }),
      runs(250),
    )
  })

  it('of ids', () => {
    fc.assert(
      fc.property(anyText, text => {
        const origin = originOf(text)
        if (origin !== undefined) expect(new URL(text).origin).toBe(origin)
      }),
      runs(150),
    )
  })

  it('of owners', () => {
    fc.assert(
      fc.property(anyValue, fc.constantFrom('Update', 'Delete', 'Undo'), (object, type) => {
        const activity = { id: `${carol.id}/1`, type, actor: carol.id, object }
        const refusal = checkObjectOwner({ id: activity.id, types: [type], actor: carol.id, activity })
        if (refusal !== undefined) return
        for (const each of Array.isArray(object) ? object : [object]) {
          if (type !== 'Undo' || typeof each === 'string') expect(originOf(String(idOf(each)))).toBe(originOf(carol.id))
          else if (idOf(each) === undefined)
            expect(each).toHaveProperty(each.actor === undefined ? 'attributedTo' : 'actor')
        }
      }),
      runs(250),
    )
  })

  it('of the target', () => {
    fc.assert(
      fc.property(anyText, target => {
        const url = externalUrl(us, target)
        expect(url.startsWith(`${us}/`)).toBe(true)
        expect(new URL(url).origin).toBe(us)
        expect([undefined, 'us.example']).toContain(targetOf(url)?.authority)
      }),
      runs(250),
    )
  })
})

it('any activity that carol signs is accepted or refused, and what is accepted is hers', async () => {
  const { inbound } = await world()
  await fc.assert(
    fc.asyncProperty(anyActivity, async activity => {
      const verdict = await inbound.receive(sent({ activity: JSON.stringify(activity) }))
      if (!verdict.accepted) return
      expect(verdict.signer.actor).toBe(carol.id)
      expect(idOf(verdict.activity['actor'])).toBe(carol.id)
    }),
    runs(200),
  )
})
