/** What a host gives: a wrong type is a bug and said at once, and each limit holds. */
import { describe, expect, it } from 'vitest'
import { createInbound, isTwinlogError, type Delivery, type InboundOptions } from 'twinlog'
import { openMemory, testKeys } from 'twinlog/testing'
import { defaultLimits, limitsOf } from '../../src/inbound/limits.ts'
import { alice, answered, carol, follow, now, sent, us, world } from './fixtures.ts'

const store = await openMemory({ actors: [alice] })
const good: InboundOptions = { store, origin: us, fetchPeer: () => carol.peer, route: () => [alice] }
const create = (options: object) => () => createInbound({ ...good, ...options })

describe('createInbound', () => {
  it('takes what it needs, and what is undefined', () => {
    expect(create({})).not.toThrow()
    expect(create({ clock: undefined, limits: undefined, stages: undefined, isBlocked: undefined })).not.toThrow()
  })

  it.each(['store', 'origin', 'fetchPeer', 'route'])('needs %s', name => {
    expect(create({ [name]: undefined })).toThrow(TypeError)
  })

  it.each<[string, object]>([
    ['a misspelt name', { isBlock: () => true }],
    ['a name of Object', { toString: () => '' }],
    ['a store that is none', { store: 'store' }],
    ['an empty store', { store: {} }],
    ['a store without peers', { store: { actors: store.actors, append: () => [], inbox: () => ({}) } }],
    ['null', { limits: null }],
    ['a hook that is none', { isBlocked: true }],
    ['a clock that is none', { clock: 0 }],
    ['stages that are no array', { stages: {} }],
    ['a stage without a name', { stages: [{ at: 'verified', check: () => undefined }] }],
    ['a stage without a check', { stages: [{ name: 'a', at: 'verified' }] }],
    ['a stage nowhere', { stages: [{ name: 'a', at: 'last', check: () => undefined }] }],
    ['a stage that is null', { stages: [null] }],
    ['a limit that is not there', { limits: { bodyMax: 1 } }],
    ['a limit that is a text', { limits: { bodyBytesMax: '1' } }],
    ['a limit of Object', { limits: { constructor: 1 } }],
  ])('refuses %s', (_, options) => {
    expect(create(options)).toThrow(TypeError)
  })

  it('refuses no options at all', () => {
    for (const options of [undefined, null, 'options']) {
      expect(() => createInbound(options as unknown as InboundOptions)).toThrow(TypeError)
    }
  })

  it.each(['https://us.example', 'https://us.example/', 'HTTPS://US.example:443', 'http://localhost:3000'])(
    'takes the origin %s',
    origin => {
      expect(create({ origin })).not.toThrow()
    },
  )

  it.each([
    '',
    'us.example',
    'https://us.example/path',
    'https://us.example/?',
    'https://a@us.example',
    'ftp://us.example',
  ])('refuses the origin %j', origin => {
    expect(create({ origin })).toThrow(TypeError)
  })

  it('keeps its own copy of the stages', async () => {
    const stages = [{ name: 'a', at: 'verified' as const, check: () => undefined }]
    const { inbound } = await world({ stages })
    stages.push({ name: 'b', at: 'verified', check: () => expect.unreachable() })
    expect(await inbound.receive(sent())).toMatchObject({ accepted: true })
  })

  it('has time of its own when it is given none', async () => {
    const { inbound } = await world({ clock: undefined })
    expect(await inbound.receive(sent({ now: Date.now() }))).toMatchObject({ accepted: true })
  })
})

describe('a delivery that is none', () => {
  it.each<[string, object]>([
    ['no method', { method: undefined }],
    ['a URL object', { url: new URL(us) }],
    ['a Headers object', { rawHeaders: new Headers() }],
    ['an object of headers', { rawHeaders: { host: 'us.example' } }],
    ['a text for a body', { body: '{}' }],
    ['a parsed body', { body: { id: carol.id } }],
    ['no body', { body: undefined }],
    ['an array buffer', { body: new ArrayBuffer(2) }],
  ])('with %s is a bug', async (_, wrong) => {
    const { inbound } = await world()
    const delivery = { ...sent(), ...wrong } as unknown as Delivery
    await expect(inbound.receive(delivery)).rejects.toThrow(TypeError)
    expect(() => inbound.validate(delivery, carol.peer)).toThrow(TypeError)
    expect(() => inbound.verifySignature(delivery, carol.peer)).toThrow(TypeError)
  })

  it('may have pairs of headers, Node’s flat list, and any Uint8Array', async () => {
    const { inbound } = await world()
    const flat = sent()
    const bytes = sent()
    for (const delivery of [
      sent(),
      { ...flat, rawHeaders: flat.rawHeaders.flat() },
      { ...bytes, body: Uint8Array.from(bytes.body) },
    ]) {
      expect(await inbound.receive(delivery)).toMatchObject({ accepted: true })
    }
  })
})

describe('limits', () => {
  it('are the usual ones, except for what is given', () => {
    expect(limitsOf()).toEqual(defaultLimits)
    expect(limitsOf({ depthMax: 3, nodesMax: undefined as unknown as number })).toEqual({
      ...defaultLimits,
      depthMax: 3,
    })
  })

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('refuse %d', value => {
    for (const name of Object.keys(defaultLimits)) {
      let error: unknown
      try {
        limitsOf({ [name]: value })
      } catch (thrown) {
        error = thrown
      }
      expect(isTwinlogError(error, 'OUT_OF_RANGE') && error.argument).toBe(name)
    }
  })

  const codeWith = async (limits: InboundOptions['limits'], delivery: Delivery): Promise<string> =>
    (await (await world({ limits })).inbound.receive(delivery)).code

  it('bodyBytesMax', async () => {
    const delivery = sent()
    const { length } = delivery.body
    expect(await codeWith({ bodyBytesMax: length }, delivery)).toBe('accepted')
    expect(await codeWith({ bodyBytesMax: length - 1 }, delivery)).toBe('body_too_large')
  })

  it('depthMax', async () => {
    const delivery = sent({ activity: follow(carol, { tag: [{ a: [] }] }) })
    expect(await codeWith({ depthMax: 4 }, delivery)).toBe('accepted')
    expect(await codeWith({ depthMax: 3 }, delivery)).toBe('json_too_deep')
  })

  it('nodesMax', async () => {
    const delivery = sent({ activity: { id: `${carol.id}/1`, type: 'Like', actor: carol.id, to: [1, 2] } })
    expect(await codeWith({ nodesMax: 7 }, delivery)).toBe('accepted')
    expect(await codeWith({ nodesMax: 6 }, delivery)).toBe('json_too_deep')
  })

  it('labelsMax', async () => {
    const delivery = sent({ form: 'rfc9421' })
    const rawHeaders = delivery.rawHeaders.map(([name, value]) => {
      if (name === 'signature-input') return [name, `${value}, other=()`] as const
      return [name, name === 'signature' ? `${value}, other=:AA==:` : value] as const
    })
    expect(await codeWith({ labelsMax: 2 }, { ...delivery, rawHeaders })).toBe('accepted')
    expect(await codeWith({ labelsMax: 1 }, { ...delivery, rawHeaders })).toBe('malformed_signature')
  })

  it('componentsMax', async () => {
    for (const [form, count] of [
      ['cavage', 4],
      ['rfc9421', 3],
    ] as const) {
      expect(await codeWith({ componentsMax: count }, sent({ form }))).toBe('accepted')
      expect(await codeWith({ componentsMax: count - 1 }, sent({ form }))).toBe('malformed_signature')
    }
  })

  it('refreshCooldownMs, negativeMs and tombstoneMs', async () => {
    const limits = { refreshCooldownMs: 10, negativeMs: 20, tombstoneMs: 30 }
    const forged = sent({ from: { ...carol, privateKey: testKeys.otherRsa } })
    const fetchesAt = async (delivery: Delivery, answer: unknown, ...times: number[]): Promise<number[]> => {
      const { inbound, published, fetches, time } = await world({ limits })
      published.set(carol.id, answer)
      const counts: number[] = []
      for (const after of times) {
        time.now = now + after
        await inbound.receive(delivery)
        counts.push(fetches.length)
      }
      return counts
    }
    expect(await fetchesAt(forged, carol.peer, 0, 9, 10, 19, 20)).toEqual([1, 1, 2, 2, 3])
    expect(await fetchesAt(sent(), answered(500), 0, 19, 20, 39, 40)).toEqual([1, 1, 2, 2, 3])
    expect(await fetchesAt(sent(), answered(410), 0, 29, 30, 59, 60)).toEqual([1, 1, 2, 2, 3])
  })
})
