/** RFC 9421: its own vector, what is signed, what has to be covered, which of several signatures counts. */
import { createHmac, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { headerLines, targetOf } from '../../src/signatures/delivery.ts'
import { formatContentDigest } from '../../src/signatures/digest.ts'
import { keyFromPem } from '../../src/signatures/key-import.ts'
import { checkSignature } from '../../src/signatures/check-signature.ts'
import { readSignature } from '../../src/signatures/read-signature.ts'
import { rfc9421Base } from '../../src/signatures/rfc9421.ts'
import { parseSignatures } from '../../src/signatures/signature-input.ts'
import {
  activity,
  codeOf,
  ed25519,
  hasVectors,
  header,
  host,
  inbox,
  keys,
  now,
  ok,
  rsa,
  seconds,
  send,
  vector,
  verify,
  withHeaders,
  type KeyPair,
  type Sent,
} from './fixtures.ts'

const minute = 60_000
const hour = 60 * minute
const limits = { labelsMax: 4, componentsMax: 32 }
const usual = ['@method', '@target-uri', 'content-digest']
const list = (components: readonly string[]): string => components.map(name => `"${name}"`).join(' ')

interface Custom {
  readonly components?: readonly string[]
  /** What follows the list of components. */
  readonly parameters?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly url?: string
  readonly key?: KeyPair
  readonly hash?: string
}

/** A signature by hand over a delivery, true of it: the two members for one label. */
function member(
  delivery: Sent,
  { components = usual, parameters, key = rsa, hash = 'sha256' }: Custom,
  label = 'sig1',
) {
  const text = `(${list(components)})${parameters ?? `;created=${seconds};keyid="${key.id}"`}`
  const request = { method: delivery.method, target: targetOf(delivery.url)!, lines: headerLines(delivery) }
  const base = rfc9421Base({ components, text }, request) ?? Buffer.from('nothing')
  const signature = sign(key.verification.algorithm === 'rsa' ? hash : null, base, key.privateKey).toString('base64')
  return { input: `${label}=${text}`, signature: `${label}=:${signature}:` }
}

function unsigned({ headers = {}, url = inbox }: Custom = {}): Sent {
  const rawHeaders = Object.entries({ host, 'content-digest': formatContentDigest(activity) })
  return withHeaders({ method: 'POST', url, rawHeaders, body: activity }, headers)
}

function signedBy(delivery: Sent, ...members: { readonly input: string; readonly signature: string }[]): Sent {
  const [inputs, signatures] = [members.map(each => each.input), members.map(each => each.signature)]
  return withHeaders(delivery, { 'signature-input': inputs.join(', '), signature: signatures.join(', ') })
}

function custom(options: Custom): Sent {
  return signedBy(unsigned(options), member(unsigned(options), options))
}

const codeFor = (options: Custom, at = now): string =>
  codeOf(verify(custom(options), (options.key ?? rsa).verification, { now: at }))

describe.skipIf(!hasVectors)('the vector of appendix B.2.6 (skipped when ../shared/vectors is not there)', () => {
  interface Vector {
    readonly request: { method: string; targetUri: string; rawHeaders: string[]; body: string }
    readonly key: { keyId: string; publicKeyPem: string }
    readonly signatureBase: string
  }

  it('has the same signature base, and verifies', () => {
    const { request, key, signatureBase } = JSON.parse(vector('rfc9421/b-2-6.json')) as Vector
    const { method, targetUri: url, rawHeaders } = request
    const delivery = { method, url, rawHeaders, body: Buffer.from(request.body) }
    const [value] = ['Signature-Input', 'Signature'].map(name => rawHeaders[rawHeaders.indexOf(name) + 1]!)
    const signatures = parseSignatures(value!, rawHeaders.at(-1)!, limits)
    if (typeof signatures === 'string') throw new Error(signatures)
    const { input, signature } = signatures[0]!
    if (typeof input === 'string') throw new Error(input)
    const base = rfc9421Base(input, { method, target: targetOf(url)!, lines: headerLines(delivery) })!
    expect(Buffer.from(base).toString()).toBe(signatureBase)

    const candidate = {
      keyId: key.keyId,
      algorithms: ['ed25519'] as const,
      bases: [base],
      signature: signature!,
      readAt: now,
    }
    const verification = { id: key.keyId, owner: 'owner', ...ok(keyFromPem(key.publicKeyPem)) }
    expect(codeOf(checkSignature(candidate, verification))).toBe('accepted')
    expect(codeOf(checkSignature({ ...candidate, bases: [Buffer.from(`${signatureBase} `)] }, verification))).toBe(
      'signature_invalid',
    )
    // It covers too little to be accepted as a delivery.
    expect(codeOf(readSignature(delivery, { now: 1_618_884_473_000, host: 'example.com' }))).toBe(
      'insufficient_coverage',
    )
  })
})

describe('the signature base', () => {
  it('has each component as the RFC says', () => {
    const target = targetOf('HTTPS://Example.COM:443/a%20b?c=d&e')!
    const lines = headerLines({ method: 'GET', url: '', rawHeaders: ['X', ' 1', 'x', '2\t'], body: Buffer.alloc(0) })
    const components = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query', 'x']
    const base = rfc9421Base({ components, text: '()' }, { method: 'GET', target, lines })!
    expect(Buffer.from(base).toString().split('\n')).toEqual([
      '"@method": GET',
      '"@target-uri": https://example.com/a%20b?c=d&e',
      '"@authority": example.com',
      '"@scheme": https',
      '"@request-target": /a%20b?c=d&e',
      '"@path": /a%20b',
      '"@query": ?c=d&e',
      '"x": 1, 2',
      '"@signature-params": ()',
    ])
  })

  it('has a slash for an empty path and a question mark for no query', () => {
    const request = { method: 'GET', target: targetOf('https://example.com')!, lines: new Map() }
    const base = rfc9421Base({ components: ['@path', '@query', '@target-uri'], text: '()' }, request)!
    expect(Buffer.from(base).toString()).toContain('"@path": /\n"@query": ?\n"@target-uri": https://example.com/\n')
  })
})

describe('a delivery', () => {
  it.each(Object.entries(keys))('with a %s key is read and verified', (_, key) => {
    const delivery = send({ form: 'rfc9421', key })
    expect(ok(readSignature(delivery, { now, host }))).toMatchObject({
      form: 'rfc9421',
      label: 'sig1',
      keyId: key.id,
      covered: usual,
      created: seconds * 1000,
      expires: now + 5 * minute,
    })
    expect(codeOf(verify(delivery, key.verification))).toBe('accepted')
  })

  it('by GET needs no digest', () => {
    const delivery = send({ form: 'rfc9421', key: rsa, method: 'GET' })
    expect(header(delivery, 'signature-input')).not.toContain('digest')
    expect(codeOf(verify(delivery, rsa.verification))).toBe('accepted')
    expect(codeOf(verify({ ...delivery, body: activity }, rsa.verification))).toBe('insufficient_coverage')
  })

  it('may be written with other white space', () => {
    const delivery = custom({ parameters: `;created=${seconds};keyid="${rsa.id}"` })
    const input = `  sig1=(  "@method"  "@target-uri" "content-digest" ); created=${seconds};  keyid="${rsa.id}" `
    expect(codeOf(verify(withHeaders(delivery, { 'signature-input': input }), rsa.verification))).toBe('accepted')
  })

  it('may have parameters that nobody here knows: they are signed', () => {
    const parameters = `;keyid="${rsa.id}";nonce="n";tag="fediverse";created=${seconds};x=?0;y=1.5;z=tok`
    expect(codeFor({ parameters })).toBe('accepted')
  })
})

describe('coverage', () => {
  it.each([
    usual,
    ['@method', '@authority', '@path', 'content-digest'],
    ['@method', '@authority', '@path', '@query', 'content-digest'],
    ['@method', '@authority', '@request-target', 'content-digest', '@scheme'],
    ['host', 'content-digest', '@target-uri', '@method'],
  ])('is enough: %j', (...components) => expect(codeFor({ components })).toBe('accepted'))

  it.each([
    [],
    ['@target-uri', 'content-digest'],
    ['@method', 'content-digest'],
    ['@method', '@target-uri'],
    ['@method', '@authority', 'content-digest'],
    ['@method', '@path', '@query', 'content-digest'],
    ['@method', '@request-target', 'content-digest'],
    ['@method', 'host', '@path', 'content-digest'],
    ['@method', '@target-uri', 'digest'],
  ])('is too little: %j', (...components) => {
    const code = codeFor({ components, headers: { digest: 'SHA-256=AAAA' } })
    expect(code).toBe('insufficient_coverage')
  })

  it('has to have the query, once there is one', () => {
    const url = `${inbox}?page=1`
    expect(codeFor({ url, components: ['@method', '@authority', '@path', 'content-digest'] })).toBe(
      'insufficient_coverage',
    )
    expect(codeFor({ url, components: ['@method', '@authority', '@path', '@query', 'content-digest'] })).toBe(
      'accepted',
    )
  })

  it.each([`;keyid="${rsa.id}"`, `;created=${seconds}`, ''])('has to have created and keyid: %s', parameters => {
    expect(codeFor({ parameters })).toBe('insufficient_coverage')
  })

  it('is not made by a parameter with the name of a component, nor the other way round', () => {
    const parameters = `;created=${seconds};keyid="${rsa.id}"`
    const swapped = custom({ components: ['@method', '@target-uri'], parameters: `${parameters};content-digest="x"` })
    expect(codeOf(verify({ ...swapped, body: activity }, rsa.verification))).toBe('insufficient_coverage')
    const headers = { created: String(seconds), keyid: rsa.id }
    expect(codeFor({ components: [...usual, 'created', 'keyid'], parameters: '', headers })).toBe(
      'insufficient_coverage',
    )
  })

  it('stops a delivery for one host at another', () => {
    const url = inbox.replace(host, 'c.example')
    const other = send({ form: 'rfc9421', key: rsa, url })
    expect(codeOf(verify(other, rsa.verification, { host: 'c.example' }))).toBe('accepted')
    expect(codeOf(verify(other, rsa.verification))).toBe('insufficient_coverage')
    expect(codeOf(verify({ ...other, url: inbox }, rsa.verification))).toBe('signature_invalid')
    expect(codeFor({ components: [...usual, 'host'], headers: { host: 'c.example' } })).toBe('insufficient_coverage')
    expect(codeFor({ headers: { host: 'internal:3000' } })).toBe('accepted')
  })
})

describe('what is refused', () => {
  const tampered = (input: string, signature = 'sig1=:AAAA:'): string =>
    codeOf(verify(withHeaders(unsigned(), { 'signature-input': input, signature }), rsa.verification))
  const tail = `;created=${seconds};keyid="${rsa.id}"`

  it.each([
    '',
    'sig1',
    'sig1="x"',
    'sig1=()x',
    'sig1=(',
    `sig1=(${list(usual)})${tail}, sig1=(${list(usual)})${tail}`,
    `sig1=(${list(usual)} "@method")${tail}`,
    `sig1=(${list(usual)})${tail};created=${seconds}`,
    `sig1=(${list(usual)})${tail};keyid="other"`,
    `sig1=(${list(usual)} "Date")${tail}`,
    `sig1=(${list(usual)} "@status")${tail}`,
    `sig1=(${list(usual)} "@signature-params")${tail}`,
    `sig1=(${list(usual)} "@query-param";name="x")${tail}`,
    `sig1=(${list(usual)} "host";bs)${tail}`,
    `sig1=(${list(usual)} "host";req)${tail}`,
    `sig1=(${list(usual)} "")${tail}`,
    `sig1=(${list(usual)} "a b")${tail}`,
    `sig1=(${list(usual)} "absent")${tail}`,
    `sig1=(${list(usual)} date)${tail}`,
    `sig1=(${list(usual)} 1)${tail}`,
    `sig1=(${list(usual)});created=${seconds};keyid=token`,
    `sig1=(${list(usual)});created=${seconds};keyid=""`,
    `sig1=(${list(usual)});created=${seconds};keyid`,
    `sig1=(${list(usual)});created=${seconds};keyid="${'k'.repeat(2049)}"`,
    `sig1=(${list(usual)});created="${seconds}";keyid="k"`,
    `sig1=(${list(usual)});created=-1;keyid="k"`,
    `sig1=(${list(usual)});created=-0;keyid="k"`,
    `sig1=(${list(usual)});created=${seconds}.5;keyid="k"`,
    `sig1=(${list(usual)});created=${seconds}.0;keyid="k"`,
    `sig1=(${list(usual)});created=0${seconds};keyid="k"`,
    `sig1=(${list(usual)});created;keyid="k"`,
    `sig1=(${list(usual)});created=@${seconds};keyid="k"`,
    `sig1=(${list(usual)})${tail};expires=-1`,
    `sig1=(${list(usual)})${tail};expires="x"`,
    `sig1=(${list(usual)})${tail};alg=rsa-v1_5-sha256`,
    `sig2=(${list(usual)})${tail}`,
    `sig1=(${Array.from({ length: 33 }, (_, at) => `"h${at}"`).join(' ')})${tail}`,
    `sig1=("${'h'.repeat(16_384)}")${tail}`,
    `sig1=(${list(usual)})${tail}\u00e9`,
  ])('as malformed: %.90s', input => expect(tampered(input)).toBe('malformed_signature'))

  it.each([
    '',
    'sig1',
    'sig1=AAAA',
    'sig1="AAAA"',
    'sig1=::',
    'sig1=:AAA:',
    'sig1=:AAB=:',
    'sig1=(:AAAA:)',
    'sig1=:A_A-:',
  ])('as malformed, for the signature %j', signature =>
    expect(tampered(`sig1=(${list(usual)})${tail}`, signature)).toBe('malformed_signature'),
  )

  it.each(['Host', '@status', '@signature-params', 'a b', ''])('as malformed, naming the component %j', name => {
    expect(parseSignatures(`sig1=("${name}")`, 'sig1=:AAAA:', limits)).toMatchObject([{ input: `component ${name}` }])
  })

  it('as malformed, for one label with two signatures', () => {
    const { input, signature } = member(unsigned(), {})
    expect(tampered(input, signature)).toBe('accepted')
    expect(tampered(input, `sig1=:AAAA:, ${signature}`)).toBe('malformed_signature')
  })

  it.each(['rsa-pss-sha512', 'hmac-sha256', 'ecdsa-p256-sha256', 'rsa-v1_5-sha1', 'RSA-V1_5-SHA256', 'none'])(
    'as unsupported: alg %s',
    alg => expect(tampered(`sig1=(${list(usual)})${tail};alg="${alg}"`)).toBe('unsupported_algorithm'),
  )
})

describe('algorithms', () => {
  it('alg has to be the one of the key', () => {
    const parameters = (key: KeyPair, alg: string): Custom => ({
      key,
      parameters: `;created=${seconds};keyid="${key.id}";alg="${alg}"`,
    })
    expect(codeFor(parameters(rsa, 'rsa-v1_5-sha256'))).toBe('accepted')
    expect(codeFor(parameters(ed25519, 'ed25519'))).toBe('accepted')
    expect(codeFor(parameters(rsa, 'ed25519'))).toBe('unsupported_algorithm')
    expect(codeFor(parameters(ed25519, 'rsa-v1_5-sha256'))).toBe('unsupported_algorithm')
    expect(codeFor({ hash: 'sha512' })).toBe('signature_invalid')
  })

  it('HMAC with the public PEM as its secret, and PSS, are no signatures', () => {
    const { input } = member(unsigned(), {})
    const [base] = ok(readSignature(custom({}), { now, host })).bases
    const forged = [
      createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' }))
        .update(base!)
        .digest(),
      sign('sha512', base!, { key: rsa.privateKey, padding: 6, saltLength: 64 }),
    ]
    for (const bytes of forged) {
      const delivery = signedBy(unsigned(), { input, signature: `sig1=:${bytes.toString('base64')}:` })
      expect(codeOf(verify(delivery, rsa.verification))).toBe('signature_invalid')
    }
  })
})

describe('of several signatures', () => {
  const delivery = unsigned()
  const weak = member(delivery, { components: ['@method'], key: ed25519 }, 'weak')
  const good = member(delivery, {}, 'good')
  const other = member(delivery, { key: ed25519 }, 'other')

  it('the first that could be accepted counts, and no other', () => {
    const labels = [
      [weak, good, other],
      [other, good],
    ].map(members => ok(readSignature(signedBy(delivery, ...members), { now, host })))
    expect(labels).toMatchObject([
      { label: 'good', keyId: rsa.id },
      { label: 'other', keyId: ed25519.id },
    ])
    expect(codeOf(verify(signedBy(delivery, weak, good), rsa.verification))).toBe('accepted')
    expect(codeOf(verify(signedBy(delivery, other, good), rsa.verification))).toBe('key_invalid')
  })

  it('the first says why, when none could be', () => {
    expect(codeOf(readSignature(signedBy(delivery, weak), { now, host }))).toBe('insufficient_coverage')
    const stale = member(delivery, { parameters: `;created=1;keyid="k"` }, 'stale')
    expect(codeOf(readSignature(signedBy(delivery, stale, weak), { now, host }))).toBe('signature_expired')
  })

  it('there may be a few', () => {
    const many = (count: number): Sent =>
      signedBy(delivery, ...Array.from({ length: count }, (_, at) => member(delivery, {}, `s${at}`)))
    expect(codeOf(readSignature(many(4), { now, host }))).toBe('accepted')
    expect(codeOf(readSignature(many(5), { now, host }))).toBe('malformed_signature')
    expect(codeOf(readSignature(many(50), { now, host }))).toBe('malformed_signature')
    expect(codeOf(readSignature(many(5), { now, host, limits: { labelsMax: 5 } }))).toBe('accepted')
    const oneTrue = withHeaders(many(5), { signature: member(delivery, {}, 's0').signature })
    expect(codeOf(readSignature(oneTrue, { now, host }))).toBe('malformed_signature')
    const oneInput = withHeaders(many(5), { 'signature-input': member(delivery, {}, 's0').input })
    expect(codeOf(readSignature(oneInput, { now, host }))).toBe('malformed_signature')
  })
})

describe('freshness', () => {
  const at = (created: number, expires?: number): Custom => ({
    parameters: `;created=${created / 1000}${expires === undefined ? '' : `;expires=${expires / 1000}`};keyid="${rsa.id}"`,
  })

  it('is five minutes, or what expires says, twelve hours at most; an hour either way for clocks', () => {
    expect(codeFor({}, now + hour + 5 * minute)).toBe('accepted')
    expect(codeFor({}, now + hour + 5 * minute + 1)).toBe('signature_expired')
    expect(codeFor({}, now - hour)).toBe('accepted')
    expect(codeFor({}, now - hour - 1)).toBe('signature_from_future')
    expect(codeFor(at(now + 2 * hour))).toBe('signature_from_future')
    expect(codeFor(at(now, Date.UTC(2099, 0)), now + 13 * hour)).toBe('accepted')
    expect(codeFor(at(now, Date.UTC(2099, 0)), now + 13 * hour + 1)).toBe('signature_expired')
    expect(codeFor(at(now, now + minute), now + hour + minute + 1)).toBe('signature_expired')
    expect(codeFor(at(now, now - 1000))).toBe('signature_expired')
  })
})
