/** Peers made of actor documents: honest ones, and what strangers and hosts' own fetch functions come up with. */
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FetchDocument } from '../../src/peers/fetch-document.ts'
import { FetchError } from '../../src/peers/fetch/fetch-error.ts'
import { peerFromDocument } from '../../src/peers/peer-from-document.ts'
import { readPeerState } from '../../src/peers/peer-state.ts'
import type { PeerState } from '../../src/peers/types.ts'
import { encodeMultibase } from '../../src/signatures/base58.ts'
import { multikeyOf } from '../../src/signatures/key-import.ts'
import { runs } from '../engine/runs.ts'
import { keys } from '../signatures/fixtures.ts'
import { openCache, START } from './subjects.ts'
import { activityType, documents, localFetch, serve, signal, type Site } from './web.ts'

const pem = keys.rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const multikey = multikeyOf(keys.ed25519.verification)
const options = { clock: () => START, allowHttp: true, allowPrivateAddresses: true }

function peerOf(fetchDocument: FetchDocument): (peerId: string) => Promise<PeerState> {
  return peerId => peerFromDocument(fetchDocument, options)(peerId, { signal })
}
const fetchPeer = peerOf(localFetch())

function actorDocument(id: string, more: object = {}): object {
  return { id, type: 'Person', publicKey: { id: `${id}#main-key`, owner: id, publicKeyPem: pem }, ...more }
}

/** A server whose documents may say where they lie. */
async function serveDocuments(make: (origin: string) => Record<string, unknown>): Promise<Site & { id: string }> {
  const site: Site = await serve((request, response) => documents(make(site.origin))(request, response))
  return { ...site, id: `${site.origin}/users/a` }
}

describe('a peer', () => {
  it('has the id, the keys, and the time', async () => {
    const { id } = await serveDocuments(origin => ({
      '/users/a': actorDocument(`${origin}/users/a`, {
        assertionMethod: [
          { id: '#2', controller: 'x' },
          multikeyEntry(`${origin}/users/a#ed25519-key`, `${origin}/users/a`),
        ],
      }),
    }))
    const peer = await fetchPeer(id)
    expect(peer).toEqual({
      id,
      keys: [
        { id: `${id}#main-key`, owner: id, algorithm: 'rsa', publicKey: keys.rsa.verification.publicKey },
        { id: `${id}#ed25519-key`, owner: id, algorithm: 'ed25519', publicKey: keys.ed25519.verification.publicKey },
      ],
      fetchedAt: START,
    })
    expect(readPeerState(peer, id)).toEqual(peer)
  })

  it('may lie behind a redirect of its own origin', async () => {
    const site: Site = await serve((request, response) => {
      if (request.url === '/users/a') response.writeHead(302, { location: '/users/a.json' }).end()
      else documents({ '/users/a.json': actorDocument(`${site.origin}/users/a`) })(request, response)
    })
    expect(await fetchPeer(`${site.origin}/users/a`)).toMatchObject({ id: `${site.origin}/users/a` })
  })
})

function multikeyEntry(id: string, owner: string): object {
  return { id, type: 'Multikey', controller: owner, publicKeyMultibase: multikey }
}

describe('keys that are only named', () => {
  const pemEntry = (id: string, owner: string): object => ({ id, owner, publicKeyPem: pem })

  it('are fetched too, the good ones taken, at most four asked for', async () => {
    const { id, origin, requests } = await serveDocuments(base => {
      const owner = `${base}/users/a`
      return {
        '/users/a': { id: owner, publicKey: `${base}/k/1`, assertionMethod: [2, 3, 4, 5].map(n => `${base}/k/${n}`) },
        '/k/1': pemEntry(`${base}/k/1`, owner),
        '/k/2': pemEntry(`${base}/k/other`, owner),
        '/k/3': pemEntry(`${base}/k/3`, `${base}/users/b`),
        '/k/4': multikeyEntry(`${base}/k/4`, owner),
        '/k/5': pemEntry(`${base}/k/5`, owner),
      }
    })
    const peer = await fetchPeer(id)
    expect(peer.keys.map(key => key.id)).toEqual([`${origin}/k/1`, `${origin}/k/4`])
    expect(readPeerState(peer, id)).toEqual(peer)
    expect(new Set(requests.map(({ url }) => url))).toEqual(new Set(['/k/1', '/k/2', '/k/3', '/k/4', '/users/a']))
    expect(requests).toHaveLength(5)
  })

  it('are not asked for at another origin, in the document itself, or by another scheme', async () => {
    const other = await serve(documents({}))
    const { id, requests } = await serveDocuments(origin => ({
      '/users/a': actorDocument(`${origin}/users/a`, {
        assertionMethod: [
          `${other.origin}/k`,
          `${origin}/users/a#second`,
          'acct:a@b.example',
          `${origin}/users/a#main-key`,
        ],
      }),
    }))
    expect((await fetchPeer(id)).keys.map(key => key.id)).toEqual([`${id}#main-key`])
    expect([requests.map(({ url }) => url), other.requests]).toEqual([['/users/a'], []])
  })

  it('that are gone do not make the peer gone', async () => {
    const site: Site = await serve((request, response) => {
      if (request.url !== '/users/a') return void response.writeHead(410).end()
      documents({ '/users/a': { id: `${site.origin}/users/a`, publicKey: `${site.origin}/k` } })(request, response)
    })
    const cache = await openCache()
    const id = `${site.origin}/users/a`
    const error = { code: 'PEER_FETCH_FAILED', reason: 'error', cause: { code: 'no_key' } }
    await expect(cache.lookupOrFetch(id, peerFromDocument(localFetch(), options))).rejects.toMatchObject(error)
    expect(cache.tombstone(id)).toBeUndefined()
  })
})

describe('refused', () => {
  const victim = 'https://victim.example/users/v'

  it.each([
    ['http://a.example/', 'url_refused'],
    ['https://u:p@h.example/', 'url_refused'],
    ['data:application/activity+json,{}', 'url_refused'],
    ['acct:a@b.example', 'url_refused'],
    ['', 'url_refused'],
    ['http://2130706433/', 'url_refused'],
    ['https://2130706433/', 'address_refused'],
    ['https://0x7f.1/', 'address_refused'],
    ['https://[::ffff:10.0.0.1]/', 'address_refused'],
    ['https://169.254.169.254/latest/meta-data', 'address_refused'],
  ])('%s is never asked for', async (id, code) => {
    const fetch = peerFromDocument(() => expect.unreachable())
    await expect(fetch(id, { signal })).rejects.toMatchObject({ name: 'FetchError', code })
  })

  it.each<[title: string, document: unknown, code: string]>([
    ['a document of another id', actorDocument(victim), 'id_mismatch'],
    ['a key that names somebody else its owner', { id: 'ID', owner: victim, publicKeyPem: pem }, 'no_key'],
    [
      'an actor with a key of somebody else',
      actorDocument('ID', { publicKey: { id: 'ID#k', owner: victim, publicKeyPem: pem } }),
      'no_key',
    ],
    [
      "an actor with somebody else's key id",
      actorDocument('ID', { publicKey: { id: `${victim}#k`, owner: 'ID', publicKeyPem: pem } }),
      'no_key',
    ],
    ['an actor without keys', actorDocument('ID', { publicKey: [] }), 'no_key'],
    ['null', null, 'id_mismatch'],
    ['an array', ['ID'], 'id_mismatch'],
    ['a string', 'ID', 'id_mismatch'],
    ['an object without id', {}, 'id_mismatch'],
    ['an id that is no string', { id: ['ID'] }, 'id_mismatch'],
  ])('%s', async (_, document, code) => {
    const { id } = await serveDocuments(origin => ({
      '/users/a': JSON.parse(JSON.stringify(document).replaceAll('"ID', `"${origin}/users/a`)) as unknown,
    }))
    await expect(fetchPeer(id)).rejects.toMatchObject({ name: 'FetchError', code })
  })

  it('what lies at another origin in the end', async () => {
    const site: Site = await serve((request, response) => {
      documents({ '/users/a': actorDocument(`http://a.example:${site.port}/users/a`) })(request, response)
    })
    const { port } = await serve((_, response) => response.writeHead(302, { location: `${site.origin}/users/a` }).end())
    await expect(fetchPeer(`http://a.example:${site.port}/users/a`)).resolves.toMatchObject({ fetchedAt: START })
    await expect(fetchPeer(`http://a.example:${port}/users/a`)).rejects.toMatchObject({ code: 'origin_mismatch' })
  })

  it('keys that nobody should verify with', async () => {
    const rsa = (modulusLength: number): string =>
      generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const secret = keys.rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const smallOrder = encodeMultibase(Buffer.from(`ed0101${'00'.repeat(31)}`, 'hex'))
    const bad: object[] = [
      { publicKeyPem: secret },
      { publicKeyPem: secret.replaceAll('PRIVATE', 'PUBLIC') },
      { publicKeyPem: pem, privateKeyPem: secret },
      { publicKeyPem: rsa(1024) },
      { publicKeyMultibase: smallOrder },
      { publicKeyMultibase: `${multikey}1` },
    ]
    for (const material of bad) {
      const { id } = await serveDocuments(origin => {
        const owner = `${origin}/users/a`
        return { '/users/a': { id: owner, publicKey: { id: `${owner}#k`, owner, ...material } } }
      })
      await expect(fetchPeer(id)).rejects.toMatchObject({ code: 'no_key' })
    }
  })
})

describe("a host's own function", () => {
  const id = 'https://a.example/users/a'
  const good = { finalUrl: id, contentType: activityType, document: actorDocument(id) }

  it('may bring documents from anywhere', async () => {
    expect(await peerFromDocument(async () => good)(id, { signal })).toMatchObject({ id })
  })

  it.each<[title: string, fetched: unknown, code: string]>([
    ['null', null, 'malformed'],
    ['nothing', undefined, 'malformed'],
    ['a string', 'https://a.example/users/a', 'malformed'],
    ['an array', [good], 'malformed'],
    ['no final URL', { ...good, finalUrl: undefined }, 'malformed'],
    ['a final URL that is none', { ...good, finalUrl: '/users/a' }, 'origin_mismatch'],
    ['a final URL of another origin', { ...good, finalUrl: 'https://b.example/users/a' }, 'origin_mismatch'],
    ['a final URL of another scheme', { ...good, finalUrl: 'http://a.example/users/a' }, 'origin_mismatch'],
    ['another content type', { ...good, contentType: 'text/html' }, 'content_type'],
    ['JSON of no kind', { ...good, contentType: 'application/json' }, 'content_type'],
    ['an inherited id', { ...good, document: Object.create(actorDocument(id)) as object }, 'id_mismatch'],
    ['the bytes', { ...good, document: Buffer.from(JSON.stringify(actorDocument(id))) }, 'id_mismatch'],
  ])('that brings %s makes no peer', async (_, fetched, code) => {
    const fetch = peerFromDocument(async () => fetched as never)
    await expect(fetch(id, { signal })).rejects.toMatchObject({ name: 'FetchError', code })
  })

  it('that throws is heard', async () => {
    const error = new Error('no route to host')
    const functions: FetchDocument[] = [
      () => Promise.reject(error),
      () => {
        throw error
      },
    ]
    for (const each of functions) await expect(peerFromDocument(each)(id, { signal })).rejects.toBe(error)
  })

  it('that hangs, and ignores its signal, ends with the signal, for a document and for a key', async () => {
    for (const document of [undefined, { id, publicKey: 'https://a.example/k' }]) {
      const controller = new AbortController()
      const fetch = peerFromDocument(async url => {
        if (url === id && document !== undefined) return { ...good, document }
        setImmediate(() => controller.abort('enough'))
        return new Promise<never>(() => undefined)
      })
      await expect(fetch(id, { signal: controller.signal })).rejects.toBe('enough')
      await expect(fetch(id, { signal: controller.signal })).rejects.toBe('enough')
    }
  })

  it('never poisons the cache, whatever it does', async () => {
    const cache = await openCache({ clock: () => START, fetchTimeoutMs: 20 })
    await cache.lookupOrFetch(
      id,
      peerFromDocument(async () => good, options),
    )
    const before = cache.list()
    const functions: FetchDocument[] = [
      () => new Promise<never>(() => undefined),
      async () => ({ ...good, document: actorDocument('https://a.example/users/b') }),
      async () => ({ ...good, finalUrl: 'https://b.example/users/a' }),
      async () => ({ ...good, document: { id, publicKey: [] } }),
      async () => null as never,
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      () => Promise.reject('a string'),
      () => Promise.reject(new FetchError('status', 'the server answered 500', { status: 500 })),
    ]
    for (const each of functions) {
      const refresh = cache.refresh(id, peerFromDocument(each, options))
      await expect(refresh).rejects.toMatchObject({ code: 'PEER_FETCH_FAILED' })
      expect(cache.list()).toEqual(before)
      expect(cache.tombstone(id)).toBeUndefined()
    }
  })
})

it('a peer whose server answers 410 gets a tombstone, and keeps its entry', async () => {
  const status = { code: 200 }
  const site: Site = await serve((request, response) => {
    if (status.code !== 200) return void response.writeHead(status.code).end()
    documents({ '/users/a': actorDocument(`${site.origin}/users/a`) })(request, response)
  })
  const id = `${site.origin}/users/a`
  const cache = await openCache()
  const fetch = peerFromDocument(localFetch(), options)
  await cache.lookupOrFetch(id, fetch)
  status.code = 410
  await expect(cache.refresh(id, fetch)).rejects.toMatchObject({
    reason: 'gone',
    cause: { code: 'status', status: 410 },
  })
  expect(cache.tombstone(id)).toBe(START)
  expect(cache.lookup(id)).toMatchObject({ peer: { id } })
})

describe('properties', () => {
  const id = 'https://a.example/users/a'
  const piece = fc.oneof(
    fc.anything(),
    fc.constantFrom(id, `${id}#main-key`, `${id}/k`, 'https://b.example/k', pem, multikey, activityType),
  )
  const entry = fc.oneof(
    piece,
    fc.record(
      { id: piece, owner: piece, controller: piece, publicKeyPem: piece, publicKeyMultibase: piece, expires: piece },
      { requiredKeys: [] },
    ),
  )
  const document = fc.oneof(
    piece,
    fc.record({
      id: fc.oneof({ weight: 5, arbitrary: fc.constant(id) }, piece),
      publicKey: fc.oneof(entry, fc.array(entry)),
      assertionMethod: fc.oneof(entry, fc.array(entry)),
    }),
  )
  const fetched = fc.oneof(
    piece,
    fc.record({
      finalUrl: fc.oneof({ weight: 5, arbitrary: fc.constant(id) }, piece),
      contentType: fc.oneof({ weight: 5, arbitrary: fc.constant(activityType) }, piece),
      document,
    }),
  )

  it('whatever a function brings ends in a good peer or in an Error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fetched, { minLength: 1 }), async answers => {
        let at = 0
        const fetch = peerFromDocument(async () => answers[at++ % answers.length] as never, options)
        const peer = await fetch(id, { signal }).catch((error: unknown) => error)
        if (peer instanceof Error) expect(peer).toBeInstanceOf(FetchError)
        else expect(readPeerState(peer, id).keys.length).toBeGreaterThan(0)
      }),
      runs(1000),
    )
  })
})
