/** Integrity proofs and canonical JSON, against the vectors of their standards and against tampering. */
import { createHash, createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMultibase, encodeMultibase } from '../../src/signatures/base58.ts'
import { canonicalJson } from '../../src/signatures/canonical-json.ts'
import { checkSignature } from '../../src/signatures/check-signature.ts'
import { addProof, proofBase, readProof, type ProofCandidate } from '../../src/signatures/integrity-proof.ts'
import { keyFromMultikey } from '../../src/signatures/key-import.ts'
import type { VerificationKey } from '../../src/signatures/key-material.ts'
import { Rejection } from '../../src/signatures/rejection.ts'
import { actor, codeOf, ed25519, flip, hasVectors, keyPair, now, ok, rsa, seconds, vector } from './fixtures.ts'

const hour = 3_600_000
const note = { '@context': ['https://www.w3.org/ns/activitystreams'], id: `${actor}/1`, type: 'Note', content: 'hé' }
const signed = addProof(note, { key: ed25519, created: now })
type Document = Readonly<Record<string, unknown>>
const proof = signed['proof'] as Record<string, string>
const withProof = (changes: object): Document => ({ ...signed, proof: { ...proof, ...changes } })
const verify = (document: unknown, key: VerificationKey = ed25519.verification, at = now): string => {
  const candidate = readProof(document, { now: at })
  return codeOf(candidate instanceof Rejection ? candidate : checkSignature(candidate, key))
}

describe.skipIf(!hasVectors)('the vectors (skipped when ../shared/vectors is not there)', () => {
  const text = (name: string): string => vector(`eddsa-jcs-2022/${name}`).trim()
  const json = (name: string): Document => JSON.parse(text(name)) as Document
  const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex')

  it('of eddsa-jcs-2022: each step from document to proof', () => {
    const [document, options] = [json('unsigned.json'), json('proofConfigJCS.json')]
    expect(canonicalJson(document)).toBe(text('canonDocJCS.txt'))
    expect(canonicalJson(options)).toBe(text('proofCanonJCS.txt'))
    expect(sha256(text('canonDocJCS.txt'))).toBe(text('docHashJCS.txt'))
    expect(sha256(text('proofCanonJCS.txt'))).toBe(text('proofHashJCS.txt'))
    expect(Buffer.from(proofBase(document, options)!).toString('hex')).toBe(text('combinedHashJCS.txt'))
    const signature = Buffer.from(text('sigHexJCS.txt'), 'hex')
    expect(encodeMultibase(signature)).toBe(text('sigBTC58JCS.txt'))
    expect(Buffer.from(decodeMultibase(text('sigBTC58JCS.txt'), 64)!)).toEqual(signature)
  })

  it('of eddsa-jcs-2022: the proof verifies, and signing again gives it', () => {
    const { publicKeyMultibase, privateKeyMultibase } = json('keyPair.json') as Record<string, string>
    const id = `did:key:${publicKeyMultibase!}#${publicKeyMultibase!}`
    const key = { id, owner: 'issuer', ...ok(keyFromMultikey(publicKeyMultibase!)) }
    expect(verify(json('signedJCS.json'), key)).toBe('accepted')
    expect(verify({ ...json('signedJCS.json'), name: 'x' }, key)).toBe('signature_invalid')

    const seed = decodeMultibase(privateKeyMultibase!, 34)!.subarray(2)
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const created = Date.UTC(2023, 1, 24, 23, 36, 38)
    expect(addProof(json('unsigned.json'), { key: { id, privateKey }, created })).toEqual(json('signedJCS.json'))
  })

  it.each(['arrays', 'french', 'structures', 'unicode', 'values', 'weird'])('of JCS: %s', name => {
    expect(canonicalJson(JSON.parse(vector(`jcs/input/${name}.json`)))).toBe(vector(`jcs/output/${name}.json`).trim())
  })
})

describe('a proof', () => {
  it('verifies, whatever the order of members and whatever proof was there before', () => {
    expect(verify(signed)).toBe('accepted')
    expect(verify(Object.fromEntries(Object.entries(signed).toReversed()))).toBe('accepted')
    expect(addProof(signed, { key: ed25519, created: now })).toEqual(signed)
  })

  it('says which key made it, and when', () => {
    const candidate: ProofCandidate = ok(readProof(signed, { now }))
    expect(candidate).toMatchObject({ form: 'eddsa-jcs-2022', keyId: ed25519.id, created: seconds * 1000 })
  })

  it('may be one of several; the first of this cryptosuite counts', () => {
    const others = [{ type: 'DataIntegrityProof', cryptosuite: 'eddsa-rdfc-2022' }, proof]
    expect(verify({ ...signed, proof: others })).toBe('accepted')
    expect(verify({ ...signed, proof: [{ ...proof, created: '2026-03-04T05:06:08Z' }, proof] })).toBe(
      'signature_invalid',
    )
    expect(verify({ ...signed, proof: Array.from({ length: 5 }, () => proof) })).toBe('malformed_signature')
  })

  it('is bound to its key', () => {
    expect(verify(signed, keyPair('ed25519', ed25519.id).verification)).toBe('signature_invalid')
    expect(verify(signed, { ...rsa.verification, id: ed25519.id })).toBe('unsupported_algorithm')
    expect(verify(signed, { ...ed25519.verification, id: 'https://a.example/x' })).toBe('key_invalid')
    expect(verify(signed, { ...ed25519.verification, expires: now })).toBe('key_invalid')
    expect(verify(signed, { ...ed25519.verification, expires: now + 1 })).toBe('accepted')
  })

  it('covers every member of the document and of itself', () => {
    for (const name of Object.keys(note)) {
      expect(verify({ ...signed, [name]: 'x' })).not.toBe('accepted')
      const { [name]: _removed, ...rest } = signed
      expect(verify(rest)).not.toBe('accepted')
    }
    expect(verify({ ...signed, added: 1 })).toBe('signature_invalid')
    for (const name of Object.keys(proof)) expect(verify(withProof({ [name]: 'x' }))).not.toBe('accepted')
    expect(verify(withProof({ added: 1 }))).toBe('signature_invalid')
  })

  // Fedify puts a Linked Data signature into what it has put a proof into, and others forward both. The proof can not
  // cover what was made after it; every forwarded activity of Fedify's was refused.
  it('does not cover a Linked Data signature (FEP-8b32), and does not keep one that it would break', () => {
    const legacy = { signature: { type: 'RsaSignature2017', creator: rsa.id, signatureValue: 'AA==' } }
    expect(verify({ ...signed, ...legacy })).toBe('accepted')
    expect(verify({ ...signed, ...legacy, content: 'x' })).toBe('signature_invalid')
    expect(verify({ ...signed, object: legacy })).toBe('signature_invalid')
    expect(addProof({ ...note, ...legacy }, { key: ed25519, created: now })).toEqual(signed)
  })

  it('vouches for no context that was added later', () => {
    const added = { ...signed, '@context': [...note['@context'], 'https://evil.example/'] }
    expect(verify(added)).toBe('malformed_signature')
    expect(verify(JSON.parse('{"__proto__":{"x":1},"proof":{}}'))).toBe('unsupported_algorithm')
    const hidden = JSON.parse(JSON.stringify(signed).replace('{', '{"__proto__":{"x":1},')) as Document
    expect(verify(hidden)).toBe('signature_invalid')
  })

  it.each([
    ['missing_signature', note],
    ['missing_signature', { ...note, proof: [] }],
    ['missing_signature', null],
    ['missing_signature', [signed]],
    ['unsupported_algorithm', { ...note, proof: null }],
    ['unsupported_algorithm', withProof({ cryptosuite: 'eddsa-rdfc-2022' })],
    ['malformed_signature', withProof({ type: 'Ed25519Signature2020' })],
    ['malformed_signature', withProof({ proofPurpose: 'authentication' })],
    ['malformed_signature', withProof({ verificationMethod: { id: ed25519.id } })],
    ['malformed_signature', withProof({ verificationMethod: 'x'.repeat(2049) })],
    ['malformed_signature', withProof({ proofValue: proof['proofValue']!.slice(1) })],
    ['malformed_signature', withProof({ proofValue: encodeMultibase(Buffer.alloc(63, 1)) })],
    ['malformed_signature', withProof({ proofValue: encodeMultibase(Buffer.alloc(65, 1)) })],
    ['malformed_signature', withProof({ created: 'wrong 1' })],
    ['malformed_signature', withProof({ created: 7 })],
    ['malformed_signature', withProof({ expires: '2099' })],
    ['malformed_signature', withProof({ previousProof: 'urn:x' })],
    ['malformed_signature', { ...signed, content: '\ud800' }],
    ['malformed_signature', { ...signed, content: Infinity }],
    ['signature_from_future', withProof({ created: '2026-03-04T06:06:08Z' })],
    ['signature_expired', withProof({ expires: '2026-03-04T04:06:06Z' })],
  ])('%s: %#', (code, document) => expect(verify(document)).toBe(code))

  it('holds as long as it says, and else for ever; clocks may differ by an hour', () => {
    expect(verify(signed, ed25519.verification, now + 10_000 * hour)).toBe('accepted')
    expect(verify(signed, ed25519.verification, now - hour)).toBe('accepted')
    expect(verify(signed, ed25519.verification, now - hour - 1)).toBe('signature_from_future')
  })

  it('is spoilt by any changed bit of the document or the signature', () => {
    const text = JSON.stringify(note)
    fc.assert(
      fc.property(fc.nat(text.length * 8), fc.nat(511), (bit, signatureBit) => {
        const value = flip(decodeMultibase(proof['proofValue']!, 64)!, signatureBit)
        expect(verify(withProof({ proofValue: encodeMultibase(value) }))).toBe('signature_invalid')
        let changed: Document
        try {
          changed = JSON.parse(flip(Buffer.from(text), bit).toString()) as Document
        } catch {
          return
        }
        expect(verify({ ...changed, proof })).not.toBe('accepted')
      }),
    )
  })
})

describe('making a proof', () => {
  it('takes an Ed25519 key and a document with a canonical form', () => {
    expect(() => addProof(note, { key: rsa, created: now })).toThrow(TypeError)
    expect(() => addProof({ content: '\ud800' }, { key: ed25519, created: now })).toThrow(TypeError)
  })
})

it('JSON without end has no canonical form', () => {
  let deep: unknown = 1
  for (let depth = 0; depth < 200_000; depth++) deep = [deep]
  expect(canonicalJson(deep)).toBeUndefined()
  expect(verify({ ...signed, content: deep })).toBe('malformed_signature')
})
