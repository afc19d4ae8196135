/**
 * Digests of a body: `Digest` (RFC 3230 §4.3.2) and `Content-Digest` (RFC 9530 §2). SHA-256 and SHA-512 count, others are
 * passed over. Each one that counts has to match, and there has to be one.
 */
import { hash } from 'node:crypto'
import { headerValue, type HeaderLines } from './delivery.ts'
import { Rejection } from './rejection.ts'
import { formatBytes, readDictionary, type InnerList, type Item } from './structured-fields.ts'

/** What a header says: `digest` is base64, or nothing where the header has no such bytes. */
type Claim = readonly [name: string, digest: string | undefined]

const VALUE_LENGTH_MAX = 4096
const ONE_SHA_256 = /^sha-256=:([A-Za-z0-9+/]{43}=):$/

const hashes = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
])

/** Compares each digest header that is there with the body. */
export function checkDigests(lines: HeaderLines, body: Uint8Array): Rejection | undefined {
  for (const [name, matches] of [
    ['digest', matchesDigest],
    ['content-digest', matchesContentDigest],
  ] as const) {
    if (!lines.has(name)) continue
    const value = headerValue(lines, name)
    if (value === undefined || value.length > VALUE_LENGTH_MAX || !matches(value, body))
      return new Rejection('digest_mismatch', name)
  }
  return undefined
}

/** Whether the value of a `Digest` header is true of the body: `SHA-256=…,SHA-512=…`, in any letter case. */
export function matchesDigest(value: string, body: Uint8Array): boolean {
  const claims: Claim[] = []
  for (const part of value.split(',')) {
    const [, name, digest] = /^[ \t]*([\w.-]+)=([^ \t]*)[ \t]*$/.exec(part) ?? []
    if (name === undefined || digest === undefined) return false
    claims.push([name.toLowerCase(), digest])
  }
  return allMatch(claims, body)
}

/** Whether the value of a `Content-Digest` header is true of the body. */
export function matchesContentDigest(value: string, body: Uint8Array): boolean {
  // What nearly everybody sends. Reading it as a structured field takes several times as long.
  const [, sha256] = ONE_SHA_256.exec(value) ?? []
  if (sha256 !== undefined) return allMatch([['sha-256', sha256]], body)
  const dictionary = readDictionary(value)
  if (dictionary === undefined) return false
  return allMatch(
    [...dictionary].map(([name, member]): Claim => [name, base64Of(member)]),
    body,
  )
}

export function formatDigest(body: Uint8Array): string {
  return `SHA-256=${hash('sha256', body, 'base64')}`
}

export function formatContentDigest(body: Uint8Array): string {
  return formatBytes('sha-256', hash('sha256', body, 'buffer'))
}

function base64Of(member: Item | InnerList): string | undefined {
  return 'value' in member && member.value instanceof Uint8Array
    ? Buffer.from(member.value).toString('base64')
    : undefined
}

/** Compares texts: of one sequence of bytes there is one base64, and whoever writes another is refused. */
function allMatch(claims: readonly Claim[], body: Uint8Array): boolean {
  const recognised = claims.flatMap(([name, digest]) => {
    const algorithm = hashes.get(name)
    return algorithm === undefined ? [] : [{ algorithm, digest }]
  })
  const actual = new Map<string, string>()
  const matches = ({ algorithm, digest }: { algorithm: string; digest: string | undefined }): boolean => {
    const expected = actual.get(algorithm) ?? hash(algorithm, body, 'base64')
    actual.set(algorithm, expected)
    return digest === expected
  }
  return recognised.length > 0 && recognised.every(matches)
}
