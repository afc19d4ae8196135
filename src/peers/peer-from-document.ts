/**
 * Makes a peer's state of its actor document, wherever a host's own function fetched that. The document is believed about
 * itself alone: it lies at its own id's origin, its `id` is what was asked for (CVE-2024-23832), and its keys are its own.
 */
import { keyOfDocument, keysOfActor } from '../signatures/actor-keys.ts'
import type { VerificationKey } from '../signatures/key-material.ts'
import type { FetchDocument, FetchedDocument } from './fetch-document.ts'
import { isActivityType } from './fetch/content-type.ts'
import { FetchError } from './fetch/fetch-error.ts'
import { readUrl, type UrlRules } from './fetch/url-rules.ts'
import type { PeerState } from './types.ts'

export interface PeerFromDocumentOptions extends UrlRules {
  /** Now, in milliseconds since 1970: when it was fetched. */
  readonly clock?: (() => number) | undefined
}

const REFERENCES_MAX = 4

/** What `lookupOrFetch` and `refresh` of the peer cache take. Rejects with a `FetchError`, or what `fetchDocument` threw. */
export function peerFromDocument(
  fetchDocument: FetchDocument,
  options: PeerFromDocumentOptions = {},
): (peerId: string, options: { readonly signal: AbortSignal }) => Promise<PeerState> {
  const { clock = Date.now } = options

  /** The document whose id is `id`. */
  async function fetchById(id: string, signal: AbortSignal): Promise<object> {
    const { origin } = readUrl(id, options)
    signal.throwIfAborted()
    const fetched: unknown = await untilAborted(fetchDocument(id, { signal }), signal)
    if (!isFetched(fetched)) throw new FetchError('malformed', 'what was fetched is no document')
    const { finalUrl, contentType, document } = fetched
    if (!URL.canParse(finalUrl) || new URL(finalUrl).origin !== origin) {
      throw new FetchError('origin_mismatch', 'the document lies at another origin than its id')
    }
    if (!isActivityType(contentType)) throw new FetchError('content_type', 'the answer is no ActivityPub document')
    if (!isObject(document) || !Object.hasOwn(document, 'id') || document['id'] !== id) {
      throw new FetchError('id_mismatch', 'the document has another id than the one that was asked for')
    }
    return document
  }

  async function fetchKey(id: string, owner: string, signal: AbortSignal): Promise<VerificationKey> {
    const key = keyOfDocument(await fetchById(id, signal), owner)
    if ('code' in key) throw new FetchError('no_key', `the key can not be used: ${key.detail}`)
    return key
  }

  return async (peerId, { signal }) => {
    const document = await fetchById(peerId, signal)
    const fetchedAt = clock()
    const listed = keysOfActor(document)
    if ('code' in listed) throw new FetchError('no_key', `the keys can not be read: ${listed.detail}`)
    // What lies in the actor's own document was there to be read.
    const references = listed.references.filter(id => !isAt(id, peerId)).slice(0, REFERENCES_MAX)
    const fetched = await Promise.allSettled(references.map(id => fetchKey(id, peerId, signal)))
    signal.throwIfAborted()
    const found = fetched.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
    const keys = [...listed.keys, ...found]
    // No cause: that the document of a key is gone (410) does not mean that the peer is.
    if (keys.length === 0) throw new FetchError('no_key', 'the document lists no key that can be used')
    return { id: peerId, keys, fetchedAt }
  }
}

function isFetched(value: unknown): value is FetchedDocument {
  return isObject(value) && typeof value['finalUrl'] === 'string' && typeof value['contentType'] === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A function of the host's may never settle, whatever its signal says. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    // The reason is the host's own, and need not be an error.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}

function isAt(id: string, documentId: string): boolean {
  return id.split('#')[0] === documentId.split('#')[0]
}
