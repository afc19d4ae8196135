/** What becomes of an append on its way to the log store: checked, encoded and handed over within the call. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { FlushItem, Log, Store, StoreOptions } from '../../src/actors/types.ts'
import { TwinlogError } from '../../src/errors.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { Flush } from '../../src/log-store/types.ts'
import { alice, bob, override, storeOver } from './fixtures.ts'

interface Observed {
  readonly store: Store
  readonly inbox: Log
  readonly outbox: Log
  /** What the log store was given. */
  readonly flushes: Flush[]
}

async function observed(options?: StoreOptions): Promise<Observed> {
  const inner = createMemoryLogStore()
  const flushes: Flush[] = []
  const append: typeof inner.append = flush => {
    flushes.push(flush)
    return inner.append(flush)
  }
  const store = await storeOver(override(inner, { append }), options)
  return { store, inbox: store.inbox(alice), outbox: store.outbox(alice), flushes }
}

describe('an append', () => {
  it('gives the sequence, and the record gives back what was appended', async () => {
    const { inbox } = await observed({ clock: () => 1_700_000_000_000.9 })
    expect(await inbox.append({ type: 'Like' }, { meta: { by: 'a key' } })).toEqual({ seq: 1, duplicate: false })
    expect(await inbox.appendJson('{ "type":"Like" }')).toEqual({ seq: 2, duplicate: false })
    expect(await inbox.appendBytes(Uint8Array.of(1, 2))).toEqual({ seq: 3, duplicate: false })
    expect(await inbox.get(1)).toMatchObject({
      seq: 1,
      receivedAt: 1_700_000_000_000,
      codec: 'msgpack',
      value: { type: 'Like' },
      meta: { by: 'a key' },
    })
    const json = await inbox.get(2)
    expect(json).toMatchObject({ codec: 'json', value: { type: 'Like' }, meta: undefined })
    expect(Buffer.from(json!.bytes).toString()).toBe('{ "type":"Like" }')
    const bytes = await inbox.get(3)
    expect(bytes).toMatchObject({ codec: 'bytes', value: Uint8Array.of(1, 2), bytes: Uint8Array.of(1, 2) })
  })

  it('takes any value that msgpack has, undefined and null too', async () => {
    const { inbox } = await observed()
    for (const value of [undefined, null, 0, '', false, []]) {
      const { seq } = await inbox.append(value, { meta: value })
      expect(await inbox.get(seq)).toMatchObject({ value, meta: value })
    }
  })

  it('takes the value as it is at the call', async () => {
    const { store, inbox } = await observed()
    const value = { list: [1] }
    const meta = { list: [1] }
    const json = Buffer.from('[1]')
    const bytes = Buffer.from('one')
    const appends = [
      inbox.append(value, { meta }),
      inbox.appendJson(json),
      inbox.appendBytes(bytes),
      store.append([{ log: inbox, value }]),
    ]
    value.list.push(2)
    meta.list.push(2)
    json.fill(0x20)
    bytes.fill(0)
    await Promise.all(appends)
    expect(await inbox.get(1)).toMatchObject({ value: { list: [1] }, meta: { list: [1] } })
    expect(await inbox.get(2)).toMatchObject({ value: [1] })
    expect(await inbox.get(3)).toMatchObject({ value: new Uint8Array(Buffer.from('one')) })
    expect(await inbox.get(4)).toMatchObject({ value: { list: [1] } })
  })

  it('is handed to the log store before the call returns, so sequences follow the order of the calls', async () => {
    const { store, inbox, flushes } = await observed()
    const ways: ((value: number) => Promise<unknown>)[] = [
      value => inbox.append(value),
      value => inbox.appendJson(String(value)),
      value => store.append([{ log: inbox, value }]),
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...ways), { maxLength: 8 }), async calls => {
        const before = flushes.length
        const tip = (await inbox.tip()) ?? 0
        const appends = calls.map((call, index) => call(tip + index + 1))
        expect(flushes.length - before).toBe(calls.length)
        await Promise.all(appends)
        for await (const { seq, value } of inbox.read({ after: tip })) expect(value).toBe(seq)
      }),
    )
  })

  it('names its dedupe key by the first 16 bytes of its SHA-256, of UTF-8', async () => {
    const { inbox, flushes } = await observed()
    await inbox.append(1, { key: 'https://example.com/é' })
    const sha256 = createHash('sha256').update('https://example.com/é', 'utf8').digest()
    expect(flushes[0]!.appends[0]!.key).toEqual(sha256.subarray(0, 16))
    await inbox.append(1, { key: 'abc' })
    expect(Buffer.from(flushes[1]!.appends[0]!.key!).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223')
  })

  it('with a known key is a duplicate when the bytes are the same, else a conflict, unless the first is to be kept', async () => {
    const { inbox } = await observed()
    const key = 'https://example.com/activities/1'
    await inbox.append({ a: 1 }, { key })
    expect(await inbox.append({ a: 1 }, { key, meta: 'other' })).toEqual({ seq: 1, duplicate: true })
    const conflict = { code: 'KEY_CONFLICT', actor: alice, box: 'inbox', seq: 1 }
    await expect(inbox.append({ a: 2 }, { key })).rejects.toMatchObject(conflict)
    expect(await inbox.append({ a: 2 }, { key, ifExists: 'keep' })).toEqual({ seq: 1, duplicate: true })
    expect(await inbox.find(key)).toBe(1)
    expect(await inbox.find('another')).toBeUndefined()
  })

  it('rejects with what the log store refuses, however it says so', async () => {
    const facts = { actor: alice, box: 'inbox', expected: 4, actual: 0 } as const
    const error = new TwinlogError('TIP_CONFLICT', 'conflict', facts)
    const says = override(createMemoryLogStore(), { append: async () => [{ status: 'refused', error }] })
    await expect(createStore(says).inbox(alice).append(1)).rejects.toBe(error)
    const { inbox } = await observed()
    await expect(inbox.append(1, { expectedTip: 4 })).rejects.toMatchObject({ code: 'TIP_CONFLICT', ...facts })
  })
})

describe('a flush over several logs', () => {
  it('answers for each part, in order', async () => {
    const { store, inbox, outbox } = await observed()
    const results = await store.append([
      { log: inbox, value: 1, key: 'a' },
      { log: outbox, json: '2' },
      { log: inbox, value: 1, key: 'a' },
      { log: store.inbox(bob), bytes: Uint8Array.of(3), expectedTip: 0 },
    ])
    expect(results).toEqual([
      { seq: 1, duplicate: false },
      { seq: 1, duplicate: false },
      { seq: 1, duplicate: true },
      { seq: 1, duplicate: false },
    ])
  })

  it('with a conflict rejects all, and with skip leaves out only the part that is refused', async () => {
    const { store, inbox, outbox } = await observed()
    const items: FlushItem[] = [
      { log: inbox, value: 1 },
      { log: outbox, value: 1, expectedTip: 9 },
      { log: store.inbox('nobody'), value: 1 },
    ]
    await expect(store.append(items)).rejects.toMatchObject({ code: 'TIP_CONFLICT', expected: 9, actual: 0 })
    expect(await inbox.tip()).toBe(0)
    expect(await store.append(items, { onConflict: 'skip' })).toEqual([
      { seq: 1, duplicate: false },
      { error: expect.objectContaining({ code: 'TIP_CONFLICT', actor: alice, box: 'outbox' }) as unknown },
      { error: expect.objectContaining({ code: 'NO_ACTOR', actor: 'nobody', status: 'unknown' }) as unknown },
    ])
  })

  it('gives each part its own key and meta', async () => {
    const { store, inbox } = await observed()
    const parts = ['a', 'b', 'b', 'a'].map((key, index) => ({ log: inbox, value: index, key: key + index, meta: key }))
    await store.append(parts)
    for (const [index, { key, meta }] of parts.entries()) {
      expect(await inbox.find(key)).toBe(index + 1)
      expect(await inbox.get(index + 1)).toMatchObject({ value: index, meta })
    }
  })

  it('of nothing resolves to nothing, and is CLOSED on a closed store', async () => {
    const { store } = await observed()
    expect(await store.append([])).toEqual([])
    await store.close()
    await expect(store.append([])).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('stores a body once, whether it comes by the same reference or as the same bytes', async () => {
    const { store, inbox, outbox, flushes } = await observed()
    const value = { type: 'Create' }
    const json = Buffer.from('{"type":"Create"}')
    await store.append([
      { log: inbox, value },
      { log: outbox, value },
      { log: inbox, value: { type: 'Create' } },
      { log: inbox, json },
      { log: inbox, json },
      { log: inbox, json: '{"type":"Create"}' },
      { log: inbox, bytes: json },
      { log: inbox, bytes: Buffer.from(json) },
      { log: inbox, value: 'text' },
      { log: inbox, bytes: Buffer.from('a4text', 'latin1') },
    ])
    expect(flushes[0]!.payloads.map(({ codec }) => codec)).toEqual(['msgpack', 'json', 'bytes', 'msgpack', 'bytes'])
    expect(flushes[0]!.appends.map(({ payload }) => payload)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 3, 4])
  })

  it('keeps bodies apart that differ, however alike they look', async () => {
    const { store, inbox, flushes } = await observed()
    // Two words of one length with the same CRC-32.
    expect(crc32('plumless')).toBe(crc32('buckeroo'))
    const words = ['plumless', 'buckeroo', 'plumless', 'buckeroo']
    await store.append(words.map(word => ({ log: inbox, bytes: Buffer.from(word) })))
    const read = flushes[0]!.appends.map(({ payload }) => Buffer.from(flushes[0]!.payloads[payload]!.bytes).toString())
    expect(read).toEqual(words)
  })

  it('keeps bodies apart whose fingerprints are the same, which strangers can bring about', async () => {
    const { store, inbox, flushes } = await observed()
    // Made up by solving for the last four bytes.
    const alike = ['6c696b656c696b65', '6e6f74651dff4748', '756e646fcd95f9f4', '6d6f76655f08a0a6', '666c616734a8c505']
    const given = [...alike, '6a6f696e97bf4211', ...alike]
    await store.append(given.map(hex => ({ log: inbox, bytes: Buffer.from(hex, 'hex') })))
    const read = flushes[0]!.appends.map(({ payload }) =>
      Buffer.from(flushes[0]!.payloads[payload]!.bytes).toString('hex'),
    )
    expect(read).toEqual(given)
  })

  it('stores whatever mixture of bodies it is given as they are, each once where once is enough', async () => {
    const body = fc.oneof(
      fc.record({ value: fc.oneof(fc.integer({ min: -1, max: 2 }), fc.constantFrom('1', null, 'é')) }),
      fc.record({ json: fc.constantFrom('1', ' 1', '"é"') }),
      fc.record({ bytes: fc.constantFrom('1', 'é').map(text => Buffer.from(text)) }),
    )
    const { store, inbox, flushes } = await observed()
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 12 }), async bodies => {
        const tip = (await inbox.tip()) ?? 0
        await store.append(bodies.map(each => ({ log: inbox, ...each })))
        let at = 0
        for await (const { codec, value, bytes } of inbox.read({ after: tip })) {
          const each = bodies[at++]!
          if ('value' in each) expect([codec, value]).toEqual(['msgpack', each.value])
          else if ('json' in each) expect([codec, Buffer.from(bytes).toString()]).toEqual(['json', each.json])
          else expect([codec, Buffer.from(bytes)]).toEqual(['bytes', each.bytes])
        }
        const { payloads } = flushes.at(-1)!
        const distinct = new Set(payloads.map(each => `${each.codec} ${Buffer.from(each.bytes).toString('hex')}`))
        expect(distinct.size).toBe(payloads.length)
      }),
    )
  })

  it('refuses -0 beside 0, though a Map takes them for one', async () => {
    const { store, inbox } = await observed()
    const items = [0, -0].map(value => ({ log: inbox, value }))
    await expect(store.append(items)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE', path: '$' })
  })
})
