/**
 * A server of Fedify's, by its public API alone: actors with the keys that their names say, an inbox, and a listener that
 * keeps what Fedify let pass. Nothing is queued: what it sends is on its way when the call returns.
 */
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from '@fedify/fedify'
import { Activity, Create, Note, Person, PUBLIC_COLLECTION } from '@fedify/vocab'
import { bodyOf, listen } from './web-server.mjs'

/** What only works when both sides agree on bytes, and on how a number or a character is written as JSON. */
const CONTENT = 'Grüße, 世界 \u{1F30D} \u2028 "quoted" \\ </script> 1e21'

/** @type {Readonly<Record<string, readonly ('RSASSA-PKCS1-v1_5' | 'Ed25519')[]>>} */
const KEYS = {
  rsa: ['RSASSA-PKCS1-v1_5'],
  both: ['RSASSA-PKCS1-v1_5', 'Ed25519'],
  ed25519: ['Ed25519'],
}

/** @param {{ firstKnock: 'draft-cavage-http-signatures-12' | 'rfc9421' }} options the form that it signs with first */
export async function startFedify({ firstKnock }) {
  /** @type {Map<string, CryptoKeyPair[]>} */
  const pairs = new Map()
  for (const [name, algorithms] of Object.entries(KEYS)) {
    pairs.set(name, await Promise.all(algorithms.map(algorithm => generateCryptoKeyPair(algorithm))))
  }
  /** The ids of the activities that reached the listener. */
  const received = new Set()
  /** @type {URL | undefined} where the listener passes on what it gets */
  let forwardTo
  const federation = createFederation({ kv: new MemoryKvStore(), allowPrivateAddress: true, firstKnock })
  federation
    .setActorDispatcher('/users/{identifier}', async (context, identifier) => {
      if (!pairs.has(identifier)) return null
      const keys = await context.getActorKeyPairs(identifier)
      return new Person({
        id: context.getActorUri(identifier),
        preferredUsername: identifier,
        inbox: context.getInboxUri(identifier),
        publicKey: keys[0]?.cryptographicKey,
        assertionMethods: keys.map(({ multikey }) => multikey),
      })
    })
    .setKeyPairsDispatcher((_context, identifier) => pairs.get(identifier) ?? [])
  federation.setInboxListeners('/users/{identifier}/inbox', '/inbox').on(Activity, async (context, activity) => {
    received.add(activity.id?.href)
    if (forwardTo === undefined) return
    const recipient = { id: new URL('/', forwardTo), inboxId: forwardTo }
    await context.forwardActivity({ identifier: 'both' }, recipient, { immediate: true })
  })

  const server = await listen(origin => async (request, response) => {
    const body = await bodyOf(request)
    const url = new URL(request.url ?? '/', origin)
    const answer = await federation.fetch(new Request(url, requestInit(request, body)), { contextData: undefined })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  const context = federation.createContext(new URL(server.origin), undefined)
  let made = 0

  return {
    ...server,
    received,
    /** @param {string} name */
    actorId: name => context.getActorUri(name).href,
    /** @param {string} name */
    inboxOf: name => context.getInboxUri(name).href,
    /** The loaders it verifies with, for its functions that work without a server. */
    loaders: { documentLoader: context.documentLoader, contextLoader: context.contextLoader },
    /** @param {string} name */
    keysOf: name => context.getActorKeyPairs(name),

    /**
     * An activity of this actor's, unsigned.
     * @param {string} name
     */
    activityBy(name) {
      const actor = context.getActorUri(name)
      const [id, note] = ['activities', 'notes'].map(kind => new URL(`/${kind}/${++made}`, server.origin))
      const object = new Note({ id: note, attribution: actor, content: CONTENT, to: PUBLIC_COLLECTION })
      return new Create({ id, actor, object, to: PUBLIC_COLLECTION })
    },

    /**
     * @param {string} name who sends it
     * @param {Activity} activity
     * @param {string} inbox
     */
    async send(name, activity, inbox) {
      const recipient = { id: new URL('/', inbox), inboxId: new URL(inbox) }
      await context.sendActivity({ identifier: name }, recipient, activity, { immediate: true })
    },

    /** @param {string | undefined} inbox */
    forwardAllTo(inbox) {
      forwardTo = inbox === undefined ? undefined : new URL(inbox)
    },
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {Buffer} body
 */
function requestInit({ method = 'GET', headers }, body) {
  const given = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return { method, headers: given, ...(body.length > 0 ? { body } : {}) }
}
