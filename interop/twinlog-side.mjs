/**
 * A host on twinlog: a store on disk, the inbound pipeline behind `node:http` and behind `fetch`'s types, and actors of
 * its own whose documents others can fetch.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInbound, keysOfActor, multikeyOf, open, signRequest } from '../dist/index.js'
import { bodyOf, listen } from './web-server.mjs'

const MEDIA_TYPE = 'application/activity+json'
/** The actors that have inboxes here. */
const LOCAL = ['carol', 'dave']
/** Before the paths that the web-standard adapter answers. */
const WEB = '/web'
const FETCH_MS_MAX = 10_000

/** @type {Readonly<Record<string, import('node:crypto').KeyObject>>} */
const privateKeys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
}

export async function startTwinlog() {
  const folder = await mkdtemp(join(tmpdir(), 'twinlog-interop-'))
  const store = await open(folder)
  /** What came in and how it was answered, in order. @type {{ status: number, digest: string }[]} */
  const answers = []
  const server = await listen(async origin => {
    for (const name of LOCAL) await store.actors.add(`${origin}/users/${name}`)
    const inbound = createInbound({ store, origin, fetchPeer, route: url => routeAt(origin, url) })
    return async (request, response) => {
      const { pathname } = new URL(request.url ?? '/', origin)
      if (request.method === 'GET') return answerWithActor(response, origin, pathname)
      const digest = String(request.headers['digest'] ?? request.headers['content-digest'])
      response.once('finish', () => answers.push({ status: response.statusCode, digest }))
      if (!pathname.startsWith(WEB)) return inbound.handleNode(request, response)
      const answer = await inbound.handle(await webRequest(request, origin))
      response.writeHead(answer.status).end(await answer.text())
    }
  })
  const actorId = (/** @type {string} */ name) => `${server.origin}/users/${name}`
  let made = 0

  return {
    actorId,
    answers,
    /** @param {string} name */
    inboxOf: name => `${actorId(name)}/inbox`,
    /** The same inbox, behind the web-standard adapter. @param {string} name */
    webInboxOf: name => `${server.origin}${WEB}/users/${name}/inbox`,

    /** All that is in an inbox. @param {string} name */
    async records(name) {
      const records = []
      for await (const record of store.inbox(actorId(name)).read()) records.push(record)
      return records
    },

    /** @param {string} name */
    keyOf: name => ({ id: `${actorId(name)}#main-key`, privateKey: privateKeys[name] }),
    /** The key of the actor's integrity proofs. @param {string} name */
    proofKeyOf: name => ({ id: `${actorId(name)}#proof-key`, privateKey: privateKeys['ed25519'] }),

    /** @param {string} name */
    activityBy(name) {
      const id = `${server.origin}/activities/${++made}`
      return {
        '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/data-integrity/v1'],
        id,
        type: 'Create',
        actor: actorId(name),
        to: 'as:Public',
        object: {
          id: `${id}/note`,
          type: 'Note',
          attributedTo: actorId(name),
          content: 'Grüße, 世界 \u{1F30D} \u2028',
        },
      }
    },

    /**
     * What `deliver` sends, signed; a case may change it on the way.
     * @param {{ as: string, to: string, form: 'cavage' | 'rfc9421', activity: object }} delivery
     */
    signed({ as, to, form, activity }) {
      const body = Buffer.from(JSON.stringify(activity))
      const headers = { 'content-type': MEDIA_TYPE }
      const key = this.keyOf(as)
      return {
        url: to,
        body,
        headers: signRequest({ form, method: 'POST', url: to, headers, body, key, created: Date.now() }),
      }
    },

    async close() {
      await server.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * @param {string} origin
 * @param {URL} url
 */
function routeAt(origin, { pathname }) {
  const path = pathname.startsWith(WEB) ? pathname.slice(WEB.length) : pathname
  const name = /^\/users\/(\w+)\/inbox$/.exec(path)?.[1]
  return name === undefined ? undefined : [`${origin}/users/${name}`]
}

/**
 * Sends exactly these headers, and gives the answer.
 * @param {{ url: string, headers: Record<string, string>, body: Uint8Array }} delivery
 * @returns {Promise<{ status: number, text: string }>}
 */
export async function deliver({ url, headers, body }) {
  const request = httpRequest(url, { method: 'POST', headers, signal: AbortSignal.timeout(FETCH_MS_MAX) })
  const { promise, resolve, reject } = Promise.withResolvers()
  request.once('response', resolve).once('error', reject).end(body)
  const response = await promise
  return { status: response.statusCode, text: (await bodyOf(response)).toString() }
}

/** @type {import('../dist/index.js').FetchPeerState} */
async function fetchPeer(id, { signal }) {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS_MAX)])
  const response = await fetch(id, { headers: { accept: MEDIA_TYPE }, redirect: 'error', signal: waiting })
  if (!response.ok) return new Error(`${id}: ${response.status}`)
  const document = await response.json()
  const found = keysOfActor(document)
  if ('code' in found) return new Error(`${id}: ${found.detail}`)
  return { id: found.owner, keys: found.keys, fetchedAt: Date.now() }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {string} origin
 * @param {string} pathname
 */
function answerWithActor(response, origin, pathname) {
  const name = pathname.slice('/users/'.length)
  const privateKey = privateKeys[name]
  if (privateKey === undefined) return void response.writeHead(404).end()
  const id = origin + pathname
  const spki = createPublicKey(privateKeys['ed25519']).export({ type: 'spki', format: 'der' })
  const document = {
    '@context': [
      'https://www.w3.org/ns/activitystreams',
      'https://w3id.org/security/v1',
      'https://w3id.org/security/multikey/v1',
      'https://www.w3.org/ns/did/v1',
    ],
    id,
    type: 'Person',
    preferredUsername: name,
    inbox: `${id}/inbox`,
    publicKey: {
      id: `${id}#main-key`,
      type: 'CryptographicKey',
      owner: id,
      publicKeyPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }),
    },
    assertionMethod: [
      {
        id: `${id}#proof-key`,
        type: 'Multikey',
        controller: id,
        publicKeyMultibase: multikeyOf({ algorithm: 'ed25519', publicKey: spki }),
      },
    ],
  }
  response.writeHead(200, { 'content-type': MEDIA_TYPE }).end(JSON.stringify(document))
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {string} origin
 */
async function webRequest(request, origin) {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  return new Request(origin + request.url, { method: request.method, headers, body: await bodyOf(request) })
}
