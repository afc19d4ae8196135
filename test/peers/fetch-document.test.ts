/** What is fetched from other servers and what is not: against real ones, on loopback. */
import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createFetchDocument, type FetchDocumentOptions } from '../../src/peers/fetch-document.ts'
import { addressesByName } from '../../src/peers/fetch/pinned-lookup.ts'
import { checkSignature } from '../../src/signatures/check-signature.ts'
import { readSignature } from '../../src/signatures/read-signature.ts'
import { combinations, keys, now, ok } from '../signatures/fixtures.ts'
import { serveNames } from './name-server.ts'
import { activityType, documents, localFetch, serve, serveRaw, serveTls, signal } from './web.ts'

const codeIs = (code: string) => ({ name: 'FetchError', code })

describe('a document', () => {
  it('comes with where it lay in the end, its content type, and its value', async () => {
    const { origin, requests } = await serve(documents({ '/a?b=c': { id: 'x' } }))
    expect(await localFetch()(`${origin}/a?b=c#main-key`, { signal })).toEqual({
      finalUrl: `${origin}/a?b=c`,
      contentType: activityType,
      document: { id: 'x' },
    })
    expect(requests.map(({ method, url, headers }) => [method, url, headers])).toEqual([
      [
        'GET',
        '/a?b=c',
        {
          accept: 'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
          'accept-encoding': 'identity',
          connection: 'close',
          host: new URL(origin).host,
          'user-agent': 'test/1.0',
        },
      ],
    ])
  })

  it.each([
    'application/activity+json',
    'Application/Activity+JSON; charset=utf-8',
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    'application/ld+json;charset=utf-8;PROFILE="https://example.com/x https://www.w3.org/ns/activitystreams"',
    'application/ld+json; profile=https://www.w3.org/ns/activitystreams',
  ])('is taken as %s', async type => {
    const { origin } = await serve((_, response) => response.writeHead(200, { 'content-type': type }).end('{}'))
    expect(await localFetch()(origin, { signal })).toMatchObject({ contentType: type, document: {} })
  })

  it.each([
    undefined,
    '',
    'text/html',
    'application/json',
    'application/ld+json',
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams-history"',
    'application/activity+jsonx',
    'text/html; application/activity+json',
  ])('is not taken as %s', async type => {
    const { origin } = await serve((_, response) => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end('{}')
    })
    await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs('content_type'))
  })

  it('is read strictly', async () => {
    for (const body of ['', '{', '{"id":1,"id":2}', '{"__proto__":{}}', '['.repeat(100_000), '"\\ud800"', '\ufeff{}']) {
      const { origin } = await serve((_, response) =>
        response.writeHead(200, { 'content-type': activityType }).end(body),
      )
      await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs('malformed'))
    }
  })

  it('never shows in the message of an error', async () => {
    const secret = 'swordfish'
    const bodies = [`{"id":"${secret}","id":1}`, secret, `{"${secret}"`, `{"__proto__":"${secret}"}`]
    for (const body of bodies) {
      const { origin } = await serve((_, response) =>
        response.writeHead(200, { 'content-type': activityType }).end(body),
      )
      const error = (await localFetch()(origin, { signal }).catch((thrown: unknown) => thrown)) as Error
      expect(error).toMatchObject(codeIs('malformed'))
      expect(`${error.stack} ${String(error.cause)}`).not.toContain(secret)
    }
  })

  it('is bounded, whether its length was announced or not', async () => {
    const sizes = { bodyBytesMax: 1000 }
    const whole = JSON.stringify('x'.repeat(998))
    const { origin } = await serve((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
      const body = whole + ' '.repeat(Number(searchParams.get('more')))
      const length = pathname === '/announced' ? { 'content-length': body.length } : {}
      response.writeHead(200, { 'content-type': activityType, ...length })
      response.write(body.slice(0, 500))
      response.end(body.slice(500))
    })
    for (const path of ['announced', 'chunked']) {
      await expect(localFetch(sizes)(`${origin}/${path}?more=0`, { signal })).resolves.toMatchObject({ document: {} })
      const tooLarge = localFetch(sizes)(`${origin}/${path}?more=1`, { signal })
      await expect(tooLarge).rejects.toMatchObject(codeIs('too_large'))
    }
  })

  it('without an end is left: at the bound, and at once when nobody wants it', async () => {
    // Each of these is sent until its connection is closed, and the servers close only once all are.
    const answers: [code: string, status: number, headers: Record<string, string>][] = [
      ['too_large', 200, { 'content-type': activityType }],
      ['content_type', 200, { 'content-type': 'text/html' }],
      ['status', 404, {}],
      ['redirect_refused', 302, {}],
      ['redirect_refused', 302, { location: '/' }],
    ]
    for (const [code, status, headers] of answers) {
      const { origin } = await serve((_, response) => {
        response.writeHead(status, headers)
        const more = (): unknown => response.write(' '.repeat(60_000), error => error ?? setImmediate(more))
        more()
      })
      await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs(code))
    }
  })

  it('is not taken in an encoding that was not asked for: a few bytes could become gigabytes', async () => {
    const headers = { 'content-type': activityType, 'content-encoding': 'gzip' }
    const { origin } = await serve((_, response) => response.writeHead(200, headers).end('{}'))
    await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs('content_encoding'))
  })

  it.each([201, 204, 206, 300, 304, 400, 401, 404, 410, 429, 500, 503])('is not there with status %i', async status => {
    const { origin } = await serve((_, response) => response.writeHead(status, { 'content-type': activityType }).end())
    await expect(localFetch()(origin, { signal })).rejects.toMatchObject({ ...codeIs('status'), status })
  })
})

describe('redirects', () => {
  it('are followed three times, each relative to the last', async () => {
    const { origin, requests } = await serve((request, response) => {
      const next: Record<string, [number, string]> = {
        '/1/': [301, 'b'],
        '/1/b': [302, '/2#fragment'],
        '/2': [307, `//${request.headers.host}/3?`],
        '/4': [308, '/1/'],
      }
      const [status, location] = next[request.url ?? ''] ?? []
      if (status === undefined) documents({ '/3?': 1 })(request, response)
      else response.writeHead(status, { location }).end('{}')
    })
    expect(await localFetch()(`${origin}/1/`, { signal })).toMatchObject({ document: 1, finalUrl: `${origin}/3?` })
    expect(requests.map(({ url }) => url)).toEqual(['/1/', '/1/b', '/2', '/3?'])
    await expect(localFetch()(`${origin}/4`, { signal })).rejects.toMatchObject(codeIs('redirect_refused'))
    const none = localFetch({ redirectsMax: 0 })
    await expect(none(`${origin}/2`, { signal })).rejects.toMatchObject(codeIs('redirect_refused'))
  })

  it('without a place to go are refused', async () => {
    const { origin } = await serve((_, response) => response.writeHead(302).end())
    await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs('redirect_refused'))
  })

  it('are judged like the first URL, before anything is sent there', async () => {
    const inner = await serve(documents({ '/': {} }))
    const places = {
      '/userinfo': [`http://u:p@127.0.0.1:${inner.port}/`, 'url_refused'],
      '/port': ['http://127.0.0.1:25/', 'url_refused'],
      '/data': ['data:application/activity+json,{}', 'url_refused'],
      '/file': ['file:///etc/hostname', 'url_refused'],
      '/nonsense': ['http://[::1/', 'url_refused'],
      '/name': [`http://inner.example:${inner.port}/`, 'address_refused'],
    } as const
    const { port } = await serve((request, response) => {
      response.writeHead(302, { location: places[request.url as keyof typeof places][0] }).end()
    })
    // Only the first name leads to loopback by leave of the test.
    const allowed = localFetch({ lookup: async name => [{ address: name === 'outer.example' ? '127.0.0.1' : 'none' }] })
    for (const [path, [, code]] of Object.entries(places)) {
      await expect(allowed(`http://outer.example:${port}${path}`, { signal })).rejects.toMatchObject(codeIs(code))
    }
    expect(inner.requests).toEqual([])
  })
})

describe('https', () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  afterEach(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })

  it('needs a certificate that somebody vouches for', async () => {
    const { origin } = await serveTls(documents({ '/': {} }))
    await expect(localFetch()(origin, { signal })).rejects.toMatchObject(codeIs('unreachable'))
  })

  it('is never left for http by a redirect', async () => {
    const plain = await serve(documents({ '/': {} }))
    const { origin } = await serveTls((request, response) => {
      if (request.url === '/document') documents({ '/document': { a: 1 } })(request, response)
      else response.writeHead(302, { location: request.url === '/down' ? plain.origin : '/document' }).end()
    })
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    expect(await localFetch()(origin, { signal })).toMatchObject({ document: { a: 1 }, finalUrl: `${origin}/document` })
    await expect(localFetch()(`${origin}/down`, { signal })).rejects.toMatchObject(codeIs('redirect_refused'))
    expect(plain.requests).toEqual([])
  })
})

describe('addresses', () => {
  /** As in production, but for http. */
  const guarded = (options: Partial<FetchDocumentOptions> = {}) =>
    createFetchDocument({ userAgent: 'test/1.0', allowHttp: true, ...options })

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0',
    '[::]',
    '%31%32%37.1',
    '１２７.1',
  ])('http://%s/ is refused without a connection, and without asking for a name', async host => {
    const { port, requests } = await serve(documents({ '/': {} }))
    const asked: string[] = []
    const lookup: FetchDocumentOptions['lookup'] = async name => {
      asked.push(name)
      return [{ address: '127.0.0.1' }]
    }
    const fetching = guarded({ lookup })(`http://${host}:${port}/`, { signal })
    await expect(fetching).rejects.toMatchObject(codeIs('address_refused'))
    expect([asked, requests]).toEqual([[], []])
  })

  it('of a name are all checked: one that is not public is enough', async () => {
    const { port, requests } = await serve(documents({ '/': {} }))
    const answers = [
      ['127.0.0.1'],
      ['93.184.215.14', '127.0.0.1'],
      ['2606:4700::1111', '::1'],
      ['64:ff9b::7f00:1'],
      ['fe80::1%lo'],
      ['localhost'],
      [''],
    ]
    for (const addresses of answers) {
      const lookup = async () => addresses.map(address => ({ address }))
      const fetching = guarded({ lookup })(`http://rebind.example:${port}/`, { signal })
      await expect(fetching, addresses.join()).rejects.toMatchObject(codeIs('address_refused'))
    }
    expect(requests).toEqual([])
  })

  it('are those that were checked: a name is asked once for each hop, and never again', async () => {
    // A name server that answers with another address each time gets past a check that is followed by a second question.
    const { port, requests } = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/document' }).end()
      else documents({ '/document': {} })(request, response)
    })
    const asked: string[] = []
    const lookup: FetchDocumentOptions['lookup'] = async name => {
      asked.push(name)
      return [{ address: asked.length <= 2 ? '127.0.0.1' : '127.0.0.2' }]
    }
    await localFetch({ lookup })(`http://rebind.example:${port}/`, { signal })
    expect(asked).toEqual(['rebind.example', 'rebind.example'])
    expect(requests.map(({ headers }) => headers.host)).toEqual([`rebind.example:${port}`, `rebind.example:${port}`])
  })

  it('come from the name servers of the process, of both families', async () => {
    const { port } = await serve(documents({ '/': {} }))
    const asked = await serveNames({
      'local.example': { v4: ['127.0.0.1'] },
      'two.example': { v4: ['127.0.0.1'], v6: [[0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111]] },
      'mixed.example': { v4: ['93.184.215.14'], v6: [[0, 0, 0, 0, 0, 0, 0, 1]] },
      'none.example': {},
      'silent.example': 'silent',
    })
    const local = localFetch({ lookup: undefined })
    for (const host of ['local.example', 'two.example']) {
      await expect(local(`http://${host}:${port}/`, { signal })).resolves.toMatchObject({ document: {} })
    }
    for (const host of ['local.example', 'two.example', 'mixed.example']) {
      const refused = guarded()(`http://${host}:${port}/`, { signal })
      await expect(refused, host).rejects.toMatchObject(codeIs('address_refused'))
    }
    for (const host of ['none.example', 'unknown.example']) {
      await expect(local(`http://${host}:${port}/`, { signal })).rejects.toMatchObject(codeIs('unreachable'))
    }
    const silent = localFetch({ lookup: undefined, timeoutMs: 30 })(`http://silent.example:${port}/`, { signal })
    await expect(silent).rejects.toMatchObject(codeIs('timeout'))
    await expect.poll(() => asked).toContain('silent.example')
    const controller = new AbortController()
    const finding = addressesByName('silent.example', { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(finding, 'nothing is asked any longer').rejects.toMatchObject({ code: 'ECANCELLED' })
  })

  it('are one at a time where Node tries no families', async () => {
    const before = getDefaultAutoSelectFamily()
    setDefaultAutoSelectFamily(false)
    try {
      const { port } = await serve(documents({ '/': {} }))
      await expect(localFetch()(`http://a.example:${port}/`, { signal })).resolves.toMatchObject({ document: {} })
      const lookup = async () => [{ address: '93.184.215.14' }, { address: '127.0.0.1' }]
      const fetching = guarded({ lookup })(`http://a.example:${port}/`, { signal })
      await expect(fetching).rejects.toMatchObject(codeIs('address_refused'))
    } finally {
      setDefaultAutoSelectFamily(before)
    }
  })

  it('that a lookup fails to bring are unreachable', async () => {
    const lookups = [
      async () => [],
      () => Promise.reject(new Error('ENOTFOUND')),
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      () => Promise.reject(undefined),
      () => {
        throw new Error('broken')
      },
      async () => null as never,
      async () => [null] as never,
    ]
    for (const lookup of lookups) {
      await expect(guarded({ lookup })('http://a.example/', { signal })).rejects.toMatchObject(codeIs('unreachable'))
    }
  })
})

describe('URLs', () => {
  it.each([
    ['http://a.example/', 'url_refused'],
    ['https://u:p@a.example/', 'url_refused'],
    ['https://u@a.example/', 'url_refused'],
    ['https://a.example:22/', 'url_refused'],
    ['https://a.example:80/', 'url_refused'],
    ['https://a!b.example/', 'url_refused'],
    ['ftp://a.example/', 'url_refused'],
    ['data:application/activity+json,{}', 'url_refused'],
    ['acct:a@b.example', 'url_refused'],
    ['/users/a', 'url_refused'],
    ['', 'url_refused'],
    ['https://', 'url_refused'],
    [`https://a.example/${'x'.repeat(2048)}`, 'url_refused'],
    [`https://a.example/${'ü'.repeat(1000)}`, 'url_refused'],
    ['https://10.0.0.1/', 'address_refused'],
    ['https://[fd00::1]/', 'address_refused'],
  ])('%s is refused before any I/O', async (url, code) => {
    const lookup = async (): Promise<never> => expect.unreachable()
    const fetchDocument = createFetchDocument({ userAgent: 'test/1.0', lookup })
    await expect(fetchDocument(url, { signal })).rejects.toMatchObject(codeIs(code))
  })

  it.each(['https://a.example:443/', 'https://a.example:8443/', 'https://A.example./x y?ä#z', 'https://ü.example/'])(
    '%s is not',
    async url => {
      const fetchDocument = createFetchDocument({ userAgent: 'test/1.0', lookup: async () => [], signer: keysSigner })
      await expect(fetchDocument(url, { signal })).rejects.toMatchObject(codeIs('unreachable'))
    },
  )
})

const keysSigner = { keyId: keys.ed25519.id, privateKey: keys.ed25519.privateKey }

describe('time', () => {
  const hangs: [title: string, start: () => Promise<string>][] = [
    ['without an answer', () => serveRaw(() => undefined)],
    ['in the middle of its headers', () => serveRaw(socket => void socket.write('HTTP/1.1 200 OK\r\ncontent-'))],
    [
      'in the middle of a body',
      async () =>
        (await serve((_, response) => void response.writeHead(200, { 'content-type': activityType }).write('[')))
          .origin,
    ],
    [
      'in informational answers',
      () =>
        serveRaw(socket => {
          const more = (): unknown =>
            socket.destroyed || socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => setImmediate(more))
          more()
        }),
    ],
  ]

  it.each(hangs)('ends a server that hangs %s', async (_, start) => {
    const fetching = localFetch({ timeoutMs: 30 })(await start(), { signal })
    await expect(fetching).rejects.toMatchObject(codeIs('timeout'))
  })

  it('ends a lookup that hangs', async () => {
    const lookup = () => new Promise<never>(() => undefined)
    const fetching = localFetch({ timeoutMs: 30, lookup })('http://a.example/', { signal })
    await expect(fetching).rejects.toMatchObject(codeIs('timeout'))
  })

  it('is one for all redirects', async () => {
    const { origin } = await serve((request, response) => {
      if (request.url !== '/') return
      response.writeHead(302, { location: '/hang' }).end()
    })
    await expect(localFetch({ timeoutMs: 50 })(origin, { signal })).rejects.toMatchObject(codeIs('timeout'))
  })

  it.each(hangs)('ends with the reason of its signal when a server hangs %s', async (_, start) => {
    const url = await start()
    const controller = new AbortController()
    const fetching = localFetch()(url, { signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    await expect(fetching).rejects.toBe('enough')
    await expect(localFetch()(url, { signal: controller.signal })).rejects.toBe('enough')
  })
})

describe('a connection', () => {
  it.each([
    ['nobody listens', async () => 'http://127.0.0.1:65535'],
    ['it is closed', () => serveRaw(socket => void socket.end())],
    ['it is reset', () => serveRaw(socket => void socket.resetAndDestroy())],
    ['it speaks no HTTP', () => serveRaw(socket => void socket.end('220 mail.example ESMTP\r\n'))],
    [
      'it switches protocols',
      () => serveRaw(socket => void socket.end('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')),
    ],
    [
      'its headers have no end',
      () => serveRaw(socket => void socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`)),
    ],
    [
      'the body is cut',
      () =>
        serveRaw(
          socket => void socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${activityType}\r\ncontent-length: 9\r\n\r\n{}`),
        ),
    ],
  ])('%s: unreachable', async (_, start) => {
    await expect(localFetch()(await start(), { signal })).rejects.toMatchObject(codeIs('unreachable'))
  })
})

describe('signed', () => {
  const deliveryOf = ({ method = '', url = '', headers, rawHeaders }: IncomingMessage) => ({
    method,
    url: `http://${headers.host}${url}`,
    rawHeaders,
    body: new Uint8Array(),
  })

  it.each(combinations)('with $algorithm as $form, anew for each hop', async ({ form, algorithm }) => {
    const { verification, privateKey, id: keyId } = keys[algorithm]
    const { origin, requests } = await serve((request, response) => {
      if (request.url === '/from?') response.writeHead(302, { location: '/to' }).end()
      else documents({ '/to': {} })(request, response)
    })
    const fetchDocument = localFetch({ signer: { keyId, privateKey, form }, clock: () => now })
    await fetchDocument(`${origin}/from?`, { signal })
    const read = requests.map(each => readSignature(deliveryOf(each), { now, host: new URL(origin).host }))
    for (const each of read) {
      expect(ok(each)).toMatchObject({ form })
      expect(checkSignature(ok(each), verification)).toMatchObject({ keyId })
    }
    expect(requests.map(({ url }) => url)).toEqual(['/from?', '/to'])
  })

  it('as cavage when it is not said, with host and date', async () => {
    const { origin, requests } = await serve(documents({ '/': {} }))
    await localFetch({ signer: keysSigner, clock: () => now })(origin, { signal })
    const candidate = ok(readSignature(deliveryOf(requests[0]!), { now, host: new URL(origin).host }))
    expect(candidate).toMatchObject({ form: 'cavage', covered: ['(request-target)', 'host', 'date'] })
  })
})

describe('options', () => {
  it('that can not be are refused at once', () => {
    const make = (options: object) => () => createFetchDocument({ userAgent: 'x', ...options })
    for (const name of ['timeoutMs', 'bodyBytesMax', 'redirectsMax']) {
      for (const value of [-1, 1.5, NaN, Infinity]) {
        expect(make({ [name]: value }), name).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE', argument: name }))
      }
      expect(make({ [name]: '1' })).toThrow(TypeError)
    }
    for (const userAgent of ['', 'a\nb', undefined]) expect(make({ userAgent })).toThrow(TypeError)
    const { publicKey: privateKey } = generateKeyPairSync('ed25519')
    const { privateKey: curve } = generateKeyPairSync('x25519')
    const signers = [
      { ...keysSigner, privateKey },
      { ...keysSigner, privateKey: curve },
      { ...keysSigner, keyId: 'a"b' },
    ]
    for (const signer of signers) expect(make({ signer })).toThrow(TypeError)
  })
})
