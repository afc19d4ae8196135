/** A host sees every verdict, also of what never became a delivery, before the sender does. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInbound, type InboundOptions } from 'twinlog'
import { openMemory, signedDelivery, testPeer } from 'twinlog/testing'
import { expect, it } from 'vitest'

const origin = 'https://social.example'
const alice = `${origin}/users/alice`
const inbox = `${alice}/inbox`
const bob = testPeer('https://remote.example/users/bob')
const like = { id: 'https://remote.example/likes/1', type: 'Like', actor: bob.id, object: `${alice}/notes/1` }

async function watched(onVerdict: InboundOptions['onVerdict']) {
  const store = await openMemory({ actors: [alice] })
  const inbound = createInbound({
    store,
    origin,
    fetchPeer: () => bob.peer,
    route: ({ pathname }) => (pathname === '/users/alice/inbox' ? [alice] : undefined),
    limits: { bodyBytesMax: 1000 },
    onVerdict,
  })
  return { inbound, store }
}

it('is told what receive answers, with method and URL', async () => {
  const told: unknown[] = []
  const { inbound } = await watched((verdict, { method, url }) => void told.push([verdict, method, url]))
  const delivery = signedDelivery({ from: bob, to: inbox, activity: like })
  const answers = [await inbound.receive(delivery), await inbound.receive({ ...delivery, rawHeaders: [] })]
  expect(answers.map(({ code }) => code)).toEqual(['accepted', 'unsupported_media_type'])
  expect(told).toEqual(answers.map(verdict => [verdict, 'POST', inbox]))
})

it('is told of a request of the web that was refused before it was read', async () => {
  const told: unknown[] = []
  const { inbound } = await watched(({ code }, { method, url }) => void told.push([code, method, url]))
  const answers = [
    await inbound.handle(new Request(`${inbox}?a=1`)),
    await inbound.handle(new Request(inbox, { method: 'POST', body: 'x'.repeat(1001) })),
  ]
  expect(answers.map(({ status }) => status)).toEqual([405, 413])
  expect(told).toEqual([
    ['method_not_allowed', 'GET', `${inbox}?a=1`],
    ['body_too_large', 'POST', inbox],
  ])
})

it('is told of a request of node:http that was refused before it was read', async () => {
  const told: unknown[] = []
  const { inbound } = await watched(({ code }, { method, url }) => void told.push([code, method, url]))
  const server = createServer((request, response) => void inbound.handleNode(request, response)).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/users/alice/inbox`)
    expect(status).toBe(405)
    expect(told).toEqual([['method_not_allowed', 'GET', inbox]])
  } finally {
    server.close()
  }
})

it('is waited for, and what it throws is thrown: nobody is answered that the host has not taken note of', async () => {
  const { inbound, store } = await watched(async () => {
    await Promise.resolve()
    throw new RangeError('the log is full')
  })
  const delivery = signedDelivery({ from: bob, to: inbox, activity: like })
  await expect(inbound.receive(delivery)).rejects.toThrow(RangeError)
  await expect(inbound.handle(new Request(inbox))).rejects.toThrow(RangeError)
  // What was appended stays: the sender comes again, and is a duplicate.
  expect(await store.inbox(alice).tip()).toBe(1)
})
