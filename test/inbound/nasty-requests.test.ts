/** Requests that broke other servers, each with its number; keys are in nasty-keys, 6 and 7 in redelivery. */
import { constants, createHmac, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cavageBase } from '../../src/signatures/cavage.ts'
import { headerLines, targetOf } from '../../src/signatures/delivery.ts'
import {
  alice,
  carol,
  codeOf,
  dora,
  follow,
  header,
  inboxOf,
  mallory,
  now,
  replaced,
  sent,
  withHeaders,
  type Sent,
} from './fixtures.ts'

/** What carol's key signs, whatever it covers. */
function signedOver(delivery: Sent, headers: readonly string[]): Sent {
  const base = cavageBase(
    { headers },
    { method: 'POST', target: targetOf(delivery.url)!, lines: headerLines(delivery) },
  )
  const signature = sign('sha256', base!, carol.privateKey).toString('base64')
  return withHeaders(delivery, {
    signature: `keyId="${carol.keyId}",headers="${headers.join(' ')}",signature="${signature}"`,
  })
}

describe('1. a signature that does not cover the digest, and another body', () => {
  const body = Buffer.from(JSON.stringify(follow(carol, { object: 'https://evil.example/' })))
  const digest = header(sent({ activity: body }), 'digest')

  it('in the form cavage', async () => {
    const covered = ['(request-target)', 'host', 'date']
    expect(await codeOf(signedOver(sent(), [...covered, 'digest']))).toBe('accepted')
    expect(await codeOf({ ...withHeaders(signedOver(sent(), covered), { digest }), body })).toBe(
      'insufficient_coverage',
    )
    expect(await codeOf({ ...withHeaders(sent(), { digest }), body })).toBe('signature_invalid')
    expect(await codeOf({ ...withHeaders(sent(), { digest: undefined }), body })).toBe('malformed_signature')
    expect(await codeOf({ ...sent(), body })).toBe('digest_mismatch')
  })

  it('in the form rfc9421', async () => {
    const delivery = sent({ form: 'rfc9421' })
    const uncovered = replaced(delivery, 'signature-input', ' "content-digest"', '')
    expect(await codeOf({ ...withHeaders(uncovered, { 'content-digest': undefined }), body })).toBe(
      'insufficient_coverage',
    )
    const other = header(sent({ form: 'rfc9421', activity: body }), 'content-digest')
    expect(await codeOf({ ...withHeaders(delivery, { 'content-digest': other }), body })).toBe('signature_invalid')
  })
})

describe('2. a delivery for one host, posted to another', () => {
  const url = inboxOf(alice)

  it.each(['cavage', 'rfc9421'] as const)('in the form %s', async form => {
    for (const to of [
      inboxOf('https://other.example/users/alice'),
      `https://us.example.evil.example/users/alice/inbox`,
    ]) {
      const delivery = { ...sent({ form, to }), url }
      expect(await codeOf(delivery)).toMatch(/^(insufficient_coverage|signature_invalid)$/)
      expect(await codeOf(withHeaders(delivery, { host: 'us.example' }))).toBe('signature_invalid')
    }
  })

  it('for one inbox, posted to another', async () => {
    for (const form of ['cavage', 'rfc9421'] as const) {
      expect(await codeOf({ ...sent({ form }), url: inboxOf('https://us.example/users/bob') })).toBe(
        'signature_invalid',
      )
    }
  })
})

describe('8. headers that say two things', () => {
  it.each(['date', 'digest', 'host', 'signature'])('%s twice', async name => {
    const delivery = sent()
    for (const value of [header(delivery, name), 'other']) {
      const before = { ...delivery, rawHeaders: [[name, value] as [string, string], ...delivery.rawHeaders] }
      const after = {
        ...delivery,
        rawHeaders: [...delivery.rawHeaders, [name.toUpperCase(), value] as [string, string]],
      }
      expect(await codeOf(before)).toBe('duplicate_header')
      expect(await codeOf(after)).toBe('duplicate_header')
    }
  })

  it('a good digest and a bad one', async () => {
    const good = header(sent(), 'digest')
    const bad = 'SHA-512=AAAA'
    for (const digest of [`${good},${bad}`, `${bad},${good}`, `${good},${good.replace('256', '512')}`]) {
      const covered = ['(request-target)', 'host', 'date', 'digest']
      expect(await codeOf(signedOver(withHeaders(sent(), { digest }), covered))).toBe('digest_mismatch')
    }
  })
})

describe('9. a label, a component or a parameter twice', () => {
  it('of Signature-Input', async () => {
    const delivery = sent({ form: 'rfc9421' })
    const input = header(delivery, 'signature-input')
    const twice = withHeaders(delivery, { 'signature-input': `${input}, ${input}` })
    expect(await codeOf(twice)).toBe('malformed_signature')
    expect(await codeOf(withHeaders(delivery, { 'signature-input': `sig1=(), ${input}` }))).toBe('malformed_signature')
    expect(await codeOf(replaced(delivery, 'signature-input', '"@method"', '"@method" "@method"'))).toBe(
      'malformed_signature',
    )
    expect(await codeOf(replaced(delivery, 'signature-input', ';created', ';created=1;created'))).toBe(
      'malformed_signature',
    )
  })

  it('of cavage', async () => {
    const delivery = sent()
    for (const parameter of [
      `keyId="${carol.keyId}"`,
      'KEYID="x"',
      'headers="date"',
      'signature="AAAA"',
      'algorithm=x',
    ]) {
      const signature = `${header(delivery, 'signature')},${parameter}`
      expect(await codeOf(withHeaders(delivery, { signature }))).toBe('malformed_signature')
    }
    expect(await codeOf(replaced(delivery, 'signature', 'host date', 'host host date'))).toBe('malformed_signature')
  })
})

describe('10. a wrong algorithm', () => {
  const base = (delivery: Sent): Uint8Array =>
    cavageBase(
      { headers: ['(request-target)', 'host', 'date', 'digest'] },
      { method: 'POST', target: targetOf(delivery.url)!, lines: headerLines(delivery) },
    )!
  const by = (delivery: Sent, signature: Buffer, algorithm: string): Sent =>
    withHeaders(delivery, {
      signature: `keyId="${carol.keyId}",algorithm="${algorithm}",headers="(request-target) host date digest",signature="${signature.toString('base64')}"`,
    })
  const pem = (carol.document['publicKey'] as { publicKeyPem: string }).publicKeyPem

  it.each(['hmac-sha256', 'hs2019', 'rsa-sha256'])('HMAC with the public key as the secret, named %s', async name => {
    const delivery = sent()
    const mac = createHmac('sha256', pem).update(base(delivery)).digest()
    expect(await codeOf(by(delivery, mac, name))).toMatch(/^(unsupported_algorithm|signature_invalid)$/)
  })

  it('PSS, and SHA-1', async () => {
    const delivery = sent()
    const pss = { key: carol.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    for (const signature of [sign('sha256', base(delivery), pss), sign('sha1', base(delivery), carol.privateKey)]) {
      for (const name of ['hs2019', 'rsa-sha256'])
        expect(await codeOf(by(delivery, signature, name))).toBe('signature_invalid')
    }
    expect(await codeOf(by(delivery, Buffer.from('x'), 'rsa-sha1'))).toBe('unsupported_algorithm')
  })

  it('ed25519 for an RSA key, and the other way round', async () => {
    expect(await codeOf(replaced(sent(), 'signature', 'rsa-sha256', 'ed25519'))).toBe('unsupported_algorithm')
    const input = sent({ form: 'rfc9421' })
    expect(await codeOf(replaced(input, 'signature-input', 'rsa-v1_5-sha256', 'ed25519'))).toBe('unsupported_algorithm')
    for (const alg of ['rsa-pss-sha512', 'hmac-sha256', 'ecdsa-p256-sha256', 'rsa-sha256']) {
      expect(await codeOf(replaced(input, 'signature-input', 'rsa-v1_5-sha256', alg))).toBe('unsupported_algorithm')
    }
    const other = sent({ form: 'rfc9421', from: dora })
    expect(await codeOf(replaced(other, 'signature-input', '"ed25519"', '"rsa-v1_5-sha256"'))).toBe(
      'unsupported_algorithm',
    )
  })
})

describe('12. bodies that two readers would read in two ways', () => {
  const good = JSON.stringify(follow(carol))
  const bytes = (...parts: (string | number[])[]): Buffer =>
    Buffer.concat(parts.map(part => Buffer.from(part as string)))

  it.each<[string, Uint8Array, string]>([
    ['200,000 lists in each other', bytes('{"a":', '['.repeat(200_000), ']'.repeat(200_000), '}'), 'json_too_deep'],
    ['200,000 lists that never end', bytes('['.repeat(200_000)), 'json_too_deep'],
    ['two actors', bytes(good.replace('{', `{"actor":"${mallory.id}",`)), 'duplicate_key'],
    ['two actors, one of them escaped', bytes(good.replace('{', `{"\\u0061ctor":"${mallory.id}",`)), 'duplicate_key'],
    ['__proto__', bytes(good.replace('{', '{"__proto__":{"actor":"x"},')), 'unsafe_key'],
    ['__proto__ further down', bytes(good.replace('{', '{"tag":[{"__proto__":null}],')), 'unsafe_key'],
    ['a lone surrogate', bytes(good.replace('{', '{"name":"\\ud800",')), 'malformed_json'],
    ['a lone surrogate for a name', bytes(good.replace('{', '{"\\udc00":1,')), 'malformed_json'],
    ['a byte order mark', bytes([0xef, 0xbb, 0xbf], good), 'malformed_json'],
    ['an invalid byte', bytes(good.replace('}', ',"name":"'), [0xff], '"}'), 'malformed_json'],
    ['an overlong slash', bytes(good.replace('}', ',"name":"'), [0xc0, 0xaf], '"}'), 'malformed_json'],
    ['a surrogate in UTF-8', bytes(good.replace('}', ',"name":"'), [0xed, 0xa0, 0x80], '"}'), 'malformed_json'],
    ['UTF-16', Buffer.from(good, 'utf16le'), 'malformed_json'],
    ['two texts', bytes(good, good), 'malformed_json'],
    ['a comment', bytes(good, '//'), 'malformed_json'],
    ['NaN', bytes(good.replace('{', '{"name":NaN,')), 'malformed_json'],
    ['a zero byte behind', bytes(good, [0]), 'malformed_json'],
    ['nothing', bytes(), 'malformed_json'],
  ])('%s', async (_, activity, code) => {
    expect(await codeOf(sent({ activity }))).toBe(code)
  })

  it('and the same without', async () => {
    expect(await codeOf(sent({ activity: good }))).toBe('accepted')
  })
})

describe('13. times', () => {
  const input = (created: string): Sent =>
    replaced(sent({ form: 'rfc9421' }), 'signature-input', /created=\d+/, created)
  const seconds = now / 1000

  it.each([
    [`created=${seconds + 7200}`, 'signature_from_future'],
    [`created=-${seconds}`, 'malformed_signature'],
    [`created=${seconds}.5`, 'malformed_signature'],
    [`created="${seconds}"`, 'malformed_signature'],
    ['created=0', 'signature_expired'],
    [`created=${seconds};expires=4070908800`, 'signature_invalid'],
    [`created=${seconds};expires=${seconds - 1}`, 'signature_expired'],
    [`created=${seconds};expires=-1`, 'malformed_signature'],
  ])('%s: %s', async (created, code) => {
    expect(await codeOf(input(created))).toBe(code)
  })

  it('expires in 2099 prolongs no life beyond twelve hours', async () => {
    const old = seconds - 14 * 3600
    expect(await codeOf(input(`created=${old};expires=4070908800`))).toBe('signature_expired')
  })

  it.each([
    'wrong',
    '',
    '2026-03-04T05:06:07Z',
    'Wed, 04 Mar 2026 05:06:07 +0000',
    'Tue, 04 Mar 2026 05:06:07 GMT',
    `${seconds}`,
  ])('Date: %j', async date => {
    const delivery = withHeaders(sent(), { date })
    expect(await codeOf(signedOver(delivery, ['(request-target)', 'host', 'date', 'digest']))).toBe(
      'malformed_signature',
    )
  })
})
