/** The pipeline behind web-standard `Request` and `Response`. */
import { describe, expect, it } from 'vitest'
import { testKeys } from 'twinlog/testing'
import { answerTo, externalUrl } from '../../src/inbound/adapter.ts'
import {
  alice,
  answered,
  carol,
  dora,
  follow,
  inboxOf,
  sent,
  textsIn,
  us,
  withHeaders,
  world,
  type Sent,
} from './fixtures.ts'

/** As a server would make it of what came in. */
function requestOf(delivery: Sent, init: RequestInit & { duplex?: 'half' } = {}): Request {
  return new Request(delivery.url, {
    method: delivery.method,
    headers: delivery.rawHeaders,
    body: Buffer.from(delivery.body),
    ...init,
  })
}

describe('handle', () => {
  it.each(['cavage', 'rfc9421'] as const)('accepts a delivery in the form %s, and says nothing', async form => {
    const { inbound, store } = await world()
    for (const from of [carol, dora]) {
      const delivery = sent({ form, from, activity: follow(from, { content: 'é' }) })
      const response = await inbound.handle(requestOf(delivery))
      expect(response.status).toBe(202)
      expect(response.body).toBeNull()
      expect(await store.inbox(alice).tip()).toBe(from === carol ? 1 : 2)
      expect((await textsIn(store, alice)).at(-1)).toBe(Buffer.from(delivery.body).toString())
    }
  })

  it('answers who is blocked silently the same', async () => {
    const [good, silent] = [await world(), await world({ isBlocked: () => 'silent' })]
    const [one, other] = [await good.inbound.handle(requestOf(sent())), await silent.inbound.handle(requestOf(sent()))]
    expect([other.status, other.body, [...other.headers]]).toEqual([one.status, one.body, [...one.headers]])
  })

  it('says code and detail of what it refuses', async () => {
    const { inbound } = await world()
    const response = await inbound.handle(requestOf(sent({ from: { ...carol, privateKey: testKeys.otherRsa } })))
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ error: 'signature_invalid', detail: carol.keyId })
  })

  it('says what is allowed, and when to come again', async () => {
    const { inbound, published } = await world()
    published.set(carol.id, answered(500))
    const later = await inbound.handle(requestOf(sent()))
    expect([later.status, later.headers.get('retry-after')]).toEqual([503, '60'])
    const get = await inbound.handle(new Request(inboxOf(alice)))
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('takes the host from the URL when there is no such header, as in HTTP/2', async () => {
    const { inbound } = await world()
    const delivery = withHeaders(sent(), { host: undefined })
    expect((await inbound.handle(requestOf(delivery))).status).toBe(202)
    const elsewhere = { ...withHeaders(sent(), { host: undefined }), url: 'https://evil.example/users/alice/inbox' }
    expect((await inbound.handle(requestOf(elsewhere))).status).toBe(401)
  })

  it('counts the path and the query, and takes the origin from the host alone', async () => {
    const seen: string[] = []
    const { inbound } = await world({ route: ({ href }) => (seen.push(href), [alice]) })
    const delivery = sent({ to: `${inboxOf(alice)}?a=1` })
    const behindProxy = { ...delivery, url: 'http://10.0.0.1:8080/users/alice/inbox?a=1' }
    expect((await inbound.handle(requestOf(behindProxy))).status).toBe(202)
    expect(seen).toEqual([`${inboxOf(alice)}?a=1`])
  })

  it('refuses what headers hide that were joined', async () => {
    const { inbound, store } = await world()
    for (const [name, value, status] of [
      ['date', 'Wed, 04 Mar 2026 05:06:07 GMT', 401],
      ['digest', 'SHA-256=AAAA', 400],
      ['signature', 'keyId="x"', 401],
      ['content-type', 'text/html', 415],
      ['host', 'evil.example', 401],
    ] as const) {
      const delivery = sent()
      const request = requestOf({ ...delivery, rawHeaders: [...delivery.rawHeaders, [name, value]] })
      expect((await inbound.handle(request)).status, name).toBe(status)
    }
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('refuses a body that is too large while it comes, and reads no more of it', async () => {
    const { inbound } = await world({ limits: { bodyBytesMax: 100 } })
    let pulls = 0
    let isCancelled = false
    const endless = new ReadableStream(
      {
        pull: controller => {
          pulls += 1
          controller.enqueue(new Uint8Array(30))
        },
        cancel: () => {
          isCancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    const response = await inbound.handle(requestOf(sent(), { body: endless, duplex: 'half' }))
    expect(response.status).toBe(413)
    expect([pulls, isCancelled]).toEqual([4, true])
  })

  it('takes no body for an empty one', async () => {
    const { inbound } = await world()
    const delivery = sent({ activity: '' })
    const response = await inbound.handle(new Request(delivery.url, { method: 'POST', headers: delivery.rawHeaders }))
    expect(await response.json()).toMatchObject({ error: 'malformed_json' })
  })

  it('rejects a request whose body something else has read: the host’s bug, and not an empty one', async () => {
    const { inbound } = await world()
    const request = requestOf(sent())
    await request.text()
    await expect(inbound.handle(request)).rejects.toThrow(TypeError)
  })

  it('rejects with what the host’s hook throws', async () => {
    const failure = new Error('the host failed')
    const { inbound } = await world({ isBlocked: () => Promise.reject(failure) })
    await expect(inbound.handle(requestOf(sent()))).rejects.toBe(failure)
  })
})

describe('both adapters', () => {
  it.each([
    ['/inbox', '/inbox'],
    ['/inbox?a=1', '/inbox?a=1'],
    ['https://evil.example/inbox', '/inbox'],
    ['HTTP://evil.example:8080/inbox?x', '/inbox?x'],
    ['https://evil.example', '/'],
    ['https://evil.example?x', '/?x'],
    ['https://user@evil.example/inbox', '/inbox'],
    ['//evil.example/inbox', '//evil.example/inbox'],
    ['*', '/*'],
    ['', '/'],
    ['@evil.example/', '/@evil.example/'],
    ['.evil.example/', '/.evil.example/'],
    [':8080/', '/:8080/'],
    ['\\evil.example/', '/\\evil.example/'],
  ])('make of the target %j the path %j of this server', (target, path) => {
    expect(externalUrl(us, target)).toBe(us + path)
    expect(new URL(externalUrl(us, target)).origin).toBe(us)
  })

  it('answer a verdict alike', () => {
    expect(answerTo({ status: 202 })).toEqual({ status: 202, headers: {}, body: '' })
    expect(answerTo({ status: 202, code: 'blocked_silently', detail: 'x' })).toEqual(answerTo({ status: 202 }))
    expect(answerTo({ status: 403, code: 'blocked', detail: 'x' })).toEqual({
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"blocked","detail":"x"}',
    })
    expect(answerTo({ status: 503, code: 'store_unavailable' }).headers).toHaveProperty('retry-after')
    expect(answerTo({ status: 405 }).headers).toHaveProperty('allow', 'POST')
  })
})
