/**
 * Delivery, from the outbox. What was appended is never lost: whoever could not be reached gets it at the next call. How far
 * it came is kept in memory only. After a restart everything is sent again, and the ids make that harmless.
 */
import { addressees } from './activity.mjs'
import { isWorthRetrying, post, sign } from './send.mjs'

/**
 * @typedef {import('./person.mjs').Person} Person
 * @typedef {object} OutboundOptions
 * @property {import('twinlog').Store} store
 * @property {string} origin
 * @property {import('./follows.mjs').Follows} follows
 * @property {import('twinlog').SignatureForm} form
 * @property {() => number} clock
 * @property {import('twinlog').FetchDocument} fetchDocument
 * @property {(request: import('./send.mjs').SignedRequest) => void} onSend
 */

const FETCH_TIMEOUT_MS = 15_000
/** This fediverse ends where this machine ends. */
const REACHABLE = /^http:\/\/127\.0\.0\.1:/

export class Outbound {
  #options
  /** From the ids of our own to the last number that everybody has got. @type {Map<string, number>} */
  #delivered = new Map()
  /** From actors elsewhere to where their post goes. @type {Map<string, { inbox: string, sharedInbox: string }>} */
  #addresses = new Map()

  /** @param {OutboundOptions} options */
  constructor(options) {
    this.#options = options
  }

  /** In the order of the outbox; stops at the first that has to be tried again. @param {Person} author */
  async deliver(author) {
    const outbox = this.#options.store.outbox(author.id)
    for await (const { seq, value, bytes } of outbox.read({ after: this.#delivered.get(author.id) ?? 0 })) {
      const activity = /** @type {import('./activity.mjs').Activity} */ (value)
      if (!(await this.#sendToAll(author, activity, bytes))) return false
      this.#delivered.set(author.id, seq)
    }
    return true
  }

  /** @param {Person} author @param {import('./activity.mjs').Activity} activity @param {Uint8Array} body */
  async #sendToAll(author, activity, body) {
    const { form, clock, onSend } = this.#options
    const inboxes = await this.#inboxesFor(author, activity)
    if (inboxes === undefined) return false
    const requests = inboxes.map(url => sign({ url, body, signer: author, form, now: clock() }))
    for (const request of requests) onSend(request)
    const statuses = await Promise.all(requests.map(post))
    return !statuses.some(isWorthRetrying)
  }

  /**
   * Each inbox elsewhere once: the shared one of its host for what goes to followers. Undefined when an actor's document
   * could not be had.
   * @param {Person} author @param {import('./activity.mjs').Activity} activity
   */
  async #inboxesFor(author, activity) {
    const { origin, follows } = this.#options
    const named = addressees(activity)
    const isForFollowers = named.includes(author.followers)
    const ids = new Set([...named, ...(isForFollowers ? follows.followersOf(author.id) : [])])
    const inboxes = new Set()
    for (const id of ids) {
      if (!REACHABLE.test(id) || id.startsWith(`${origin}/`)) continue
      const address = await this.#addressOf(id)
      if (address === undefined) return undefined
      inboxes.add(isForFollowers ? address.sharedInbox : address.inbox)
    }
    return /** @type {string[]} */ ([...inboxes])
  }

  /** @param {string} id */
  async #addressOf(id) {
    const known = this.#addresses.get(id)
    if (known !== undefined) return known
    try {
      const { document } = await this.#options.fetchDocument(id, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
      const { inbox, endpoints } = /** @type {{ inbox: string, endpoints?: { sharedInbox?: string } }} */ (document)
      const address = { inbox, sharedInbox: endpoints?.sharedInbox ?? inbox }
      this.#addresses.set(id, address)
      return address
    } catch {
      return undefined
    }
  }
}
