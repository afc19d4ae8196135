/** What the adapters do when HTTP does not go as it should. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
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
