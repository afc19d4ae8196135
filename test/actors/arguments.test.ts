/**
 * Bad arguments: a wrong type is a `TypeError`, anything else has a code. A method that returns a promise rejects, it
 * never throws; and nothing is written.
 */
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Log, Store } from '../../src/actors/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { alice, storeOver } from './fixtures.ts'

/** A call as JavaScript may make it: `any` lets the types be wrong. */
// oxlint-disable-next-line typescript/no-explicit-any
type Call = (log: any, store: any) => unknown

const outOfRange = (name: string, min: number, max = Number.MAX_SAFE_INTEGER): object => ({
  code: 'OUT_OF_RANGE',
  argument: name,
  min,
  max,
})
const invalidKey = (bytes: number): object => ({ code: 'INVALID_KEY', bytes })

const calls: readonly [title: string, call: Call, expected: object | typeof TypeError][] = [
  ['append: options that are no object', log => log.append(1, 'key'), TypeError],
  ['append: null for options', log => log.append(1, null), TypeError],
  ['append: a key that is no string', log => log.append(1, { key: 1 }), TypeError],
  ['append: an empty key', log => log.append(1, { key: '' }), invalidKey(0)],
  ['append: a key of 65,537 bytes', log => log.append(1, { key: 'é'.repeat(32_768) + 'x' }), invalidKey(65_537)],
  ['append: a key with a lone surrogate', log => log.append(1, { key: '\uD800' }), invalidKey(3)],
  ['append: an expectedTip that is no number', log => log.append(1, { expectedTip: '1' }), TypeError],
  ['append: an expectedTip below 0', log => log.append(1, { expectedTip: -1 }), outOfRange('expectedTip', 0)],
  ['append: an expectedTip of half a record', log => log.append(1, { expectedTip: 0.5 }), outOfRange('expectedTip', 0)],
  ['append: NaN for expectedTip', log => log.append(1, { expectedTip: Number.NaN }), outOfRange('expectedTip', 0)],
  ['append: an unknown ifExists', log => log.append(1, { ifExists: 'replace' }), TypeError],
  ['append: a value that msgpack has not', log => log.append(() => 1), { code: 'UNSUPPORTED_VALUE', path: '$' }],
  [
    'append: meta that msgpack has not',
    log => log.append(1, { meta: [-0] }),
    { code: 'UNSUPPORTED_VALUE', path: '$[0]' },
  ],
  [
    'append: meta of 4,097 bytes',
    log => log.append(1, { meta: 'x'.repeat(4094) }),
    { code: 'META_TOO_LARGE', bytes: 4097, bytesMax: 4096 },
  ],
  [
    'append: a payload of 1 MiB and a byte',
    log => log.append('x'.repeat(1_048_572)),
    { code: 'PAYLOAD_TOO_LARGE', bytes: 1_048_577, bytesMax: 1_048_576 },
  ],
  ['appendJson: an object', log => log.appendJson({}), TypeError],
  ['appendJson: no JSON', log => log.appendJson('{'), { code: 'INVALID_JSON' }],
  ['appendJson: too much', log => log.appendJson(' '.repeat(1_048_577)), { code: 'PAYLOAD_TOO_LARGE' }],
  ['appendBytes: a string', log => log.appendBytes('text'), TypeError],
  ['appendBytes: an ArrayBuffer', log => log.appendBytes(new ArrayBuffer(1)), TypeError],
  ['appendBytes: too much', log => log.appendBytes(new Uint8Array(1_048_577)), { code: 'PAYLOAD_TOO_LARGE' }],

  ['Store.append: no array', (log, store) => store.append({ log, value: 1 }), TypeError],
  ['Store.append: an item that is no object', (_, store) => store.append([1]), TypeError],
  ['Store.append: a hole', (_, store) => store.append(Array.from({ length: 1 })), TypeError],
  ['Store.append: a log that is no handle', (_, store) => store.append([{ log: alice, value: 1 }]), TypeError],
  [
    'Store.append: something like a handle',
    (_, store) => store.append([{ log: { actor: alice, box: 'inbox' }, value: 1 }]),
    TypeError,
  ],
  ['Store.append: a handle of another store', (_, store) => store.append([{ log: otherInbox, value: 1 }]), TypeError],
  ['Store.append: no body', (log, store) => store.append([{ log }]), TypeError],
  ['Store.append: two bodies', (log, store) => store.append([{ log, value: 1, json: '1' }]), TypeError],
  [
    'Store.append: an unknown onConflict',
    (log, store) => store.append([{ log, value: 1 }], { onConflict: 'keep' }),
    TypeError,
  ],
  [
    'Store.append: one bad item of two',
    (log, store) =>
      store.append([
        { log, value: 1 },
        { log, json: '' },
      ]),
    { code: 'INVALID_JSON' },
  ],

  ['get: a string', log => log.get('1'), TypeError],
  ['get: 0', log => log.get(0), outOfRange('seq', 1)],
  ['get: 2^53', log => log.get(2 ** 53), { ...outOfRange('seq', 1), value: 2 ** 53 }],
  ['page: both cursors', log => log.page({ before: 1, after: 1 }), TypeError],
  ['page: before 0', log => log.page({ before: 0 }), outOfRange('before', 1)],
  ['page: after -1', log => log.page({ after: -1 }), outOfRange('after', 0)],
  ['page: limit 0', log => log.page({ limit: 0 }), outOfRange('limit', 1, 1000)],
  ['page: limit 1,001', log => log.page({ limit: 1001 }), outOfRange('limit', 1, 1000)],
  ['page: scanMax 100,001', log => log.page({ scanMax: 100_001 }), outOfRange('scanMax', 1, 100_000)],
  ['page: a where that is no function', log => log.page({ where: 'public' }), TypeError],
  ['read: a cursor that is no number', log => log.read({ after: '1' }).next(), TypeError],
  ['read: a bigint for a cursor', log => log.read({ before: 1n }).next(), TypeError],
  ['read: limit 0', log => log.read({ limit: 0 }).next(), outOfRange('limit', 1)],
  ['read: a reverse that is no boolean', log => log.read({ reverse: 1 }).next(), TypeError],
  ['read: a signal that is none', log => log.read({ signal: {} }).next(), TypeError],
  ['follow: a cursor below 0', log => log.follow({ after: -1 }).next(), outOfRange('after', 0)],
  ['follow: options that are no object', log => log.follow(17).next(), TypeError],
  ['find: no key', log => log.find(), TypeError],
  ['find: an empty key', log => log.find(''), invalidKey(0)],
  ['trim: no options', log => log.trim(), TypeError],
  ['trim: before 0', log => log.trim({ before: 0 }), outOfRange('before', 1)],
  ['trim: beyond the end', log => log.trim({ before: 2 }), outOfRange('before', 1, 1)],

  ['actors.add: no string', (_, store) => store.actors.add(1), TypeError],
  ['actors.add: an empty id', (_, store) => store.actors.add(''), { code: 'INVALID_ACTOR_ID', bytes: 0 }],
  [
    'actors.add: 2,049 bytes',
    (_, store) => store.actors.add('é'.repeat(1024) + 'x'),
    { code: 'INVALID_ACTOR_ID', bytes: 2049 },
  ],
  ['actors.add: a lone surrogate', (_, store) => store.actors.add('\uDC00'), { code: 'INVALID_ACTOR_ID', bytes: 3 }],
  ['actors.remove: an empty id', (_, store) => store.actors.remove(''), { code: 'INVALID_ACTOR_ID' }],
  ['actors.status: an empty id', (_, store) => store.actors.status(''), { code: 'INVALID_ACTOR_ID' }],
]

const otherInbox = (await storeOver(createMemoryLogStore())).inbox(alice)

describe('a call with bad arguments rejects and writes nothing', () => {
  it.each(calls)('%s', async (_, call, expected) => {
    const store = await storeOver(createMemoryLogStore())
    const log = store.inbox(alice)
    const before = store.stats()
    const promise = call(log, store)
    expect(promise).toBeInstanceOf(Promise)
    if (expected === TypeError) await expect(promise).rejects.toBeInstanceOf(TypeError)
    else await expect(promise).rejects.toMatchObject(expected)
    expect(store.stats()).toEqual(before)
  })
})

describe('a call that returns no promise throws', () => {
  const boxes: readonly ((store: Store, actor: string) => Log)[] = [
    (store, actor) => store.inbox(actor),
    (store, actor) => store.outbox(actor),
  ]

  it.each(boxes)('%s: an id that can name no actor', async open => {
    const store = await storeOver(createMemoryLogStore())
    expect(() => open(store, 1 as unknown as string)).toThrow(TypeError)
    for (const id of ['', 'x'.repeat(2049), '\uD800']) {
      expect(() => open(store, id)).toThrow(expect.objectContaining({ code: 'INVALID_ACTOR_ID' }))
    }
    expect(open(store, 'x'.repeat(2048)).actor).toHaveLength(2048)
  })

  it('createStore: limits and clocks that are none', () => {
    const logStore = createMemoryLogStore()
    for (const payloadBytesMax of [0, 64 * 1024 * 1024 + 1, 0.5]) {
      const facts = outOfRange('payloadBytesMax', 1, 67_108_864)
      expect(() => createStore(logStore, { payloadBytesMax })).toThrow(expect.objectContaining(facts))
    }
    expect(() => createStore(logStore, { clock: 5 as unknown as () => number })).toThrow(TypeError)
  })
})

it('a clock that gives no time of this format is refused before anything is written', async () => {
  for (const now of [-1, Number.NaN, 2 ** 48]) {
    const store = await storeOver(createMemoryLogStore(), { clock: () => now })
    await expect(store.inbox(alice).append(1)).rejects.toMatchObject(outOfRange('clock', 0, 2 ** 48 - 1))
  }
})

it('an option that is undefined is an option that is not given', async () => {
  const store = await storeOver(createMemoryLogStore())
  // oxlint-disable-next-line typescript/no-explicit-any
  const log: any = store.inbox(alice)
  const none = { key: undefined, expectedTip: undefined, ifExists: undefined, meta: undefined }
  expect(await log.append(1, none)).toEqual({ seq: 1, duplicate: false })
  expect(await log.append(1, none)).toEqual({ seq: 2, duplicate: false })
  const page = await log.page({ before: undefined, after: undefined, limit: undefined, where: undefined })
  expect(page).toMatchObject({ items: [{ seq: 2 }, { seq: 1 }] })
})
