/** The pipeline behind a real server of `node:http`, with requests as they stand on the wire. */
import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testKeys } from 'twinlog/testing'
import {
  alice,
  answered,
  carol,
  follow,
  inboxOf,
  sent,
  textsIn,
  world,
  type Sent,
  type WorldOptions,
} from './fixtures.ts'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function serve(options: WorldOptions = {}, before: (request: IncomingMessage) => unknown = () => undefined) {
  const built = await world(options)
  /** How each call of the handler ended. */
  const handled: Promise<unknown>[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<string> => {
    await before(request)
    await built.inbound.handleNode(request, response)
    return 'resolved'
  }
  const server = createServer((request, response) => {
    handled.push(handle(request, response).catch((error: unknown) => error))
  })
  const connections = new Set<Socket>()
  server.on('connection', socket => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  const post = (delivery: Sent, path = new URL(delivery.url).pathname): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(delivery.rawHeaders)
      const sending = httpRequest({ port, path, method: delivery.method, headers, agent: false }, response => {
        let body = ''
        response.setEncoding('utf8').on('data', text => (body += text))
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
      })
      sending.on('error', reject).end(delivery.body)
    })
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return { ...built, handled, connections, post, dial }
}

/** What stands on the wire, with these lines besides, or in place of what is there. */
function wireOf(
  delivery: Sent,
  { target = new URL(delivery.url).pathname, lines = [] as string[], length = true } = {},
) {
  const head = [
    `${delivery.method} ${target} HTTP/1.1`,
    ...delivery.rawHeaders.map(([name, value]) => `${name}: ${value}`),
    ...lines,
    ...(length ? [`Content-Length: ${delivery.body.byteLength}`] : []),
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), ...(length ? [delivery.body] : [])])
}

/** Everything that comes until the server says no more. */
async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

const statusIn = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
const errorIn = (body: string): unknown => (JSON.parse(body) as { error: unknown }).error

describe('an answer', () => {
  it('to what is accepted has no body', async () => {
    const { post, store, handled } = await serve()
    const delivery = sent()
    expect(await post(delivery)).toMatchObject({ status: 202, body: '' })
    expect(await post(delivery)).toMatchObject({ status: 202, body: '' })
    expect(await textsIn(store, alice)).toEqual([Buffer.from(delivery.body).toString()])
    expect(await Promise.all(handled)).toEqual(['resolved', 'resolved'])
  })

  it('to who is blocked silently looks the same', async () => {
    const good = await serve()
    const silent = await serve({ isBlocked: () => 'silent' })
    const [one, other] = [await good.post(sent()), await silent.post(sent())]
    for (const { headers } of [one, other]) delete headers.date
    expect(other).toEqual(one)
  })

  it('to what is refused says code and detail as JSON', async () => {
    const { post } = await serve()
    const answer = await post({ ...sent(), body: Buffer.from('{') })
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(answer.body)).toEqual({ error: 'malformed_json', detail: expect.any(String) })
    expect(answer.headers).not.toHaveProperty('retry-after')
  })

  it('to a signature that is no good is 401, and to a key that is not to be had 503, with a time', async () => {
    const { post, published } = await serve()
    const forged = await post(sent({ from: { ...carol, privateKey: testKeys.otherRsa } }))
    expect(forged.status).toBe(401)
    const { post: other, published: servers } = await serve()
    servers.set(carol.id, answered(500))
    const answer = await other(sent())
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) } })
    expect(published.get(carol.id)).toBe(carol.peer)
  })

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('to %s is 405, and says what is allowed', async method => {
    const { post } = await serve({ route: () => expect.unreachable() })
    const answer = await post({ ...sent(), method, body: Buffer.alloc(0) })
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST', connection: 'close' } })
    expect(errorIn(answer.body)).toBe('method_not_allowed')
  })

  it('to HEAD has no body', async () => {
    const { post } = await serve()
    expect(await post({ ...sent(), method: 'HEAD', body: Buffer.alloc(0) })).toMatchObject({ status: 405, body: '' })
  })

  it('of a hook that fails is 500 without a word, and the host hears what failed', async () => {
    const failure = new Error('secret')
    const { post, handled } = await serve({ isBlocked: () => Promise.reject(failure) })
    expect(await post(sent())).toMatchObject({ status: 500, body: expect.not.stringContaining('secret') })
    expect(await Promise.all(handled)).toEqual([failure])
  })
})

describe('a body', () => {
  it('that is too large is refused while it comes, whatever its length is said to be', async () => {
    const { dial, store, handled } = await serve({ limits: { bodyBytesMax: 1000 } })
    const socket = await dial()
    socket.write(wireOf(sent(), { lines: ['Transfer-Encoding: chunked'], length: false }))
    // It never ends, and the answer comes all the same.
    socket.write(`3e8\r\n${'x'.repeat(1000)}\r\n1\r\nx\r\n`)
    const text = await textOf(socket)
    expect(statusIn(text)).toBe(413)
    expect(text).toMatch(/^connection: close\r$/im)
    expect(await Promise.all(handled)).toEqual(['resolved'])
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('of exactly the limit, in pieces, is not', async () => {
    const delivery = sent()
    const { dial, store } = await serve({ limits: { bodyBytesMax: delivery.body.byteLength } })
    const socket = await dial()
    socket.write(wireOf(delivery, { lines: ['Transfer-Encoding: chunked', 'Connection: close'], length: false }))
    for (const byte of delivery.body) socket.write(`1\r\n${String.fromCharCode(byte)}\r\n`)
    socket.write('0\r\n\r\n')
    expect(statusIn(await textOf(socket))).toBe(202)
    expect(await store.inbox(alice).tip()).toBe(1)
  })

  it('that something else has read is the host’s bug, and not an empty one', async () => {
    // A parser of JSON in front of it made every delivery a malformed one: refused for ever, and no word to the host.
    const { post, handled } = await serve({}, request => request.resume() && once(request, 'end'))
    expect(await post(sent())).toMatchObject({ status: 500 })
    expect(await Promise.all(handled)).toEqual([expect.any(TypeError)])
  })

  it('may be followed by another one on the same connection', async () => {
    const { dial, store } = await serve()
    const socket = await dial()
    socket.write(Buffer.concat([wireOf(sent()), wireOf(sent(), { lines: ['Connection: close'] })]))
    const text = await textOf(socket)
    expect(text.match(/HTTP\/1\.1 202/g)).toHaveLength(2)
    expect(await store.inbox(alice).tip()).toBe(2)
  })
})

describe('a sender who goes away', () => {
  /** The first request, once the server handles it. */
  const begun = async (handled: readonly Promise<unknown>[]): Promise<{ readonly ended: Promise<unknown> }> => {
    while (handled.length === 0) await new Promise(setImmediate)
    return { ended: handled[0]! }
  }

  it('before the end of its body leaves nothing behind', async () => {
    const { dial, handled, store } = await serve({ route: () => expect.unreachable() })
    const socket = await dial()
    const wire = wireOf(sent())
    socket.write(wire.subarray(0, -10))
    const { ended } = await begun(handled)
    socket.destroy()
    expect(await ended).toBe('resolved')
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('before the answer is not waited for, and its delivery counts', async () => {
    // The answer was written to a connection that was closed by then, and its end never came.
    const leave: (() => void)[] = []
    const check = async (): Promise<undefined> => {
      for (const each of leave) each()
      while (connections.size > 0) await new Promise(setImmediate)
      return undefined
    }
    const { dial, handled, store, connections } = await serve({
      stages: [{ name: 'slow', at: 'verified', check }],
    })
    const socket = await dial()
    leave.push(() => socket.destroy())
    socket.write(wireOf(sent()))
    expect(await (await begun(handled)).ended).toBe('resolved')
    expect(await store.inbox(alice).tip()).toBe(1)
  })
})

describe('the target', () => {
  it.each([
    ['/users/alice/inbox', 202],
    ['http://evil.example/users/alice/inbox', 202],
    ['HTTPS://us.example:443/users/alice/inbox', 202],
    ['http://evil.example', 404],
    ['/other', 404],
    ['//users/alice/inbox', 404],
    ['/users/alice/inbox/', 404],
  ])('%s counts by its path: %i', async (target, status) => {
    const { dial } = await serve()
    const socket = await dial()
    socket.write(wireOf(sent(), { target, lines: ['Connection: close'] }))
    expect(statusIn(await textOf(socket))).toBe(status)
  })

  it('has a query', async () => {
    const seen: string[] = []
    const { dial } = await serve({ route: ({ href }) => (seen.push(href), [alice]) })
    const socket = await dial()
    const delivery = sent({ to: `${inboxOf(alice)}?a=%20b&c` })
    socket.write(wireOf(delivery, { target: '/users/alice/inbox?a=%20b&c', lines: ['Connection: close'] }))
    expect(statusIn(await textOf(socket))).toBe(202)
    expect(seen).toEqual([`${inboxOf(alice)}?a=%20b&c`])
  })
})

describe('header lines that are there twice on the wire', () => {
  it.each([
    ['Date: Wed, 04 Mar 2026 05:06:07 GMT', 400, 'duplicate_header'],
    ['Digest: SHA-256=AAAA', 400, 'duplicate_header'],
    ['digest: SHA-256=AAAA', 400, 'duplicate_header'],
    ['Signature: keyId="x"', 400, 'duplicate_header'],
    ['Host: us.example', 400, 'duplicate_header'],
    ['Host: evil.example', 400, 'duplicate_header'],
    ['Content-Type: text/html', 415, 'unsupported_media_type'],
  ])('%s: %i', async (line, status, code) => {
    const { dial, store } = await serve()
    const socket = await dial()
    socket.write(wireOf(sent(), { lines: [line, 'Connection: close'] }))
    const text = await textOf(socket)
    expect(statusIn(text)).toBe(status)
    expect(errorIn(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))).toBe(code)
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('are no matter when nothing rests on them', async () => {
    const { dial } = await serve()
    const socket = await dial()
    socket.write(wireOf(sent({ activity: follow(carol) }), { lines: ['Via: a', 'Via: b', 'Connection: close'] }))
    expect(statusIn(await textOf(socket))).toBe(202)
  })
})
