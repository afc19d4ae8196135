/**
 * The `Signature` header of draft-cavage-http-signatures-12 §2.1 and §4.1: comma-separated `name=value`, the value quoted
 * or not. Stricter than the draft where leniency helps only an attacker: no parameter twice (in any letter case), no
 * backslashes, header names lower-case and not twice, times whole seconds.
 */
import { decodeBase64 } from './base64.ts'
import { KEY_ID_LENGTH_MAX } from './candidate.ts'
import { parseSeconds } from './dates.ts'

export interface CavageHeader {
  readonly keyId: string
  readonly algorithm?: string
  /** The names of what is signed; `(created)` alone when there is no such parameter (§2.1.6). */
  readonly headers: readonly string[]
  readonly signature: Uint8Array
  /** In milliseconds. */
  readonly created?: number
  /** In milliseconds. */
  readonly expires?: number
}

/** Old versions of node-http-signature write it, as in `Authorization`, where it belongs. */
const SCHEME = /^Signature (?=[^ \t=])/
const HEADER_LENGTH_MAX = 16_384
const PARAMETERS_MAX = 16
const PARAMETER = /[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"([\t !#-[\]-~]*)"|([^\s",]+))[ \t]*(,|$)/y
const COVERABLE = /^(\((request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+)$/

/** The parameters, or what is wrong with them. */
export function parseCavageHeader(text: string): CavageHeader | string {
  const parameters = parametersOf(text)
  if (typeof parameters === 'string') return parameters

  const keyId = parameters.get('keyid')
  if (keyId === undefined || keyId === '' || keyId.length > KEY_ID_LENGTH_MAX) return 'keyId'
  const signature = decodeBase64(parameters.get('signature') ?? '')
  if (signature === undefined || signature.length === 0) return 'signature'
  const headers = (parameters.get('headers') ?? '(created)').split(' ')
  if (headers.some(name => !COVERABLE.test(name)) || new Set(headers).size < headers.length) return 'headers'

  const [algorithm, created, expires] = ['algorithm', 'created', 'expires'].map(name => parameters.get(name))
  const [createdAt, expiresAt] = [created, expires].map(time => (time === undefined ? undefined : parseSeconds(time)))
  if (created !== undefined && createdAt === undefined) return 'created'
  if (expires !== undefined && expiresAt === undefined) return 'expires'
  return {
    keyId,
    headers,
    signature,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(createdAt === undefined ? {} : { created: createdAt }),
    ...(expiresAt === undefined ? {} : { expires: expiresAt }),
  }
}

function parametersOf(text: string): Map<string, string> | string {
  if (text.length > HEADER_LENGTH_MAX) return 'too long'
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = SCHEME.exec(text)?.[0].length ?? 0
  for (let isOpen = true; isOpen;) {
    const match = PARAMETER.exec(text)
    if (match === null || parameters.size === PARAMETERS_MAX) return 'syntax'
    const [, name = '', quoted, bare, end] = match
    if (parameters.has(name.toLowerCase())) return `${name} twice`
    parameters.set(name.toLowerCase(), quoted ?? bare ?? '')
    isOpen = end === ','
  }
  return parameters
}
