/**
 * Fetches a document of another server, at a URL that a stranger may have chosen. What it guards against: being sent to
 * addresses that only this machine can reach, answers without an end, and documents that are none. It is built over
 * `node:http`, since global `fetch` can't be told which address to connect to (docs/decisions/0011).
 */
import type { KeyObject } from 'node:crypto'
import { validateHeaderValue, type IncomingMessage } from 'node:http'
import { TwinlogError } from '../errors.ts'
import { JsonRejection } from '../json/json-rejection.ts'
import { readStrictJson } from '../json/strict-json.ts'
import type { SignatureForm } from '../signatures/coverage.ts'
import { signRequest } from '../signatures/sign-request.ts'
import { acceptedTypes, isActivityType } from './fetch/content-type.ts'
import { FetchError } from './fetch/fetch-error.ts'
import { addressesByName, pinnedLookup, type FindAddresses } from './fetch/pinned-lookup.ts'
import { get, readBody } from './fetch/request.ts'
import { readUrl, type UrlRules } from './fetch/url-rules.ts'

export interface FetchedDocument {
  /** Where it lay after all redirects, without fragment. */
  readonly finalUrl: string
  readonly contentType: string
  readonly document: unknown
}

/** Rejects with a `FetchError`, or with the signal's reason. */
export type FetchDocument = (url: string, options: { readonly signal: AbortSignal }) => Promise<FetchedDocument>

/** Who signs what is fetched: many servers answer nobody else. */
export interface FetchSigner {
  /** The id under which others find the public half. */
  readonly keyId: string
  /** RSA or Ed25519. */
  readonly privateKey: KeyObject
  readonly form?: SignatureForm | undefined
}

export interface FetchDocumentOptions extends UrlRules {
  /** Says whose requests these are, as in `name/1.0 (+https://social.example/)`. */
  readonly userAgent: string
  readonly signer?: FetchSigner | undefined
  /** For all of it: names, redirects and the body. */
  readonly timeoutMs?: number | undefined
  readonly bodyBytesMax?: number | undefined
  readonly redirectsMax?: number | undefined
  /** Finds all addresses of a host; by default the name servers that `dns.getServers()` names are asked. */
  readonly lookup?: FindAddresses | undefined
  /** Now, in milliseconds since 1970: when it was signed. */
  readonly clock?: (() => number) | undefined
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** @throws TypeError, OUT_OF_RANGE */
export function createFetchDocument(options: FetchDocumentOptions): FetchDocument {
  const {
    userAgent,
    signer,
    lookup: findAddresses = addressesByName,
    clock = Date.now,
    allowPrivateAddresses = false,
  } = options
  const timeoutMs = checkNumber('timeoutMs', options.timeoutMs ?? 5000, 1, 2 ** 31 - 1)
  const bodyBytesMax = checkNumber('bodyBytesMax', options.bodyBytesMax ?? 2 ** 20, 1, 2 ** 26)
  const redirectsMax = checkNumber('redirectsMax', options.redirectsMax ?? 3, 0, 20)
  if (userAgent === '') throw new TypeError('userAgent must say who asks')
  validateHeaderValue('user-agent', userAgent)

  function headersFor(url: string): Record<string, string> {
    const headers = { accept: acceptedTypes, 'accept-encoding': 'identity', 'user-agent': userAgent }
    if (signer === undefined) return headers
    const { keyId, privateKey, form = 'cavage' } = signer
    return signRequest({ form, method: 'GET', url, headers, key: { id: keyId, privateKey }, created: clock() })
  }
  // A key that can't sign is the host's mistake: it shows at once, and not with the first peer.
  headersFor('https://host.example/')

  async function follow(first: URL, signal: AbortSignal): Promise<FetchedDocument> {
    let url = first
    const lookup = pinnedLookup({ findAddresses, allowPrivateAddresses, signal })
    for (let redirectsLeft = redirectsMax; ; redirectsLeft--) {
      const response = await get(url, { headers: headersFor(url.href), lookup, signal })
      try {
        if (!REDIRECTS.has(response.statusCode ?? 0)) return await readDocument(response, url, bodyBytesMax)
        if (redirectsLeft === 0) throw new FetchError('redirect_refused', 'there were too many redirects')
        url = nextUrl(url, response, options)
      } finally {
        response.destroy()
      }
    }
  }

  return async (text, { signal }) => {
    signal.throwIfAborted()
    const url = readUrl(text, options)
    const controller = new AbortController()
    const onAbort = (): void => controller.abort(signal.reason)
    const timer = setTimeout(
      () => controller.abort(new FetchError('timeout', `no document within ${timeoutMs} ms`)),
      timeoutMs,
    )
    signal.addEventListener('abort', onAbort)
    try {
      return await follow(url, controller.signal)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function nextUrl(from: URL, { headers: { location } }: IncomingMessage, rules: UrlRules): URL {
  if (location === undefined) throw new FetchError('redirect_refused', 'the redirect leads nowhere')
  const next = readUrl(location, rules, from)
  if (from.protocol === 'https:' && next.protocol !== 'https:') {
    throw new FetchError('redirect_refused', 'the redirect leads from https to http')
  }
  return next
}

async function readDocument(response: IncomingMessage, url: URL, bytesMax: number): Promise<FetchedDocument> {
  const { statusCode: status = 0, headers } = response
  if (status !== 200) throw new FetchError('status', `the server answered ${status}`, { status })
  const contentType = headers['content-type'] ?? ''
  if (!isActivityType(contentType)) throw new FetchError('content_type', 'the answer is no ActivityPub document')
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new FetchError('content_encoding', 'the answer has an encoding that was not asked for')
  }
  const document = readStrictJson(await readBody(response, bytesMax))
  if (document instanceof JsonRejection) {
    throw new FetchError('malformed', `the document was refused: ${document.code}, ${document.detail}`)
  }
  return { finalUrl: url.href, contentType, document }
}

function checkNumber(argument: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${argument} must be a number`)
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const facts = { argument, value, min, max }
  throw new TwinlogError('OUT_OF_RANGE', `${argument} must be an integer from ${min} to ${max}, not ${value}`, facts)
}
