/** What the adapters do when HTTP does not go as it should. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { alice, sent, us, world } from './fixtures.ts'

/**
 * A sender hung up while its delivery was judged. The answer had nowhere to go, so no callback came: `handleNode` never
 * resolved, what a hook had thrown was never heard of, and a host that counts requests under way could not stop.
 */
it.each([
  ['resolves', undefined],
  ['rejects with what a hook threw', new RangeError('the list is gone')],
])('handleNode %s, when the sender went away meanwhile', async (_, failure) => {
  let left: Promise<unknown> | undefined
  const route = async () => {
    socket.destroy()
    await left
    if (failure !== undefined) throw failure
    return undefined
  }
  const { inbound } = await world({ route })
  let handled: Promise<unknown> | undefined
  const server = createServer((request, response) => {
    left = once(response, 'close')
    handled = inbound.handleNode(request, response).catch((error: unknown) => error)
    server.emit('handling')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { body, rawHeaders } = sent()
  const lines = [...rawHeaders, ['content-length', String(body.length)]].map(line => line.join(': '))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const handling = once(server, 'handling')
  socket.write(`POST ${alice.slice(us.length)}/inbox HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  socket.write(body)
  await handling
  expect(await handled).toBe(failure)
  server.close()
})

it('handle answers when the body broke off: that is the sender’s doing, and no error of the host’s', async () => {
  const { inbound, store } = await world()
  const { url, rawHeaders } = sent()
  const body = new ReadableStream({
    pull: controller => controller.error(new Error('the connection was reset')),
  })
  const answer = await inbound.handle(new Request(url, { method: 'POST', headers: rawHeaders, body, duplex: 'half' }))
  expect(answer.status).toBe(400)
  expect(await store.inbox(alice).tip()).toBe(0)
})

/** Behind a middleware that parses bodies every delivery was refused as malformed JSON, and the host had no error. */
describe('a body that was read before is the host’s mistake, and said to the host', () => {
  it('handle', async () => {
    const { inbound } = await world()
    const { url, rawHeaders, body } = sent()
    const request = new Request(url, { method: 'POST', headers: rawHeaders, body: Buffer.from(body) })
    await request.json()
    await expect(inbound.handle(request)).rejects.toThrow(TypeError)
  })

  it('handleNode', async () => {
    const { inbound } = await world()
    let handled: Promise<unknown> | undefined
    const server = createServer((request, response) => {
      request.resume().once('end', () => {
        handled = inbound.handleNode(request, response).catch((error: unknown) => error)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { url, rawHeaders, body } = sent()
    const headers = rawHeaders.filter(([name]) => name !== 'host')
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(url).pathname}`
    const { status } = await fetch(at, { method: 'POST', headers, body: Buffer.from(body) })
    expect([status, await handled]).toEqual([500, expect.any(TypeError)])
    server.close()
  })
})
