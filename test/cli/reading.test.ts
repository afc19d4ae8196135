import { setTimeout as wait } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { TwinlogError, type Log, type LogRecord, type ReadOptions, type Store } from '../../src/index.ts'
import { jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const bob = 'https://example.com/users/bob\u001B[31m'

let machine: Machine
let store: Store

beforeEach(async () => {
  machine = new Machine()
  store = await machine.store()
  await store.actors.add(alice)
  await store.actors.add(bob)
  for (let number = 1; number <= 5; number++) await store.outbox(alice).appendJson(`{ "number":${number}.00 }`)
  await store.inbox(bob).append({ a: 1 })
  await store.inbox(bob).append({ b: 2 })
  await store.inbox(bob).trim({ before: 2 })
})

const sequences = (text: string): number[] => jsonLines(text).map(line => (line as { seq: number }).seq)

describe('ls', () => {
  it('prints each actor with the bounds and counts of both logs', async () => {
    const { out, code } = await machine.twinlog(['ls', 'db', '--json'])
    expect(jsonLines(out)).toEqual([
      { actor: alice, inbox: { first: 1, tip: 0, records: 0 }, outbox: { first: 1, tip: 5, records: 5 } },
      { actor: bob, inbox: { first: 2, tip: 2, records: 1 }, outbox: { first: 1, tip: 0, records: 0 } },
    ])
    expect(code).toBe(0)
  })

  it('prints the same for people, and lets no id touch the terminal', async () => {
    const { out } = await machine.twinlog(['ls', 'db'], { isTerminal: true, env: { NO_COLOR: '1' } })
    expect(out.split('\n').map(line => line.split(/ {2,}/))).toEqual([
      ['inbox', 'outbox', 'actor'],
      ['0', '5 (1–5)', alice],
      ['1 (2–2)', '0', String.raw`https://example.com/users/bob\u001b[31m`],
      [''],
    ])
  })
})

describe('cat', () => {
  it.each<[string[], number[]]>([
    [[], [1, 2, 3, 4, 5]],
    [
      ['--after', '3'],
      [4, 5],
    ],
    [
      ['--before', '3'],
      [1, 2],
    ],
    [
      ['--after', '1', '--before', '4'],
      [2, 3],
    ],
    [
      ['--limit', '2'],
      [1, 2],
    ],
    [
      ['--reverse', '--limit', '2'],
      [5, 4],
    ],
    [
      ['--reverse', '--after', '2', '--before', '5'],
      [4, 3],
    ],
  ])('%j prints exactly these records', async (options, expected) => {
    const { out, code } = await machine.twinlog(['cat', 'db', alice, 'outbox', '--json', ...options])
    expect(sequences(out)).toEqual(expected)
    expect(code).toBe(0)
  })

  it('--json keeps each digit of a JSON record, and says what it can of others', async () => {
    await store.inbox(alice).append({ at: new Date(0) }, { meta: { key: 'k' } })
    await store.inbox(alice).appendBytes(Buffer.from([1, 2]))
    await store.inbox(alice).appendJson('[1,\r\n2.50]')
    const { out } = await machine.twinlog(['cat', 'db', alice, 'inbox', '--json'])
    expect(out).toContain('"value":[1,  2.50]')
    expect(jsonLines(out)).toMatchObject([
      { seq: 1, codec: 'msgpack', meta: { key: 'k' }, value: null, inspected: expect.stringContaining('1970-01-01') },
      { seq: 2, codec: 'bytes', base64: 'AQI=' },
      { seq: 3, codec: 'json', value: [1, 2.5] },
    ])
  })

  it('prints for people what was appended, and lets no text touch the terminal', async () => {
    await store.inbox(alice).appendJson('{"content":"\u009B31m tea\u202E",\n\t"a":1}')
    const { out } = await machine.twinlog(['cat', 'db', alice, 'inbox'])
    expect(out).toMatch(/^#1 {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}json {2}\d+ bytes\n/)
    expect(out).toContain(String.raw`{"content":"\u009b31m tea\u202e",` + '\n\t"a":1}\n\n')
  })

  it.each([
    ['an actor who is not there', ['cat', 'db', 'nobody', 'outbox'], 'NO_ACTOR'],
    ['a cursor beyond the tip', ['cat', 'db', alice, 'outbox', '--after', '99'], 'AHEAD'],
    ['what is trimmed away', ['cat', 'db', bob, 'inbox', '--after', '0'], 'TRIMMED'],
  ])('ends with 1 and a code for %s', async (_, argv, expected) => {
    const { out, err, code } = await machine.twinlog(argv)
    expect([out, code]).toEqual(['', 1])
    expect(err).toContain(expected)
  })
})

describe('follow', () => {
  it('prints what is there, then what comes, until it is interrupted', async () => {
    const interrupt = new AbortController()
    const { stdout, line } = lineReader()
    const running = machine.twinlog(['follow', 'db', alice, 'outbox', '--after', '4', '--json'], {
      stdout,
      signal: interrupt.signal,
    })
    expect(JSON.parse(await line())).toMatchObject({ seq: 5 })
    await store.outbox(alice).appendJson('{"number":6}')
    expect(JSON.parse(await line())).toMatchObject({ seq: 6, value: { number: 6 } })
    interrupt.abort()
    expect(await running).toMatchObject({ code: 0, err: '' })
  })

  it('ends with 1 when the actor is removed', async () => {
    const { stdout, line } = lineReader()
    const running = machine.twinlog(['follow', 'db', alice, 'outbox', '--after', '4', '--json'], { stdout })
    await line()
    await store.actors.remove(alice)
    const { code, err } = await running
    expect(code).toBe(1)
    expect(err).toContain('NO_ACTOR')
  })
})

describe('damaged records', () => {
  const argv = (command: string): string[] => [command, 'db', alice, 'outbox']

  it.each([
    ['cat', ['--json'], [1, 4]],
    ['cat', ['--json', '--reverse'], [4, 1]],
    ['cat', ['--json', '--limit', '2'], [1, 4]],
    ['cat', ['--json', '--before', '3'], [1]],
  ])('do not keep %s %j from the others: each is named, and the exit code is 1', async (command, options, expected) => {
    const open = async (): Promise<Store> => damaged(store, [2, 3, 5])
    const { out, err, code } = await machine.twinlog([...argv(command), ...options], { open })
    expect(sequences(out)).toEqual(expected)
    expect(err).toMatch(/outbox #2: CORRUPT/)
    expect(code).toBe(1)
  })

  it('are left out of an export, and named', async () => {
    const open = async (): Promise<Store> => damaged(store, [2, 3, 5])
    const { out, err, code } = await machine.twinlog([...argv('export'), '--collection'], { open })
    expect(JSON.parse(out)).toMatchObject({ orderedItems: [{ number: 1 }, { number: 4 }], totalItems: 2 })
    expect([...err.matchAll(/#(\d): CORRUPT/g)].map(match => match[1])).toEqual(['2', '3', '5'])
    expect(code).toBe(1)
  })
})

describe('stats', () => {
  it('counts actors, records, and what was trimmed', async () => {
    const { out, code } = await machine.twinlog(['stats', 'db', '--json'])
    expect(jsonLines(out)).toEqual([
      {
        path: 'db',
        driver: 'memory',
        state: 'open',
        commit: expect.any(Number),
        actors: 2,
        inbox: { records: 1, trimmed: 1 },
        outbox: { records: 5, trimmed: 0 },
      },
    ])
    expect(code).toBe(0)
    expect((await machine.twinlog(['stats', 'db'])).out).toMatch(/^outbox records +5$/m)
  })
})

describe('dump', () => {
  const file = new URL(import.meta.url).pathname

  it('prints the lines of the segment', async () => {
    const dumpSegment = async function* (path: string, { all = false } = {}): AsyncGenerator<string> {
      yield `${path} ${all}`
      yield '# TORN TAIL: no frame'
    }
    const outcome = await machine.twinlog(['dump', file, '--all'], { dumpSegment })
    expect(outcome).toEqual({ code: 0, out: `${file} true\n# TORN TAIL: no frame\n`, err: '' })
  })

  it('ends with 1 when there is damage', async () => {
    const dumpSegment = async function* (): AsyncGenerator<string> {
      yield '# DAMAGED: the header'
      yield '00 01'
    }
    const outcome = await machine.twinlog(['dump', file], { dumpSegment })
    expect(outcome).toEqual({ code: 1, out: '# DAMAGED: the header\n00 01\n', err: '' })
  })

  it('of a file that is not there is wrong usage', async () => {
    expect((await machine.twinlog(['dump', '/nowhere/1.seg'])).code).toBe(2)
  })
})

describe('every command that reads', () => {
  const commands = [
    ['ls', 'db'],
    ['cat', 'db', alice, 'inbox'],
    ['export', 'db', alice, 'inbox'],
    ['stats', 'db'],
  ]

  it.each(commands)('%s opens read-only, so that it works beside the owner', async (...argv) => {
    expect((await machine.twinlog(argv)).code).toBe(0)
    expect(machine.opened).toEqual([expect.objectContaining({ readOnly: true, createIfMissing: false })])
  })

  it.each(commands)('%s ends with 3 where there is no store, and makes none', async (command, ...rest) => {
    const outcome = await machine.twinlog([command, 'elsewhere', ...rest.slice(1)])
    expect([outcome.code, outcome.out]).toEqual([3, ''])
    expect(outcome.err).toContain('STORE_NOT_FOUND')
  })
})

/** A stdout that gives its lines one by one. */
function lineReader(): { stdout: Writable; line: () => Promise<string> } {
  const lines: string[] = []
  const stdout = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(...chunk.toString().split('\n').slice(0, -1))
      done()
    },
  })
  const line = async (): Promise<string> => {
    while (lines.length === 0) await wait(1)
    return lines.shift()!
  }
  return { stdout, line }
}

/** The store, with some records of alice's outbox damaged: reading up to one fails there, as the engine does. */
function damaged(whole: Store, bad: readonly number[]): Store {
  const outbox = (actor: string): Log => {
    const log = whole.outbox(actor)
    async function* read<Value>(options: ReadOptions = {}): AsyncGenerator<LogRecord<Value>, void> {
      for await (const record of log.read<Value>(options)) {
        const { seq } = record
        if (bad.includes(seq)) throw new TwinlogError('CORRUPT', 'damaged', { seq, place: 'somewhere' })
        yield record
      }
    }
    return { ...log, actor, box: 'outbox', bounds: () => log.bounds(), read }
  }
  return { ...whole, outbox, close: async () => {} }
}
