/**
 * Object integrity proofs (FEP-8b32) with the cryptosuite `eddsa-jcs-2022` (Data Integrity EdDSA Cryptosuites 1.0 §3.3):
 * they travel with an activity, so that a third party can forward it. No clock but the one given.
 */
import { createHash, sign, type KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from './algorithms.ts'
import { decodeMultibase, encodeMultibase } from './base58.ts'
import { canonicalJson } from './canonical-json.ts'
import { KEY_ID_LENGTH_MAX } from './candidate.ts'
import type { Checkable } from './check-signature.ts'
import { parseDateTime } from './dates.ts'
import { SKEW_MAX } from './freshness.ts'
import { Rejection } from './rejection.ts'

/** A proof that was read and may be true; `checkSignature` asks its key. */
export interface ProofCandidate extends Checkable {
  readonly form: 'eddsa-jcs-2022'
  /** In milliseconds. */
  readonly created?: number
  /** In milliseconds. */
  readonly expires?: number
}

type Members = Readonly<Record<string, unknown>>

const CRYPTOSUITE = 'eddsa-jcs-2022'
const PROOFS_MAX = 4
const SIGNATURE_BYTES = 64
const algorithms: readonly SignatureAlgorithm[] = ['ed25519']

/** The first proof of a parsed document that is of this cryptosuite. The owner of its key is for the caller to judge. */
export function readProof(document: unknown, { now }: { readonly now: number }): ProofCandidate | Rejection {
  if (!isMembers(document) || !Object.hasOwn(document, 'proof')) return new Rejection('missing_signature', 'proof')
  const proofs: readonly unknown[] = Array.isArray(document['proof']) ? document['proof'] : [document['proof']]
  if (proofs.length > PROOFS_MAX) return new Rejection('malformed_signature', 'too many proofs')
  if (proofs.length === 0) return new Rejection('missing_signature', 'proof')
  const proof = proofs.find(each => isMembers(each) && each['cryptosuite'] === CRYPTOSUITE)
  if (!isMembers(proof)) return new Rejection('unsupported_algorithm', 'cryptosuite')
  return readOne(document, proof, now)
}

function readOne(document: Members, proof: Members, now: number): ProofCandidate | Rejection {
  const { verificationMethod: keyId, proofValue, created, expires } = proof
  if (proof['type'] !== 'DataIntegrityProof') return new Rejection('malformed_signature', 'type')
  if (proof['proofPurpose'] !== 'assertionMethod') return new Rejection('malformed_signature', 'proofPurpose')
  // A chain of proofs covers more than this document.
  if (proof['previousProof'] !== undefined) return new Rejection('malformed_signature', 'previousProof')
  if (typeof keyId !== 'string' || keyId === '' || keyId.length > KEY_ID_LENGTH_MAX) {
    return new Rejection('malformed_signature', 'verificationMethod')
  }
  const signature = typeof proofValue === 'string' ? decodeMultibase(proofValue, SIGNATURE_BYTES) : undefined
  if (signature?.length !== SIGNATURE_BYTES) return new Rejection('malformed_signature', 'proofValue')

  const [createdAt, expiresAt] = [timeOf(created), timeOf(expires)]
  if (Number.isNaN(createdAt)) return new Rejection('malformed_signature', 'created')
  if (Number.isNaN(expiresAt)) return new Rejection('malformed_signature', 'expires')
  if (createdAt !== undefined && createdAt > now + SKEW_MAX) return new Rejection('signature_from_future', 'created')
  if (expiresAt !== undefined && now > expiresAt + SKEW_MAX) return new Rejection('signature_expired', 'expires')

  // §3.3.2 lets a document add contexts after those of the proof. Nobody vouches for them: they have to be the same.
  const context = proof['@context']
  if (context !== undefined && canonicalJson(context) !== canonicalJson(document['@context'] ?? null)) {
    return new Rejection('malformed_signature', '@context')
  }
  const base = proofBase(document, proof)
  if (base === undefined) return new Rejection('malformed_signature', 'no canonical form')
  const times = {
    ...(createdAt === undefined ? {} : { created: createdAt }),
    ...(expiresAt === undefined ? {} : { expires: expiresAt }),
  }
  return { form: CRYPTOSUITE, keyId, ...times, readAt: now, algorithms, bases: [base], signature }
}

/** What is signed (§3.3.4, §3.3.5): the hash of the proof without its value, then that of the document without proofs. */
export function proofBase(document: Members, proof: Members): Uint8Array | undefined {
  const { proofValue: _value, ...options } = proof
  const [canonicalOptions, canonicalDocument] = [canonicalJson(options), canonicalJson(withoutProofs(document))]
  if (canonicalOptions === undefined || canonicalDocument === undefined) return undefined
  return Buffer.concat([canonicalOptions, canonicalDocument].map(text => createHash('sha256').update(text).digest()))
}

/** FEP-8b32: a Linked Data signature is made after the proof, and is removed before the proof is verified. */
function withoutProofs(document: Members): Members {
  const { proof: _proof, signature: _signature, ...unsecured } = document
  return unsecured
}

interface ProofOptions {
  readonly key: { readonly id: string; readonly privateKey: KeyObject }
  /** In milliseconds; whole seconds are written. */
  readonly created: number
}

/**
 * The document with a proof in place of any it had (§3.3.1), and of a Linked Data signature, which it would break. Throws
 * a `TypeError` when it has no canonical form.
 */
export function addProof(document: Members, { key, created }: ProofOptions): Members {
  if (key.privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('a proof is made with an Ed25519 key')
  const unsecured = withoutProofs(document)
  const options = {
    ...(unsecured['@context'] === undefined ? {} : { '@context': unsecured['@context'] }),
    type: 'DataIntegrityProof',
    cryptosuite: CRYPTOSUITE,
    verificationMethod: key.id,
    proofPurpose: 'assertionMethod',
    created: new Date(created).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const base = proofBase(unsecured, options)
  if (base === undefined) throw new TypeError('the document holds something that JSON has no canonical form for')
  return { ...unsecured, proof: { ...options, proofValue: encodeMultibase(sign(null, base, key.privateKey)) } }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Milliseconds; not a number for what is no date and time. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return (typeof value === 'string' ? parseDateTime(value) : undefined) ?? Number.NaN
}
