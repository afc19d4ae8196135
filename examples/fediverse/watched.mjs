/** A host that keeps, for the story, what came of deliveries, what was read from it, and what it sent. */
import assert from 'node:assert/strict'
import { Host } from './host.mjs'
import { line } from './terminal.mjs'

export class Watched extends Host {
  /** @type {string[]} */
  verdicts
  /** @type {string[]} */
  reads
  /** @type {import('./send.mjs').SignedRequest[]} */
  sent

  /** @param {Omit<import('./host.mjs').HostOptions, 'onVerdict' | 'onRead' | 'onSend'>} options */
  constructor(options) {
    /** @type {string[]} */
    const verdicts = []
    /** @type {string[]} */
    const reads = []
    /** @type {import('./send.mjs').SignedRequest[]} */
    const sent = []
    super({
      ...options,
      onVerdict: ({ status, code }) => void verdicts.push(`${status} ${code}`),
      onRead: url => void reads.push(url.pathname),
      onSend: request => void sent.push(request),
    })
    this.verdicts = verdicts
    this.reads = reads
    this.sent = sent
  }

  /** The latest delivery that went out, as it was on the wire. */
  get lastSent() {
    const request = this.sent.at(-1)
    if (request === undefined) throw new Error('nothing was sent')
    return request
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
 * Delivers something to a host, prints the verdict there and which inboxes grew, and insists on both.
 * @param {Watched} host @param {string} who @param {string} what @param {() => Promise<unknown>} deliver
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
  // The sender was told the same; who delivers from an outbox only says whether all is delivered.
  if (typeof answer === 'number') assert.equal(answer, Number.parseInt(verdict, 10))
  else assert.equal(answer, true)
}
