/**
 * A small ActivityPub host over twinlog and `node:http`: actors, inboxes of their own and one that is shared, outboxes in
 * pages, delivery, and timelines. Its store is its only database.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createFetchDocument, createInbound, open, peerFromDocument } from 'twinlog'
import { addressees } from './activity.mjs'
import { Delivery } from './delivery.mjs'
import { Follows } from './follows.mjs'
import { Person } from './person.mjs'
import { readDocument } from './read.mjs'
import { Timeline } from './timeline.mjs'

/**
 * @typedef {import('./activity.mjs').Activity} Activity
 * @typedef {object} Running
 * @property {import('twinlog').HostStore} store
 * @property {import('twinlog').Inbound} inbound
 * @property {Follows} follows
 * @property {Delivery} delivery
 * @property {Timeline} timeline
 * @typedef {object} HostOptions
 * @property {string} directory where the store lies
 * @property {readonly string[]} names who lives here
 * @property {'rsa' | 'ed25519'} algorithm of their keys
 * @property {import('twinlog').SignatureForm} form how deliveries are signed
 * @property {() => number} [clock] milliseconds since 1970
 * @property {NonNullable<import('twinlog').InboundOptions['onVerdict']>} [onVerdict] told what comes of each delivery
 * @property {(url: URL, status: number) => void} [onRead] told of each GET
 * @property {(attempts: number) => number} [backoff] milliseconds until a host that is down is tried again
 * @property {(request: import('./send.mjs').SignedRequest, status: number) => void} [onSend] told what comes of each delivery
 */

const HOST = '127.0.0.1'
/** Without these, other hosts are public ones, and speak https. */
const rules = { allowHttp: true, allowPrivateAddresses: true }
const KEEP_ALIVE_MS = 60_000
/** How long `stop` waits for requests under way. */
const GRACE_MS = 500

export class Host {
  /** @type {readonly Person[]} */
  people = []
  #options
  #server = createServer((request, response) => void this.#answer(request, response))
  /** @type {Running | undefined} */
  #running

  /** @param {HostOptions} options */
  constructor(options) {
    // A sender that sends on a connection which ends at that moment gets no answer. Longer than any sender waits.
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS
    this.#options = { clock: Date.now, onRead: () => {}, onSend: () => {}, onVerdict: () => {}, ...options }
  }

  get origin() {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the host does not listen')
    return `http://${HOST}:${address.port}`
  }

  get store() {
    return this.#parts.store
  }

  get delivery() {
    return this.#parts.delivery
  }

  get timeline() {
    return this.#parts.timeline
  }

  /** Opens the store, and listens. @param {number} port 0: any that is free */
  async start(port) {
    const store = await open(this.#options.directory, { clock: this.#options.clock })
    try {
      this.#server.listen(port, HOST)
      await once(this.#server, 'listening')
      this.#running = await this.#runOver(store)
    } catch (error) {
      this.#server.close()
      await store.close()
      throw error
    }
  }

  /** Stops listening and delivering, and closes the store. */
  async stop() {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#server.close()
    const grace = setTimeout(() => this.#server.closeAllConnections(), GRACE_MS)
    await once(this.#server, 'close')
    clearTimeout(grace)
    await Promise.all([running.delivery.stop(), running.timeline.stop()])
    await running.store.close()
  }

  /** @param {string} name */
  person(name) {
    const person = this.people.find(each => each.name === name)
    if (person === undefined) throw new Error(`nobody here is called ${name}`)
    return person
  }

  /**
   * Puts an activity of one of our own into the outbox and, in the same commit, into the inboxes of those here it is for.
   * The worker sees it in the outbox, and delivers it.
   * @param {Person} author @param {{ type: string, [member: string]: unknown }} draft
   */
  async publish(author, draft) {
    const { store, follows } = this.#parts
    const outbox = store.outbox(author.id)
    const tip = (await outbox.tip()) ?? 0
    const activity = {
      '@context': 'https://www.w3.org/ns/activitystreams',
      id: `${author.outbox}/${tip + 1}`,
      actor: author.id,
      ...draft,
    }
    const [json, key] = [JSON.stringify(activity), activity.id]
    const inboxes = this.#meantHere(activity).map(id => ({ log: store.inbox(id), json, key }))
    await store.append([{ log: outbox, json, key, expectedTip: tip }, ...inboxes])
    follows.learn(activity)
    return activity
  }

  /** @param {import('twinlog').HostStore} store @returns {Promise<Running>} */
  async #runOver(store) {
    const { names, algorithm, form, clock, backoff, onSend, onVerdict } = this.#options
    const { origin } = this
    // A real host keeps the keys in a file; here they last as long as the process.
    if (this.people.length === 0) this.people = names.map(name => new Person({ origin, name, algorithm }))
    for (const { id } of this.people) await store.actors.add(id)
    const follows = new Follows()
    await follows.learnFrom(store)
    const fetchDocument = createFetchDocument({ ...rules, userAgent: `twinlog-example (+${origin})`, clock })
    const inbound = createInbound({
      store,
      origin,
      clock,
      fetchPeer: peerFromDocument(fetchDocument, { ...rules, clock }),
      route: (url, activity) => this.#route(url, activity),
      onVerdict: (verdict, request) => {
        if (verdict.accepted) follows.learn(verdict.activity)
        return onVerdict(verdict, request)
      },
    })
    const { people } = this
    const delivery = new Delivery({ store, origin, people, follows, form, clock, fetchDocument, backoff, onSend })
    return { store, inbound, follows, delivery, timeline: new Timeline(store) }
  }

  get #parts() {
    if (this.#running === undefined) throw new Error('the host does not run')
    return this.#running
  }

  /** Whose inboxes a delivery is for. @param {URL} url @param {Activity} activity */
  #route({ pathname }, activity) {
    if (pathname === '/inbox') return this.#meantHere(activity)
    const person = this.people.find(({ name }) => pathname === `/users/${name}/inbox`)
    return person && [person.id]
  }

  /** Those here to whom an activity is addressed, or who follow its actor. @param {Activity} activity */
  #meantHere(activity) {
    const named = addressees(activity)
    const { actor } = activity
    const followers = this.#parts.follows.followersOf(String(actor))
    const isForFollowers = named.includes(`${String(actor)}/followers`)
    const meant = this.people.filter(({ id }) => named.includes(id) || (isForFollowers && followers.includes(id)))
    return meant.map(({ id }) => id)
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async #answer(request, response) {
    // It listens before it is ready: only then it knows its own name.
    if (this.#running === undefined) return void response.writeHead(503).end()
    try {
      const { inbound, store } = this.#running
      // It refuses what is no POST.
      if (request.method !== 'GET') return await inbound.handleNode(request, response)
      const { url: target = '/' } = request
      // Joined, not resolved: `//` would be a URL of another host, and of none.
      const url = new URL(target.startsWith('/') ? `${this.origin}${target}` : this.origin)
      const document = await readDocument(url, { store, people: this.people })
      const status = document === undefined ? 404 : 200
      response.writeHead(status, { 'content-type': 'application/activity+json' }).end(JSON.stringify(document))
      this.#options.onRead(url, status)
    } catch (error) {
      if (!response.headersSent) response.writeHead(500)
      response.end()
      console.error(error)
    }
  }
}
