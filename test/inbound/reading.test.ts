/** The stages that look at nothing but the delivery, each by itself. */
import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../src/inbound/limits.ts'
import { checkBodySize } from '../../src/inbound/stages/body-size.ts'
import { idOf, readEnvelope } from '../../src/inbound/stages/envelope.ts'
import { checkHeaderLines } from '../../src/inbound/stages/header-lines.ts'
import { readBody } from '../../src/inbound/stages/json.ts'
import { checkMediaType } from '../../src/inbound/stages/media-type.ts'
import { checkOrigins } from '../../src/inbound/stages/origin.ts'
import { checkRequest } from '../../src/inbound/stages/request.ts'
import { headerLines } from '../../src/signatures/delivery.ts'
import { alice, carol, mallory, sent, us } from './fixtures.ts'

const limits = limitsOf()
const codeOf = (result: unknown): unknown => (result as { code?: unknown } | undefined)?.code
const linesOf = (...rawHeaders: [string, string][]) => headerLines({ ...sent(), rawHeaders })

describe('request', () => {
  it('takes POST', () => {
    expect(checkRequest('POST')).toBeUndefined()
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'post', 'POST ', ''])('refuses %j', method => {
    expect(codeOf(checkRequest(method))).toBe('method_not_allowed')
  })
})

describe('body size', () => {
  it('takes as much as the limit, and not one byte more', () => {
    expect(checkBodySize(10, 10)).toBeUndefined()
    expect(codeOf(checkBodySize(11, 10))).toBe('body_too_large')
  })
})

describe('media type', () => {
  const profile = 'profile="https://www.w3.org/ns/activitystreams"'

  it.each([
    'application/activity+json',
    'Application/Activity+JSON',
    'application/activity+json; charset=utf-8',
    `application/ld+json; ${profile}`,
    `application/ld+json;charset=utf-8;${profile}`,
    'application/ld+json; profile="https://example.com/a https://www.w3.org/ns/activitystreams"',
  ])('takes %s', type => {
    expect(checkMediaType(linesOf(['Content-Type', type]))).toBeUndefined()
  })

  it.each([
    'application/json',
    'text/html',
    'application/ld+json',
    'application/ld+json; profile="https://example.com/"',
    'application/activity+jsonx',
    'text/html; application/activity+json',
    // Node's parser needs more than a second for 16,000 spaces in the middle.
    `application/activity+json; profile="${' '.repeat(1000)}"`,
    '',
  ])('refuses %.60j', type => {
    expect(codeOf(checkMediaType(linesOf(['content-type', type])))).toBe('unsupported_media_type')
  })

  it('refuses none, and two, of which a server may drop one', () => {
    const type: [string, string] = ['content-type', 'application/activity+json']
    expect(codeOf(checkMediaType(linesOf()))).toBe('unsupported_media_type')
    expect(codeOf(checkMediaType(linesOf(type, ['Content-Type', 'text/html'])))).toBe('unsupported_media_type')
    expect(codeOf(checkMediaType(linesOf(type, type)))).toBe('unsupported_media_type')
  })
})

describe('header lines', () => {
  it.each(['Host', 'Date', 'Digest', 'Content-Digest', 'Signature', 'Signature-Input'])('refuses %s twice', name => {
    for (const second of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(codeOf(checkHeaderLines(linesOf([name, 'a'], [second, 'a'])))).toBe('duplicate_header')
    }
    expect(checkHeaderLines(linesOf([name, 'a']))).toBeUndefined()
  })

  it('takes others twice', () => {
    expect(checkHeaderLines(linesOf(['Via', 'a'], ['Via', 'b'], ['Accept', 'c']))).toBeUndefined()
  })
})

describe('JSON', () => {
  const read = (text: string | Uint8Array) => readBody({ ...sent(), body: Buffer.from(text) }, limits)

  it('gives the members of an object', () => {
    expect(read('{"a":[1,{"b":null}]}')).toEqual({ document: { a: [1, { b: null }] } })
  })

  it.each([
    ['malformed_json', '[]'],
    ['malformed_json', '"text"'],
    ['malformed_json', 'null'],
    ['malformed_json', ''],
    ['malformed_json', '{} {}'],
    ['malformed_json', "{'a':1}"],
    ['malformed_json', '{"a":1,}'],
    ['duplicate_key', '{"a":1,"a":1}'],
    ['duplicate_key', '{"b":[{"a":1,"\\u0061":2}]}'],
    ['unsafe_key', '{"a":{"__proto__":1}}'],
    ['unsafe_key', '{"\\u005f_proto__":1}'],
    ['json_too_deep', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['json_too_deep', `{"a":[${'0,'.repeat(10_000)}0]}`],
  ])('%s: %j', (code, text) => {
    expect(codeOf(read(text))).toBe(code)
  })
})

describe('envelope', () => {
  const good = { id: `${carol.id}/1`, type: 'Follow', actor: carol.id }
  const read = (members: object) => readEnvelope({ ...good, ...members })

  it('gives id, types, actor and the activity', () => {
    const envelope = { id: good.id, types: ['Follow'], actor: carol.id }
    expect(readEnvelope(good)).toEqual({ ...envelope, activity: good })
    expect(read({ actor: { id: carol.id, type: 'Person' } })).toMatchObject(envelope)
    expect(read({ actor: [carol.id] })).toMatchObject(envelope)
    expect(read({ type: ['Follow', 'Offer'] })).toMatchObject({ ...envelope, types: ['Follow', 'Offer'] })
    expect(read({ id: `${carol.id}#follows/1` })).toMatchObject({ id: `${carol.id}#follows/1` })
    expect(read({ id: 'HTTP://remote.example/1' })).toMatchObject({ id: 'HTTP://remote.example/1' })
  })

  it('leaves out a Linked Data signature, which nobody verified', () => {
    expect(read({ signature: { type: 'RsaSignature2017' } })).toMatchObject({ activity: good })
    expect(read({ signature: {} })).not.toHaveProperty('activity.signature')
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['a number', 1],
    ['an object', { id: good.id }],
    ['an array', [good.id]],
    ['empty', ''],
    ['relative', '/follows/1'],
    ['without a scheme', '//remote.example/1'],
    ['a urn', 'urn:uuid:1'],
    ['data', 'data:text/plain,1'],
    ['acct', 'acct:carol@remote.example'],
    ['a scheme alone', 'https://'],
    ['a space before', ` ${good.id}`],
    // URL drops the white space, and reads a backslash as a slash; others do not.
    ['a space behind', `${good.id} `],
    ['a space inside', 'https://remote.example/a b'],
    ['a line break in its host', 'https://remote.example\n.evil.example/1'],
    ['a tab in its scheme', 'ht\ttps://remote.example/1'],
    ['a backslash for a slash', 'https://evil.example\\@remote.example/1'],
    ['a zero', 'https://remote.example/\u0000'],
    ['with a user', 'https://carol@remote.example/1'],
    ['with a password', 'https://:p@remote.example/1'],
    ['long', `${carol.id}/${'a'.repeat(1024)}`],
    ['long in bytes', `${carol.id}/${'€'.repeat(400)}`],
  ])('refuses an id or actor that is %s', (_, id) => {
    expect(read({ id })).toMatchObject({ code: 'invalid_envelope', detail: '/id' })
    if (typeof id === 'object' && id !== null) return
    expect(read({ actor: id })).toMatchObject({ code: 'invalid_envelope', detail: '/actor' })
    expect(read({ actor: { id } })).toMatchObject({ code: 'invalid_envelope', detail: '/actor' })
  })

  it.each<[string, unknown]>([
    ['two actors', [carol.id, mallory.id]],
    ['an empty list', []],
    ['a list in a list', [[carol.id]]],
    ['an object without an id', { type: 'Person' }],
    ['an object with two ids', { id: [carol.id, mallory.id] }],
  ])('refuses %s', (_, actor) => {
    expect(read({ actor })).toMatchObject({ code: 'invalid_envelope', detail: '/actor' })
  })

  it.each<[string, unknown]>([
    ['no type', undefined],
    ['an empty type', ''],
    ['no types', []],
    ['an object', {}],
    ['a number among them', ['Follow', 1]],
    ['an empty one among them', ['Follow', '']],
    ['seventeen', Array.from({ length: 17 }, (_, at) => `Type${at}`)],
  ])('refuses %s', (_, type) => {
    expect(read({ type })).toMatchObject({ code: 'invalid_envelope', detail: '/type' })
  })

  it('takes an id from what names one thing only', () => {
    expect(idOf(['a'])).toBe('a')
    expect(idOf([{ id: 'a' }])).toBe('a')
    expect(idOf(['a', 'b'])).toBeUndefined()
    expect(idOf([['a']])).toBeUndefined()
    expect(idOf({})).toBeUndefined()
    expect(idOf(null)).toBeNull()
  })
})

describe('origin', () => {
  const check = (id: string, actor: string) =>
    checkOrigins({ id, actor, types: ['Follow'], activity: { id, type: 'Follow' } }, us)

  it('is the same for id and actor, in any letter case and with the default port', () => {
    expect(check('https://remote.example/1', carol.id)).toBeUndefined()
    expect(check('HTTPS://Remote.Example:443/1', carol.id)).toBeUndefined()
  })

  it.each([
    'https://evil.example/1',
    'http://remote.example/1',
    'https://remote.example:8443/1',
    'https://remote.example.evil.example/1',
    'https://sub.remote.example/1',
    'https://evil.example/https://remote.example/1',
    'https://evil.example\\@remote.example/1',
  ])('refuses the id %s for an actor of https://remote.example', id => {
    expect(codeOf(check(id, carol.id))).toBe('origin_mismatch')
  })

  it.each([alice, 'HTTPS://US.example/users/alice', 'https://us.example:443/', `${us}/nobody`])(
    'refuses the actor %s, who is of this server',
    actor => {
      expect(codeOf(check(`${us}/1`, actor))).toBe('local_actor_spoof')
      expect(codeOf(check(`${carol.id}/1`, actor))).toBe('local_actor_spoof')
    },
  )
})
