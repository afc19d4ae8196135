import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.ts'
import { itemsIn, jsonLines, Machine, type Outcome } from './twinlog.ts'

const archive = fileURLToPath(new URL('../../examples/sample-archive/outbox.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'twinlog-import-'))
const alice = 'https://example.com/users/alice'
const bob = 'https://example.com/users/bob'

let machine: Machine
let store: Store

beforeEach(async () => {
  machine = new Machine()
  store = await machine.store()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const activity = (id: string, facts: object = {}): string =>
  JSON.stringify({ id, type: 'Create', actor: alice, ...facts })
const importText = (text: string, ...options: string[]): Promise<Outcome> =>
  machine.twinlog(['import', 'db', '-', ...options], { stdin: text })
const codes = (outcome: Outcome): string[] =>
  [...outcome.err.matchAll(/^-\[(\d+)\]: (\w+)/gm)].map(match => `${match[1]} ${match[2]}`)

describe('a Mastodon archive', () => {
  it('goes in, oldest first, with the exact bytes of its items', async () => {
    const outcome = await machine.twinlog(['import', 'db', archive])
    expect(outcome).toEqual({ code: 0, out: `${archive}: 25 added, 0 already there, 0 refused\n`, err: '' })
    const items = await itemsIn(store, 'https://social.example.com/users/wren')
    expect(items.length).toBe(25)
    const { out } = await machine.twinlog(['export', 'db', 'https://social.example.com/users/wren', 'outbox'])
    expect(out).toBe(`${items.join('\n')}\n`)
  })

  it('imported again adds nothing and says so', async () => {
    await machine.twinlog(['import', 'db', archive])
    const outcome = await machine.twinlog(['import', 'db', archive])
    expect(outcome).toEqual({ code: 0, out: `${archive}: nothing added, 25 already there, 0 refused\n`, err: '' })
  })
})

describe('an item', () => {
  it('goes to the outbox of the actor it names, as a string, an object, or a list of one', async () => {
    const named = [alice, { id: alice, type: 'Person' }, [alice], [{ id: alice }]]
    await importText(named.map((actor, index) => activity(`${index}`, { actor })).join('\n'))
    expect(await store.outbox(alice).tip()).toBe(4)
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('that is no activity goes to whom it is attributed to', async () => {
    await importText(JSON.stringify({ id: 'n', type: 'Note', attributedTo: alice }))
    expect(await store.outbox(alice).tip()).toBe(1)
  })

  it('goes where --actor and --box say, whoever it names', async () => {
    expect((await importText(activity('1', { actor: bob }), '--actor', alice, '--box', 'inbox')).code).toBe(0)
    expect(await store.inbox(alice).tip()).toBe(1)
    expect(await store.actors.status(bob)).toBe('unknown')
  })

  it('is found by its id', async () => {
    await importText(activity('https://example.com/1'))
    expect(await store.outbox(alice).find('https://example.com/1')).toBe(1)
  })

  it('without an id goes in once, by its bytes', async () => {
    const text = '{"actor":"a"}\n{"actor": "a"}\n{"actor":"a"}\n{"actor":"a","id":7}'
    expect((await importText(text)).out).toBe('-: 3 added, 1 already there, 0 refused\n')
    expect((await importText(text)).out).toBe('-: nothing added, 4 already there, 0 refused\n')
  })

  it('keeps its place among the items of its log', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => activity(`${index}`, { actor: `a${index % 7}`, index }))
    expect((await importText(lines.join('\n'))).out).toBe('-: 3,000 added, 0 already there, 0 refused\n')
    for (let actor = 0; actor < 7; actor++) {
      expect(await itemsIn(store, `a${actor}`)).toEqual(lines.filter((_, index) => index % 7 === actor))
    }
  })

  it('of more actors than are remembered keeps its place, too', async () => {
    const lines = Array.from({ length: 21_000 }, (_, index) => activity(`${index}`, { actor: `a${index % 10_500}` }))
    expect((await importText(lines.join('\n'))).code).toBe(0)
    expect(await itemsIn(store, 'a3')).toEqual([lines[3], lines[10_503]])
  })
})

describe('a refused item', () => {
  it('is named by file, index and code, and the rest goes in', async () => {
    const tooLong = 'x'.repeat(70_000)
    const lines = [
      activity('1'),
      '{"torn":',
      '["list"]',
      '{"id":"no actor"}',
      activity('two actors', { actor: [alice, bob] }),
      activity('number', { actor: 9 }),
      activity('nobody', { actor: { type: 'Person' } }),
      activity('1', { other: 'bytes' }),
      activity(tooLong),
      activity('2', { actor: 'x'.repeat(2049) }),
      '{"type":"Collection","first":"https://example.com/?page=1"}',
      activity('3'),
    ]
    const outcome = await importText(lines.join('\n'))
    expect(codes(outcome)).toEqual([
      '1 INVALID_JSON',
      '2 NOT_AN_OBJECT',
      '3 NO_ACTOR_IN_ITEM',
      '4 NO_ACTOR_IN_ITEM',
      '5 NO_ACTOR_IN_ITEM',
      '6 NO_ACTOR_IN_ITEM',
      '7 KEY_CONFLICT',
      '8 INVALID_KEY',
      '9 INVALID_ACTOR_ID',
      '10 NO_ITEMS',
    ])
    expect(outcome.out).toBe('-: 2 added, 0 already there, 10 refused\n')
    expect(outcome.code).toBe(1)
    expect(await itemsIn(store, alice)).toEqual([lines[0], lines[11]])
  })

  it('is a line of --json, which has nothing to say on stderr', async () => {
    const one = file('one.json', activity('1'))
    const two = file('two.ndjson', `${activity('1')}\n7\n`)
    const outcome = await machine.twinlog(['import', 'db', '--json', one, two])
    expect(jsonLines(outcome.out)).toEqual([
      { event: 'file', file: one, items: 1, added: 1, duplicates: 0, refused: 0 },
      { event: 'refused', file: two, index: 1, code: 'NOT_AN_OBJECT', message: expect.any(String) },
      { event: 'file', file: two, items: 2, added: 0, duplicates: 1, refused: 1 },
      { event: 'total', items: 3, added: 1, duplicates: 1, refused: 1, interrupted: false },
    ])
    expect([outcome.err, outcome.code]).toEqual(['', 1])
  })

  it('that would move the cursor of a terminal is named harmlessly', async () => {
    const { err } = await importText(`{"id":"1","actor":"\\u001b[2J${'x'.repeat(2048)}"}`)
    expect(err).not.toContain('\u001B')
  })
})

describe('files', () => {
  it('are counted one by one, and together', async () => {
    const one = file('one.json', activity('1'))
    const two = file('two.json', activity('2'))
    const { out } = await machine.twinlog(['import', 'db', one, two])
    expect(out).toBe(
      `${one}: 1 added, 0 already there, 0 refused\n${two}: 1 added, 0 already there, 0 refused\ntotal: 2 added, 0 already there, 0 refused\n`,
    )
  })

  it('that are not there are wrong usage, and nothing is opened', async () => {
    const one = file('one.json', activity('1'))
    for (const missing of [join(folder, 'missing.json'), folder]) {
      expect((await machine.twinlog(['import', 'db', one, missing])).code).toBe(2)
    }
    expect((await machine.twinlog(['import', 'db', '-', '-'])).code).toBe(2)
    expect(machine.opened).toEqual([])
  })

  it('that hold nothing add nothing', async () => {
    expect(await importText('\n')).toEqual({ code: 0, out: '-: nothing added, 0 already there, 0 refused\n', err: '' })
  })

  it('that cannot be read to the end are UNREADABLE from there, and the next one goes in', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from(`${activity('1')}\n${activity('2')}\n`)
      throw new Error('the disk is on fire')
    }
    const three = file('three.json', activity('3'))
    const outcome = await machine.twinlog(['import', 'db', '-', three], { stdin: Readable.from(failing()) })
    expect(codes(outcome)).toEqual(['2 UNREADABLE'])
    expect(outcome.code).toBe(1)
    expect(await store.outbox(alice).tip()).toBe(3)
  })
})
