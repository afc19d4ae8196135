/** Keys, deliveries and vectors that the tests of this room share. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { checkSignature, type VerifiedSignature } from '../../src/signatures/check-signature.ts'
import type { SignatureForm } from '../../src/signatures/coverage.ts'
import type { Delivery } from '../../src/signatures/delivery.ts'
import { materialOf, type KeyAlgorithm, type VerificationKey } from '../../src/signatures/key-material.ts'
import { readSignature, type ReadSignatureOptions } from '../../src/signatures/read-signature.ts'
import { Rejection } from '../../src/signatures/rejection.ts'
import { signRequest, type RequestToSign } from '../../src/signatures/sign-request.ts'
import { root } from '../project/sources.ts'

export const now = Date.UTC(2026, 2, 4, 5, 6, 7)
export const seconds = now / 1000
export const host = 'b.example'
export const actor = 'https://a.example/users/alice'
export const inbox = 'https://b.example/users/bob/inbox'
export const activity = Buffer.from(
  '{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/users/alice"}',
)

export interface KeyPair {
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly verification: VerificationKey
}

export function keyPair(algorithm: KeyAlgorithm, id = `${actor}#${algorithm}`): KeyPair {
  const { privateKey, publicKey } =
    algorithm === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  const material = ok(materialOf(publicKey))
  return { id, privateKey, publicKey, verification: { id, owner: actor, ...material } }
}

export const rsa = keyPair('rsa')
export const ed25519 = keyPair('ed25519')
export const keys = { rsa, ed25519 }
export const forms: readonly SignatureForm[] = ['cavage', 'rfc9421']
export const combinations = forms.flatMap(form => (['rsa', 'ed25519'] as const).map(algorithm => ({ form, algorithm })))

/** The value, when it is no rejection. */
export function ok<T>(result: T): Exclude<T, Rejection> {
  if (result instanceof Rejection) throw new Error(`${result.code}: ${result.detail}`)
  return result as Exclude<T, Rejection>
}

export type Headers = [name: string, value: string][]

/** A delivery whose headers are a list of pairs. */
export type Sent = Delivery & { readonly rawHeaders: Headers }

/** A signed request as the receiver gets it. */
export function send(request: Partial<RequestToSign> & Pick<RequestToSign, 'form' | 'key'>): Sent {
  const method = request.method ?? 'POST'
  const body = request.body ?? (method === 'POST' ? activity : new Uint8Array())
  const url = request.url ?? inbox
  const headers = signRequest({ created: now, ...request, method, body, url })
  return { method, url, rawHeaders: Object.entries(headers), body }
}

/** The delivery with headers in place of those of the same name. */
export function withHeaders(delivery: Sent, headers: Record<string, string | undefined>): Sent {
  const kept = delivery.rawHeaders.filter(([name]) => !(name in headers))
  const added = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { ...delivery, rawHeaders: [...kept, ...added.map(([name, value]): [string, string] => [name, value])] }
}

export function header(delivery: Sent, name: string): string {
  return delivery.rawHeaders.find(each => each[0] === name)![1]
}

/** Both halves, one after the other. */
export function verify(
  delivery: Delivery,
  key: VerificationKey,
  options: Partial<ReadSignatureOptions> = {},
): VerifiedSignature | Rejection {
  const candidate = readSignature(delivery, { now, host, ...options })
  return candidate instanceof Rejection ? candidate : checkSignature(candidate, key)
}

/** The code of a rejection; `accepted` for anything else. */
export function codeOf(result: unknown): string {
  return result instanceof Rejection ? result.code : 'accepted'
}

/** A copy with one bit the other way round. */
export function flip(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  const at = (bit >> 3) % copy.length
  copy[at]! ^= 1 << (bit & 7)
  return copy
}

export function flipText(text: string, bit: number): string {
  return flip(Buffer.from(text, 'latin1'), bit).toString('latin1')
}

const vectors = `${root}../shared/vectors`

/** Third-party test data beside the project; a test without it says so and skips. */
export const hasVectors = existsSync(vectors)

export function vector(path: string): string {
  return readFileSync(`${vectors}/${path}`, 'utf8')
}
