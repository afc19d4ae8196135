/** A host that keeps, for the story, what came of deliveries, what was read from it, and what it sent. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Host } from './host.mjs'
import { post } from './send.mjs'
import { line } from './terminal.mjs'

/** Whoever waits longer than this for a delivery waits in vain. */
const PATIENCE_MS = 10_000

export class Watched extends Host {
  /** @type {string[]} */
  verdicts
  /** @type {string[]} */
  reads
  /** What it delivered, and the status of the answer; 0 when there was none. @type {{ request: import('./send.mjs').SignedRequest, status: number }[]} */
  sent
  #deliveries

  /** @param {Omit<import('./host.mjs').HostOptions, 'onVerdict' | 'onRead' | 'onSend'>} options */
  constructor(options) {
    /** @type {string[]} */
    const verdicts = []
    /** @type {string[]} */
    const reads = []
    /** @type {Watched['sent']} */
    const sent = []
    const deliveries = new EventEmitter()
    super({
      ...options,
      onVerdict: ({ status, code }) => void verdicts.push(`${status} ${code}`),
      onRead: url => void reads.push(url.pathname),
      onSend: (request, status) => {
        sent.push({ request, status })
        deliveries.emit('sent', request.url, status)
      },
    })
    this.verdicts = verdicts
    this.reads = reads
    this.sent = sent
    this.#deliveries = deliveries
  }

  /** The latest delivery that went out, as it was on the wire. */
  get lastSent() {
    const last = this.sent.at(-1)
    if (last === undefined) throw new Error('nothing was sent')
    return last.request
  }

  /**
   * The statuses of its next deliveries to another host, of those that count.
   * @param {string} origin @param {number} count @param {(status: number) => boolean} [isCounted] @returns {Promise<number[]>}
   */
  async nextAnswersOf(origin, count, isCounted = () => true) {
    return new Promise((resolve, reject) => {
      /** @type {number[]} */
      const statuses = []
      const timeout = setTimeout(() => {
        const message = `of ${count} deliveries to ${origin} these came about: ${statuses.join(', ') || 'none'}`
        reject(new assert.AssertionError({ message }))
      }, PATIENCE_MS)
      const onSent = (/** @type {string} */ url, /** @type {number} */ status) => {
        if (!url.startsWith(`${origin}/`) || !isCounted(status) || statuses.push(status) < count) return
        clearTimeout(timeout)
        this.#deliveries.off('sent', onSent)
        resolve(statuses)
      }
      this.#deliveries.on('sent', onSent)
    })
  }

  /**
   * Publishes, and waits until the worker has delivered to that host.
   * @param {import('./person.mjs').Person} author @param {Watched} to @param {Parameters<Host['publish']>[1]} draft
   */
  async publishTo(to, author, draft) {
    const [[status = 0], activity] = await Promise.all([this.nextAnswersOf(to.origin, 1), this.publish(author, draft)])
    return { status, activity }
  }

  async restart() {
    const port = Number(new URL(this.origin).port)
    await this.stop()
    await this.start(port)
  }

  /** How often the document of somebody was asked for. @param {import('./person.mjs').Person} person */
  readsOf({ id }) {
    return this.reads.filter(path => path === new URL(id).pathname).length
  }

  async tips() {
    const tips = this.people.map(async ({ name, id }) => {
      const [inbox, outbox] = await Promise.all([this.store.inbox(id).tip(), this.store.outbox(id).tip()])
      return /** @type {const} */ ([name, { inbox, outbox }])
    })
    return new Map(await Promise.all(tips))
  }
}

/**
 * Delivers something to a host, prints the verdict there and which inboxes grew, and insists on both. Gives what `deliver` gave.
 * @template {{ status: number }} Answer
 * @param {Watched} host @param {string} who @param {string} what @param {() => Promise<Answer>} deliver
 * @param {string} verdict @param {string} effect
 */
export async function show(host, who, what, deliver, verdict, effect) {
  const before = await host.tips()
  host.verdicts.length = 0
  const answer = await deliver()
  const grown = [...(await host.tips())].filter(([name, { inbox }]) => inbox !== before.get(name)?.inbox)
  const seen = {
    verdict: host.verdicts.join(', '),
    effect: grown.map(([name, { inbox }]) => `${name} ${inbox}`).join(', ') || 'nothing written',
  }
  line({ who, what, ...seen })
  assert.deepEqual(seen, { verdict, effect })
  // The sender was told the same.
  assert.equal(answer.status, Number.parseInt(verdict, 10))
  return answer
}

/** As a stranger sends it. @param {import('./send.mjs').SignedRequest} request */
export async function attempt(request) {
  return { status: await post(request) }
}
