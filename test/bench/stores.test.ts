/**
 * Everybody does the same work: each store, behind the bench's interface, gives the same answers. Those in bench/ are
 * tested where they are installed. The bench measures what is built: `npm run build` first.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { availabilityOf } from '../../bench/install.mjs'
import { payloadAt, payloadsOf } from '../../bench/payloads.mjs'
import { stores, type OpenStore } from '../../bench/stores/all.mjs'

const pool = payloadsOf('like')
const payload = (i: number) => payloadAt(pool, i)
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const available = await availabilityOf(stores, { mayInstall: false })
const installed = stores.filter(({ name }) => available.some(each => each.name === name && each.reason === null))

it('the main install has three of them', () => {
  expect(installed.map(({ name }) => name)).toEqual(expect.arrayContaining(['twinlog', 'classic-level', 'bare file']))
})

describe.each(installed)('$name', ({ open, lacks }) => {
  let directory = ''
  let store: OpenStore
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'twinlog-test-bench-'))
    store = await open(join(directory, 'store'), { durability: 'os' })
    await store.prepareLogs(2)
  })
  afterEach(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })

  it('gives sequences in the order of the calls, and reads what was appended', async () => {
    const seqs = await Promise.all(Array.from({ length: 30 }, (_, i) => store.append(0, payload(i))))
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    expect(await store.appendMany([30, 31].map(i => ({ log: 0, payload: payload(i) })))).toEqual([31, 32])
    expect(await store.tip(0)).toBe(32)
    expect(text(await store.get(0, 31))).toBe(text(payload(30)))
    const newest = await store.page(0, 20)
    expect(newest.map(text)).toEqual(Array.from({ length: 20 }, (_, i) => text(payload(31 - i))))
    expect((await store.page(0, 20, 3)).map(text)).toEqual([1, 0].map(i => text(payload(i))))
    const all: string[] = []
    await store.scan(0, bytes => all.push(text(bytes)))
    expect(all).toEqual(Array.from({ length: 32 }, (_, i) => text(payload(i))))
  })

  it.skipIf(lacks.manyLogs !== undefined)('keeps logs apart', async () => {
    expect(await store.appendMany([0, 1, 0].map((log, i) => ({ log, payload: payload(i) })))).toEqual([1, 1, 2])
    expect([await store.tip(0), await store.tip(1)]).toEqual([2, 1])
    expect((await store.page(1, 20)).map(text)).toEqual([text(payload(1))])
  })

  it.skipIf(lacks.lookUps !== undefined)(
    'appends nothing twice under one key, also while the first is on its way',
    async () => {
      const twice = [store.append(0, payload(0), 'key'), store.append(0, payload(0), 'key')]
      expect(await Promise.all(twice)).toEqual([1, 1])
      expect(await store.append(0, payload(0), 'key')).toBe(1)
      expect(await store.append(1, payload(0), 'key')).toBe(1)
      expect([await store.tip(0), await store.tip(1)]).toEqual([1, 1])
    },
  )

  it.skipIf(lacks.reopen !== undefined)('has it all when it is opened again', async () => {
    await store.append(0, payload(0), 'key')
    await store.append(0, payload(1))
    await store.close()
    store = await open(join(directory, 'store'), { durability: 'disk' })
    expect([await store.tip(0), await store.tip(1)]).toEqual([2, 0])
    expect(await store.append(0, payload(0), 'key')).toBe(1)
    expect(await store.append(0, payload(2))).toBe(3)
    expect((await store.page(0, 20)).map(text)).toEqual([2, 1, 0].map(i => text(payload(i))))
  })
})
