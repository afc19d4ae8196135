/** draft-cavage-http-signatures-12: the header, what is signed, what has to be covered, and for how long it holds. */
import { createHmac, createSign, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseCavageHeader } from '../../src/signatures/cavage-header.ts'
import { cavageBase } from '../../src/signatures/cavage.ts'
import { formatHttpDate } from '../../src/signatures/dates.ts'
import { headerLines, targetOf } from '../../src/signatures/delivery.ts'
import { formatDigest } from '../../src/signatures/digest.ts'
import { readSignature } from '../../src/signatures/read-signature.ts'
import {
  activity,
  actor,
  codeOf,
  ed25519,
  header,
  host,
  inbox,
  keys,
  now,
  ok,
  rsa,
  seconds,
  send,
  verify,
  withHeaders,
  type KeyPair,
  type Sent,
} from './fixtures.ts'

const minute = 60_000
const hour = 60 * minute

interface Custom {
  readonly covered?: string
  /** Parameters in place of the usual ones; `undefined` leaves one out. */
  readonly parameters?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly url?: string
  readonly signedUrl?: string
  readonly hash?: string
  readonly key?: KeyPair
}

/** A delivery signed by hand: whatever the test wants, with a signature that is true of it. */
function custom({
  covered,
  parameters = {},
  headers = {},
  url = inbox,
  signedUrl = url,
  hash,
  key = rsa,
}: Custom): Sent {
  const names = covered ?? '(request-target) host date digest'
  const usual = { host, date: formatHttpDate(now), digest: formatDigest(activity) }
  const delivery = withHeaders({ method: 'POST', url, rawHeaders: Object.entries(usual), body: activity }, headers)
  const number = (name: string): object =>
    parameters[name] === undefined ? {} : { [name]: Number(parameters[name].replaceAll('"', '')) * 1000 }
  const base = cavageBase(
    { headers: names.split(' '), ...number('created'), ...number('expires') },
    { method: 'POST', target: targetOf(signedUrl)!, lines: headerLines(delivery) },
  )
  const algorithm = key.verification.algorithm === 'rsa' ? (hash ?? 'sha256') : null
  const signature = sign(algorithm, base ?? Buffer.from('nothing'), key.privateKey).toString('base64')
  const all = { keyId: `"${key.id}"`, headers: `"${names}"`, signature: `"${signature}"`, ...parameters }
  const text = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return withHeaders(delivery, { signature: text.join(',') })
}

const codeFor = (options: Custom, at = now): string =>
  codeOf(verify(custom(options), (options.key ?? rsa).verification, { now: at }))

describe('the Signature header', () => {
  const good = 'keyId="k",algorithm="hs2019",created=1402170695,expires="1402170699",headers="host",signature="AAAA"'

  it('is read', () => {
    expect(parseCavageHeader(good)).toEqual({
      keyId: 'k',
      algorithm: 'hs2019',
      created: 1_402_170_695_000,
      expires: 1_402_170_699_000,
      headers: ['host'],
      signature: Buffer.from('AAAA', 'base64'),
    })
  })

  it.each([
    ' keyId = "k" ,\theaders="host" , signature="AAAA" ',
    'signature="AAAA",headers="host",keyId="k"',
    'KEYID="k",Headers="host",SIGNATURE="AAAA"',
    'keyId=k,headers=host,signature=AAAA',
    'Signature keyId="k",headers="host",signature="AAAA"',
    'keyId="k",headers="host",signature="AAAA",unknown="x, y=z"',
  ])('may be written as %s', text => {
    expect(parseCavageHeader(text)).toMatchObject({ keyId: 'k', headers: ['host'], signature: Buffer.alloc(3) })
  })

  it.each([
    ['keyId twice', `${good},keyId="k"`],
    ['keyid twice', `${good},keyid="l"`],
    ['headers twice', `${good},headers="date"`],
    ['unknown twice', `${good},unknown="1",unknown="1"`],
    ['syntax', ''],
    ['syntax', 'Signature'],
    ['syntax', 'Signature Signature keyId="k"'],
    ['syntax', 'Digest keyId="k"'],
    ['syntax', `${good},`],
    ['syntax', `,${good}`],
    ['syntax', `${good} x`],
    ['syntax', 'keyId="k'],
    ['syntax', 'keyId="a\\"b",headers="host",signature="AAAA"'],
    ['syntax', 'keyId="k"headers="host",signature="AAAA"'],
    ['syntax', 'keyId="k\u00e9",headers="host",signature="AAAA"'],
    ['syntax', Array.from({ length: 17 }, (_, at) => `p${at}=1`).join(',')],
    ['too long', `keyId="${'k'.repeat(16_384)}"`],
    ['keyId', 'headers="host",signature="AAAA"'],
    ['keyId', 'keyId="",headers="host",signature="AAAA"'],
    ['keyId', `keyId="${'k'.repeat(2049)}",headers="host",signature="AAAA"`],
    ['signature', 'keyId="k",headers="host"'],
    ['signature', 'keyId="k",headers="host",signature=""'],
    ['signature', 'keyId="k",headers="host",signature="AAA"'],
    ['signature', 'keyId="k",headers="host",signature="AAB="'],
    ['signature', 'keyId="k",headers="host",signature="AA_-"'],
    ['headers', 'keyId="k",headers="",signature="AAAA"'],
    ['headers', 'keyId="k",headers="host host",signature="AAAA"'],
    ['headers', 'keyId="k",headers="Host",signature="AAAA"'],
    ['headers', 'keyId="k",headers="host  date",signature="AAAA"'],
    ['headers', 'keyId="k",headers=" host",signature="AAAA"'],
    ['headers', 'keyId="k",headers="(unknown)",signature="AAAA"'],
    ...['-1', '1.5', '"1.5"', '1e9', '01', '""', '"x"', '1234567890123'].flatMap(time => [
      ['created', `keyId="k",headers="host",signature="AAAA",created=${time}`],
      ['expires', `keyId="k",headers="host",signature="AAAA",expires=${time}`],
    ]),
  ])('is refused for %s: %.60s', (reason, text) => {
    expect(parseCavageHeader(text)).toBe(reason)
    const code = codeOf(verify(withHeaders(custom({}), { signature: text }), rsa.verification))
    expect(code).toBe('malformed_signature')
  })

  it('covers (created) alone when it does not say what it covers', () => {
    expect(parseCavageHeader('keyId="k",signature="AAAA"')).toMatchObject({ headers: ['(created)'] })
  })
})

describe('the signed text', () => {
  it('has a line for each name, in their order', () => {
    const target = targetOf('https://b.example/x?y=1')!
    const rawHeaders = ['X-Two', ' a ', 'HOST', 'b.example', 'x-two', '\tb', 'Empty', '']
    const lines = headerLines({ method: 'POST', url: '', rawHeaders, body: Buffer.alloc(0) })
    const request = { method: 'POST', target, lines }
    const headers = ['(request-target)', '(created)', '(expires)', 'host', 'x-two', 'empty']
    const times = { created: 1_402_170_695_000, expires: 1_402_170_699_000 }
    const text = (withQuery: boolean): string =>
      Buffer.from(cavageBase({ headers, ...times }, request, withQuery)!).toString()
    const rest = '(created): 1402170695\n(expires): 1402170699\nhost: b.example\nx-two: a, b\nempty: '
    expect(text(true)).toBe(`(request-target): post /x?y=1\n${rest}`)
    expect(text(false)).toBe(`(request-target): post /x\n${rest}`)
    for (const name of ['absent', '(created)', '(expires)']) {
      expect(cavageBase({ headers: [name] }, request)).toBeUndefined()
    }
  })

  it('can not be forged with a line break', () => {
    const forged = custom({ covered: '(request-target) host date digest x', headers: { x: 'a\nb: c' } })
    expect(codeOf(verify(forged, rsa.verification))).toBe('malformed_signature')
  })
})

describe('a delivery', () => {
  it.each(Object.entries(keys))('with a %s key is read and verified', (_, key) => {
    const delivery = send({ form: 'cavage', key })
    const candidate = ok(readSignature(delivery, { now, host }))
    expect(candidate).toMatchObject({
      form: 'cavage',
      keyId: key.id,
      covered: ['(request-target)', 'host', 'date', 'digest'],
      created: seconds * 1000,
      expires: now + 5 * minute,
      readAt: now,
    })
    expect(verify(delivery, key.verification)).toMatchObject({ keyId: key.id, owner: actor })
  })

  it('by GET needs no digest', () => {
    const delivery = send({ form: 'cavage', key: rsa, method: 'GET' })
    expect(header(delivery, 'signature')).not.toContain('digest')
    expect(codeOf(verify(delivery, rsa.verification))).toBe('accepted')
    expect(codeOf(verify({ ...delivery, body: activity }, rsa.verification))).toBe('insufficient_coverage')
  })

  it('may sign its target with or without the query', () => {
    const url = `${inbox}?page=1`
    const codes = [url, inbox, `${inbox}?page=2`].map(signedUrl => codeFor({ url, signedUrl }))
    expect(codes).toEqual(['accepted', 'accepted', 'signature_invalid'])
    expect(codeFor({ url: inbox, signedUrl: url })).toBe('signature_invalid')
  })

  it('may cover only so much', () => {
    const delivery = send({ form: 'cavage', key: rsa })
    const codes = [4, 3].map(componentsMax => codeOf(readSignature(delivery, { now, host, limits: { componentsMax } })))
    expect(codes).toEqual(['accepted', 'malformed_signature'])
  })

  it('may cover more, in any order', () => {
    const headers = { 'content-type': 'application/activity+json', cookie: '' }
    expect(codeFor({ covered: 'digest content-type date cookie (request-target) host', headers })).toBe('accepted')
    expect(codeFor({ covered: '(request-target) host date digest content-type' })).toBe('malformed_signature')
  })
})

describe('coverage', () => {
  it.each(['(request-target)', 'host', 'date', 'digest'])('has to have %s', name => {
    const covered = ['(request-target)', 'host', 'date', 'digest'].filter(each => each !== name).join(' ')
    expect(codeFor({ covered })).toBe('insufficient_coverage')
  })

  it('may have (created) instead of date', () => {
    const covered = '(request-target) host (created) digest'
    expect(codeFor({ covered, parameters: { created: String(seconds) }, headers: { date: undefined } })).toBe(
      'accepted',
    )
    expect(codeFor({ covered })).toBe('malformed_signature')
    expect(codeFor({ parameters: { headers: undefined } })).toBe('insufficient_coverage')
  })

  it('stops a delivery for one host at another: replayed as it is, and readdressed', () => {
    const other = send({ form: 'cavage', key: rsa, url: inbox.replace(host, 'c.example') })
    expect(codeOf(verify(other, rsa.verification, { host: 'c.example' }))).toBe('accepted')
    expect(codeOf(verify({ ...other, url: inbox }, rsa.verification))).toBe('insufficient_coverage')
    expect(codeOf(verify(withHeaders(other, { host }), rsa.verification))).toBe('signature_invalid')
    expect(codeOf(verify(withHeaders(other, { host: undefined }), rsa.verification))).toBe('insufficient_coverage')
  })

  it('takes the host in any letter case, and with its default port', () => {
    for (const named of ['B.Example', 'b.example:443']) expect(codeFor({ headers: { host: named } })).toBe('accepted')
    expect(codeFor({ headers: { host: 'b.example:8443' } })).toBe('insufficient_coverage')
  })

  it('without the digest does not protect the body, so it is refused', () => {
    const covered = '(request-target) host date'
    const swapped = { ...custom({ covered }), body: Buffer.from('{}') }
    expect(codeOf(verify(swapped, rsa.verification))).toBe('insufficient_coverage')
    const redigested = withHeaders(custom({ covered }), { digest: formatDigest(swapped.body) })
    expect(codeOf(verify({ ...redigested, body: swapped.body }, rsa.verification))).toBe('insufficient_coverage')
  })
})

describe('digests', () => {
  it.each([
    ['Digest', 'SHA-256=AAAA'],
    ['Digest', `${formatDigest(activity)},SHA-512=bad`],
    ['Digest', 'MD5=AAAA'],
    ['Content-Digest', 'sha-256=:AAAA:'],
  ])('%s: %s is a mismatch', (name, value) => {
    expect(codeFor({ headers: { [name.toLowerCase()]: value } })).toBe('digest_mismatch')
  })

  it('see another body', () => {
    expect(codeOf(verify({ ...custom({}), body: Buffer.from('{}') }, rsa.verification))).toBe('digest_mismatch')
  })
})

describe('algorithms', () => {
  it.each([undefined, '"hs2019"', '"rsa-sha256"', 'rsa-sha256'])('%s goes with RSA and SHA-256', algorithm => {
    expect(codeFor({ parameters: { algorithm } })).toBe('accepted')
  })

  it('a name narrows the choice, and the key has the last word', () => {
    expect(codeFor({ parameters: { algorithm: '"rsa-sha512"' }, hash: 'sha512' })).toBe('accepted')
    expect(codeFor({ hash: 'sha512' })).toBe('accepted')
    expect(codeFor({ parameters: { algorithm: '"rsa-sha256"' }, hash: 'sha512' })).toBe('signature_invalid')
    expect(codeFor({ parameters: { algorithm: '"rsa-sha512"' } })).toBe('signature_invalid')
    expect(codeFor({ parameters: { algorithm: '"ed25519"' } })).toBe('unsupported_algorithm')
    expect(codeFor({ parameters: { algorithm: '"rsa-sha256"' }, key: ed25519 })).toBe('unsupported_algorithm')
    expect(codeFor({ parameters: { algorithm: '"ed25519"' }, key: ed25519 })).toBe('accepted')
  })

  it.each(['hmac-sha256', 'rsa-sha1', 'ecdsa-sha256', 'rsa-pss-sha512', 'HS2019', 'none', ''])(
    '%s is refused',
    name => {
      expect(codeFor({ parameters: { algorithm: `"${name}"` } })).toBe('unsupported_algorithm')
    },
  )

  it('an older name does not go with (created) or (expires)', () => {
    const [created, expires] = [String(seconds), String(seconds + 60)]
    for (const covered of ['(request-target) host (created) digest', '(request-target) host date (expires) digest']) {
      for (const name of ['hs2019', 'rsa-sha256']) {
        const code = codeFor({ covered, parameters: { created, expires, algorithm: `"${name}"` } })
        expect(code).toBe(name === 'hs2019' ? 'accepted' : 'malformed_signature')
      }
    }
  })

  it('HMAC with the public PEM as its secret, SHA-1 and PSS are no signatures', () => {
    const delivery = custom({})
    const [base] = ok(readSignature(delivery, { now, host })).bases
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
    const forged = [
      createHmac('sha256', pem).update(base!).digest(),
      createSign('sha1').update(base!).sign(rsa.privateKey),
      sign('sha256', base!, { key: rsa.privateKey, padding: 6 }),
      sign('sha512', base!, { key: rsa.privateKey, padding: 6 }),
    ]
    for (const bytes of forged) {
      const text = `keyId="${rsa.id}",headers="(request-target) host date digest",signature="${bytes.toString('base64')}"`
      expect(codeOf(verify(withHeaders(delivery, { signature: text }), rsa.verification))).toBe('signature_invalid')
    }
  })
})

describe('freshness', () => {
  const covered = '(request-target) host (created) (expires) digest'
  const at = (created: number, expires: number): Custom => ({
    covered,
    parameters: { created: String(created / 1000), expires: String(expires / 1000) },
  })

  it('is five minutes after the date, an hour either way for clocks', () => {
    expect(codeFor({}, now + hour + 5 * minute)).toBe('accepted')
    expect(codeFor({}, now + hour + 5 * minute + 1)).toBe('signature_expired')
    expect(codeFor({}, now - hour)).toBe('accepted')
    expect(codeFor({}, now - hour - 1)).toBe('signature_from_future')
    expect(codeFor({}, Number.NaN)).not.toBe('accepted')
  })

  it('is what expires says, twelve hours at most', () => {
    expect(codeFor(at(now, now + 8 * hour), now + 9 * hour)).toBe('accepted')
    expect(codeFor(at(now, now + 8 * hour), now + 9 * hour + 1)).toBe('signature_expired')
    const far = at(now, Date.UTC(2099, 0))
    expect(ok(readSignature(custom(far), { now, host })).expires).toBe(now + 12 * hour)
    expect(codeFor(far, now + 13 * hour)).toBe('accepted')
    expect(codeFor(far, now + 13 * hour + 1)).toBe('signature_expired')
    expect(codeFor(at(now, now - 1000))).toBe('signature_expired')
  })

  it('of created two hours ahead is refused', () => {
    expect(codeFor(at(now + 2 * hour, now + 3 * hour))).toBe('signature_from_future')
  })

  it('can be shortened, and not prolonged, by an expires that is not signed', () => {
    const parameters = { expires: String((now + 8 * hour) / 1000) }
    expect(codeFor({ parameters }, now + hour + 5 * minute)).toBe('accepted')
    expect(codeFor({ parameters }, now + hour + 5 * minute + 1)).toBe('signature_expired')
    expect(codeFor({ parameters: { expires: String((now + minute) / 1000) } }, now + hour + minute + 1)).toBe(
      'signature_expired',
    )
  })

  it('counts only times that are signed, and all of them', () => {
    const stale = { date: formatHttpDate(now - 24 * hour) }
    expect(codeFor({ headers: stale, parameters: { created: String(seconds) } })).toBe('signature_expired')
    expect(codeFor({ parameters: { created: String((now + 2 * hour) / 1000) } })).toBe('accepted')
    const both = '(request-target) host date (created) digest'
    expect(codeFor({ covered: both, headers: stale, parameters: { created: String(seconds) } })).toBe(
      'signature_expired',
    )
    expect(codeFor({ covered: both, parameters: { created: String(seconds) } })).toBe('accepted')
  })

  it.each(['wrong', 'wrong 1', '', '2026-03-04', 'Wed, 04 Mar 2026 05:06:07 +0000', 'Thu, 04 Mar 2026 05:06:07 GMT'])(
    'needs a date that is one: %s',
    date => expect(codeFor({ headers: { date } })).toBe('malformed_signature'),
  )

  it('needs a date that is there', () => {
    expect(codeFor({ headers: { date: undefined } })).toBe('malformed_signature')
  })
})
