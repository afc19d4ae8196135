/** The commands that take something away: only when they are meant, only what was named. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { CompactOptions, CompactReport, Store } from '../../src/index.ts'
import { itemsIn, jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'

let machine: Machine
let store: Store

beforeEach(async () => {
  machine = new Machine()
  store = await machine.store()
  await store.actors.add(alice)
  for (let n = 1; n <= 4; n++) await store.outbox(alice).appendJson(`{"n":${n}}`, { key: `${n}` })
})

describe.each([
  ['redact', ['redact', 'db', alice, 'outbox', '2']],
  ['trim', ['trim', 'db', alice, 'outbox', '--before', '3']],
  ['erase', ['erase', 'db', alice]],
])('%s', (_, argv) => {
  it('does nothing unless it is told --yes', async () => {
    expect((await machine.twinlog(argv)).code).toBe(2)
    expect(machine.opened).toEqual([])
    expect(await itemsIn(store, alice)).toHaveLength(4)
  })

  it('never makes a store', async () => {
    const [command = '', , ...rest] = argv
    expect((await machine.twinlog([command, 'elsewhere', ...rest, '--yes'])).code).toBe(3)
  })
})

it('redact takes out one record, and says when it was done before', async () => {
  const argv = ['redact', 'db', alice, 'outbox', '2', '--yes']
  const first = await machine.twinlog(argv)
  const second = await machine.twinlog(argv)
  expect([first.code, second.code]).toEqual([0, 0])
  expect(first.err).not.toBe(second.err)
  expect(await itemsIn(store, alice)).toEqual(['{"n":1}', '', '{"n":3}', '{"n":4}'])
  expect((await machine.twinlog(['redact', 'db', alice, 'outbox', '9', '--yes'])).code).toBe(1)
})

it('a redacted record is printed as one, and left out of an export by name', async () => {
  await store.outbox(alice).redact(2)
  const { out } = await machine.twinlog(['cat', 'db', alice, 'outbox', '--json'])
  expect(jsonLines(out)[1]).toEqual({ seq: 2, receivedAt: expect.any(Number), codec: 'json', redacted: true })
  expect((await machine.twinlog(['cat', 'db', alice, 'outbox'])).out).toContain('redacted')
  const exported = await machine.twinlog(['export', 'db', alice, 'outbox'])
  expect(exported).toMatchObject({ code: 1, out: '{"n":1}\n{"n":3}\n{"n":4}\n' })
  expect(exported.err).toContain('REDACTED')
})

it('trim drops the oldest records', async () => {
  expect((await machine.twinlog(['trim', 'db', alice, 'outbox', '--before', '3', '--yes'])).code).toBe(0)
  expect(await store.outbox(alice).bounds()).toEqual({ first: 3, tip: 4 })
  expect((await machine.twinlog(['trim', 'db', alice, 'outbox', '--before', '9', '--yes'])).code).toBe(1)
})

it('erase removes the actor, and says when there is none', async () => {
  expect((await machine.twinlog(['erase', 'db', alice, '--yes'])).code).toBe(0)
  expect(await store.actors.status(alice)).toBe('removed')
  expect((await machine.twinlog(['erase', 'db', alice, '--yes'])).code).toBe(1)
})

describe('compact', () => {
  const report = { segments: 7, rewritten: 3, damaged: 0, bytesBefore: 9000, bytesAfter: 4000, bytesWritten: 1000 }
  /** A store that answers a compaction with this report, and what it was asked. */
  const withReport = (answer: CompactReport): { machine: Machine; asked: (CompactOptions | undefined)[] } => {
    const asked: (CompactOptions | undefined)[] = []
    const compact: Store['compact'] = async options => {
      asked.push(options)
      return answer
    }
    return { machine: new Machine({ compact }), asked }
  }

  it('says what it gave back, for people and as JSON', async () => {
    const { machine: other, asked } = withReport(report)
    await other.store()
    const { code, out } = await other.twinlog(['compact', 'db'])
    expect([code, out]).toEqual([0, expect.stringContaining('9,000')])
    const asJson = await other.twinlog(['compact', 'db', '--json', '--dry-run', '--dead-share', '0'])
    expect(jsonLines(asJson.out)).toEqual([report])
    expect(asked).toMatchObject([{ dryRun: false }, { dryRun: true, deadShareMin: 0 }])
  })

  it('ends with 1 when segments were left because they are damaged', async () => {
    const { machine: other } = withReport({ ...report, damaged: 2 })
    await other.store()
    expect(await other.twinlog(['compact', 'db'])).toMatchObject({ code: 1, out: expect.stringContaining('damaged') })
  })

  it('never makes a store, and wants a part of one', async () => {
    expect((await machine.twinlog(['compact', 'elsewhere'])).code).toBe(3)
    for (const part of ['2', '-1', 'x', '']) {
      expect((await machine.twinlog(['compact', 'db', '--dead-share', part])).code).toBe(2)
    }
    expect((await machine.twinlog(['compact', 'db'])).code).toBe(0)
  })
})
