/**
 * Delivery, from all outboxes: a worker of the store takes each activity to the inboxes where it is to go, in order for
 * each of them. An inbox that can't be reached is tried again, later each time, and holds up no other. What is done and
 * what waits lies in the store: a restart repeats nothing, and forgets nothing.
 */
import { addressees } from './activity.mjs'
import { isWorthRetrying, post, sign } from './send.mjs'

/**
 * @typedef {import('./person.mjs').Person} Person
 * @typedef {import('twinlog').ConsumerRecord<import('./activity.mjs').Activity>} OutboxRecord
 * @typedef {object} DeliveryOptions
 * @property {import('twinlog').Store} store
 * @property {string} origin
 * @property {readonly Person[]} people
 * @property {import('./follows.mjs').Follows} follows
 * @property {import('twinlog').SignatureForm} form
 * @property {() => number} clock
 * @property {import('twinlog').FetchDocument} fetchDocument
 * @property {((attempts: number) => number) | undefined} backoff milliseconds to wait after so many failed attempts
 * @property {(request: import('./send.mjs').SignedRequest, status: number) => void} onSend
 */

const FETCH_TIMEOUT_MS = 5000
/** This fediverse ends where this machine ends. */
const REACHABLE = /^http:\/\/127\.0\.0\.1:/
/** A target whose inbox is not known yet. */
const ACTOR = 'actor '

export class Delivery {
  #options
  #worker
  #stop = new AbortController()
  #running
  /** From actors elsewhere to where their post goes. @type {Map<string, { inbox: string, sharedInbox: string }>} */
  #addresses = new Map()

  /** @param {DeliveryOptions} options */
  constructor(options) {
    this.#options = options
    const { store, backoff, clock } = options
    this.#worker = store.worker('delivery', {
      box: 'outbox',
      targets: (/** @type {OutboxRecord} */ record) => this.#targetsOf(record),
      backoff,
      clock,
    })
    this.#running = this.#worker.run((record, target, { signal }) => this.#send(record, target, signal), {
      signal: this.#stop.signal,
    })
    // `stop` has it too; a worker that fails earlier must not go unnoticed until then.
    this.#running.catch(console.error)
  }

  stats() {
    return this.#worker.stats()
  }

  /** Waits for what is under way. */
  async stop() {
    this.#stop.abort()
    await this.#running
  }

  /** What becomes of one attempt. @param {OutboxRecord} record @param {string} target @param {AbortSignal} signal */
  async #send({ actor, bytes: body }, target, signal) {
    const { people, form, clock, onSend } = this.#options
    const signer = people.find(({ id }) => id === actor)
    if (signer === undefined) return 'drop'
    const url = target.startsWith(ACTOR) ? (await this.#addressOf(target.slice(ACTOR.length))).inbox : target
    const request = sign({ url, body, signer, form, now: clock() })
    const status = await post(request, signal)
    onSend(request, status)
    if (isWorthRetrying(status)) throw new Error(`${url} answers ${status}`)
    return status < 300 ? 'done' : 'drop'
  }

  /**
   * Each inbox elsewhere once: the shared one of its host for what goes to followers. An actor whose document can't be had
   * for now stands for itself, and is asked again when its turn comes.
   * @param {OutboxRecord} record
   */
  async #targetsOf({ actor, value }) {
    const { origin, people, follows } = this.#options
    const named = addressees(value)
    const isForFollowers = people.some(({ id, followers }) => id === actor && named.includes(followers))
    const ids = new Set([...named, ...(isForFollowers ? follows.followersOf(actor) : [])])
    const elsewhere = [...ids].filter(id => REACHABLE.test(id) && !id.startsWith(`${origin}/`))
    const targets = elsewhere.map(async id => {
      try {
        const address = await this.#addressOf(id)
        return isForFollowers ? address.sharedInbox : address.inbox
      } catch {
        return ACTOR + id
      }
    })
    return [...new Set(await Promise.all(targets))]
  }

  /** @param {string} id */
  async #addressOf(id) {
    const known = this.#addresses.get(id)
    if (known !== undefined) return known
    const { document } = await this.#options.fetchDocument(id, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    const { inbox, endpoints } = /** @type {{ inbox: string, endpoints?: { sharedInbox?: string } }} */ (document)
    const address = { inbox, sharedInbox: endpoints?.sharedInbox ?? inbox }
    this.#addresses.set(id, address)
    return address
  }
}
