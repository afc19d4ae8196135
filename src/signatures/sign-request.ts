/** Signs a request in either form, with what every server of the fediverse asks to be covered. */
import { sign, type KeyObject } from 'node:crypto'
import { cavageBase } from './cavage.ts'
import type { SignatureForm } from './coverage.ts'
import { formatHttpDate } from './dates.ts'
import { headerLines, targetOf } from './delivery.ts'
import { formatContentDigest, formatDigest } from './digest.ts'
import { rfc9421Base } from './rfc9421.ts'
import { formatBytes, formatInnerList } from './structured-fields.ts'

/** A private key with the id under which its public half is found. */
interface SigningKey {
  readonly id: string
  /** RSA or Ed25519. */
  readonly privateKey: KeyObject
}

export interface RequestToSign {
  readonly form: SignatureForm
  readonly method: string
  readonly url: string
  /** Headers that are sent along. `host`, `date` and digests are made here. */
  readonly headers?: Readonly<Record<string, string>>
  /** Needed unless the method is GET or HEAD. */
  readonly body?: Uint8Array
  readonly key: SigningKey
  /** In milliseconds; signed in whole seconds. */
  readonly created: number
}

const LABEL = 'sig1'

/** All headers to send, names in lower case. A wrong argument is a `TypeError`. */
export function signRequest(request: RequestToSign): Record<string, string> {
  const { form, method, url, body = new Uint8Array(), key, created } = request
  const { asymmetricKeyType: type } = key.privateKey
  if (key.privateKey.type !== 'private' || (type !== 'rsa' && type !== 'ed25519')) {
    throw new TypeError('a request is signed with a private RSA or Ed25519 key')
  }
  if (!/^[!#-[\]-~]+$/.test(key.id)) throw new TypeError('the key id has a character that a header can not hold')
  if (!/^[A-Z]+$/.test(method)) throw new TypeError('the method is in upper case')
  if (!Number.isSafeInteger(created) || created < 0) throw new TypeError('created is a time in milliseconds')
  const target = targetOf(url)
  if (target === undefined) throw new TypeError('the URL is absolute, http or https, without fragment or user')

  const seconds = Math.floor(created / 1000)
  const hasBody = body.length > 0 || (method !== 'GET' && method !== 'HEAD')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value
  headers['host'] = target.authority
  headers['date'] = formatHttpDate(seconds * 1000)
  if (hasBody && form === 'cavage') headers['digest'] = formatDigest(body)
  if (hasBody && form === 'rfc9421') headers['content-digest'] = formatContentDigest(body)
  const lines = headerLines({ method, url, rawHeaders: Object.entries(headers), body })
  const signed = (base: Uint8Array | undefined): Buffer => {
    if (base === undefined) throw new TypeError('a header has a character that can not be sent')
    return sign(type === 'rsa' ? 'sha256' : null, base, key.privateKey)
  }

  if (form === 'cavage') {
    const covered = ['(request-target)', 'host', 'date', ...(hasBody ? ['digest'] : [])]
    const signature = signed(cavageBase({ headers: covered }, { method, target, lines })).toString('base64')
    const algorithm = type === 'rsa' ? 'rsa-sha256' : 'hs2019'
    const parameters = { keyId: key.id, algorithm, headers: covered.join(' '), signature }
    headers['signature'] = Object.entries(parameters)
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')
    return headers
  }
  const components = ['@method', '@target-uri', ...(hasBody ? ['content-digest'] : [])]
  const alg = type === 'rsa' ? 'rsa-v1_5-sha256' : 'ed25519'
  const text = formatInnerList(
    components,
    new Map<string, string | number>([
      ['created', seconds],
      ['keyid', key.id],
      ['alg', alg],
    ]),
  )
  const signature = signed(rfc9421Base({ components, text }, { method, target, lines }))
  headers['signature-input'] = `${LABEL}=${text}`
  headers['signature'] = formatBytes(LABEL, signature)
  return headers
}
