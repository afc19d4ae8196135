import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.ts'
import { hasUsableId, objectLine, objectText, saysCollection } from './json-texts.ts'
import { itemsIn, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const collection = ['export', 'db', alice, 'outbox', '--collection']
const lines = ['export', 'db', alice, 'outbox']

let machine: Machine
let store: Store

beforeEach(async () => {
  machine = new Machine()
  store = await machine.store()
  await store.actors.add(alice)
})

/** A new store with these items, each by a key of its own. */
async function storeOf(items: readonly string[]): Promise<Machine> {
  const filled = new Machine()
  const target = await filled.store()
  await target.actors.add(alice)
  for (const item of items) await target.outbox(alice).appendJson(item)
  return filled
}

/** Items as an import keeps them: each id once. */
function distinct(items: readonly string[]): string[] {
  const seen = new Set<unknown>()
  return items.filter(item => {
    const { id } = JSON.parse(item) as { id?: unknown }
    const key = typeof id === 'string' && id !== '' ? id : `bytes ${item}`
    return !seen.has(key) && seen.add(key)
  })
}

async function reimported(text: string): Promise<string[]> {
  const other = new Machine()
  const outcome = await other.twinlog(['import', 'db', '-', '--actor', alice], { stdin: text })
  expect([outcome.code, outcome.err]).toEqual([0, ''])
  const target = await other.store()
  return (await target.actors.status(alice)) === 'active' ? itemsIn(target, alice) : []
}

describe('what is exported', () => {
  it('as a collection is imported again byte for byte, whatever the items are', () =>
    fc.assert(
      fc.asyncProperty(fc.array(objectText.filter(hasUsableId), { maxLength: 6 }), async texts => {
        const items = distinct(texts)
        const { out, code, err } = await (await storeOf(items)).twinlog(collection)
        expect([code, err]).toEqual([0, ''])
        expect(JSON.parse(out)).toMatchObject({ type: 'OrderedCollection', totalItems: items.length })
        expect(await reimported(out)).toEqual(items)
      }),
    ))

  it('as lines is imported again byte for byte, when the items have no line breaks', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          objectLine.filter(text => hasUsableId(text) && !saysCollection(text)),
          { maxLength: 6 },
        ),
        async texts => {
          const items = distinct(texts)
          const { out, code, err } = await (await storeOf(items)).twinlog(lines)
          expect([code, err]).toEqual([0, ''])
          expect(out).toBe(items.map(item => `${item}\n`).join(''))
          expect(await reimported(out)).toEqual(items)
        },
      ),
    ))

  it('with --one-line is the same JSON, a line for each item', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          objectText.filter(text => !saysCollection(text)),
          { maxLength: 6 },
        ),
        async items => {
          const { out, code } = await (await storeOf(items)).twinlog([...lines, '--one-line'])
          expect(code).toBe(0)
          const read = out.split('\n').slice(0, -1)
          expect(read.map(line => JSON.parse(line) as unknown)).toEqual(items.map(item => JSON.parse(item) as unknown))
        },
      ),
    ))

  it('from an empty log is imported again, too', async () => {
    for (const argv of [collection, lines]) {
      const { out, code } = await machine.twinlog(argv)
      expect(code).toBe(0)
      expect(await reimported(out)).toEqual([])
    }
  })

  it('from values that JSON can say is their JSON', async () => {
    await store.outbox(alice).append({ id: '1', list: [1, 'two', null, { three: true }] })
    expect((await machine.twinlog(lines)).out).toBe('{"id":"1","list":[1,"two",null,{"three":true}]}\n')
  })

  it('leaves out the white space around an item', async () => {
    await store.outbox(alice).appendJson(' {"id": "1"}\n')
    expect((await machine.twinlog(lines)).out).toBe('{"id": "1"}\n')
  })
})

describe('a record is left out, named by its code, and the rest written', () => {
  const named = (err: string): string[] =>
    [...err.matchAll(/outbox #(\d+): (\w+)/g)].map(match => `${match[1]} ${match[2]}`)

  beforeEach(async () => {
    await store.outbox(alice).appendJson('{"id":"1"}')
  })

  it.each<[string, unknown]>([
    ['a date', new Date(0)],
    ['a bigint', { value: 1n }],
    ['a NaN', { value: Number.NaN }],
    ['bytes', { value: new Uint8Array(3) }],
    ['an undefined', { value: undefined }],
  ])('NOT_JSON: %s', async (_, value) => {
    await store.outbox(alice).append(value)
    await store.outbox(alice).appendJson('{"id":"3"}')
    for (const argv of [lines, collection]) {
      const { out, err, code } = await machine.twinlog(argv)
      expect([named(err), code]).toEqual([['2 NOT_JSON'], 1])
      expect(await reimported(out)).toEqual(['{"id":"1"}', '{"id":"3"}'])
    }
  })

  it('NOT_JSON: raw bytes', async () => {
    await store.outbox(alice).appendBytes(Buffer.from('{}'))
    const { out, err, code } = await machine.twinlog(lines)
    expect([out, named(err), code]).toEqual(['{"id":"1"}\n', ['2 NOT_JSON'], 1])
  })

  it('NOT_ONE_LINE: line breaks in its exact text', async () => {
    await store.outbox(alice).appendJson('{\n"id":"2"}')
    const { out, err, code } = await machine.twinlog(lines)
    expect([out, named(err), code]).toEqual(['{"id":"1"}\n', ['2 NOT_ONE_LINE'], 1])
  })

  it('IS_A_COLLECTION: import would take it apart', async () => {
    await store.outbox(alice).appendJson('{"type":"Collection","items":[]}')
    const { out, err, code } = await machine.twinlog(lines)
    expect([out, named(err), code]).toEqual(['{"id":"1"}\n', ['2 IS_A_COLLECTION'], 1])
  })
})
