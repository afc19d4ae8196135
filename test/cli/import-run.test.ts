/** What becomes of an import as a whole: where it goes, how it ends, and how much it does at a time. */
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { TwinlogError, type Store } from '../../src/index.ts'
import { jsonLines, Machine } from './twinlog.ts'

const archive = fileURLToPath(new URL('../../examples/sample-archive/outbox.json', import.meta.url))
const alice = 'https://example.com/users/alice'

let machine: Machine
let store: Store

beforeEach(async () => {
  machine = new Machine()
  store = await machine.store()
})

const activity = (id: string): string => JSON.stringify({ id, type: 'Create', actor: alice })

describe('an import', () => {
  it('makes the store when there is none', async () => {
    expect((await machine.twinlog(['import', 'new', archive])).code).toBe(0)
    expect(machine.opened).toEqual([expect.objectContaining({ createIfMissing: true })])
    expect(machine.opened[0]?.readOnly ?? false).toBe(false)
  })

  it('ends with 3 when the store cannot be opened', async () => {
    const open = (path: string): Promise<Store> => Promise.reject(new TwinlogError('LOCKED', 'locked', { path }))
    const outcome = await machine.twinlog(['import', 'db', archive], { open })
    expect(outcome.code).toBe(3)
    expect(outcome.err).toContain('LOCKED')
  })

  it('stops when the store takes no more, and says what went in', async () => {
    const text = Array.from({ length: 5000 }, (_, index) => activity(`${index}`)).join('\n')
    const open = async (path: string): Promise<Store> => full(await machine.open(path, {}), 100)
    const outcome = await machine.twinlog(['import', 'db', '-'], { stdin: text, open })
    expect(outcome.out).toBe('-: 100 added, 0 already there, 0 refused\n')
    expect(outcome.err).toContain('LOW_SPACE')
    expect(outcome.code).toBe(1)
  })

  it('that is interrupted keeps what went in, and says how far it came', async () => {
    const interrupt = new AbortController()
    async function* endless(): AsyncGenerator<Buffer> {
      for (let index = 0; ; index++) {
        yield Buffer.from(`${activity(`${index}`)}\n`)
        if (index === 2000) interrupt.abort()
        if (index >= 2000) await new Promise(() => {})
      }
    }
    const outcome = await machine.twinlog(['import', 'db', '-', '--json'], {
      stdin: Readable.from(endless()),
      signal: interrupt.signal,
    })
    expect(outcome.code).toBe(1)
    const tip = await store.outbox(alice).tip()
    expect(tip).toBeGreaterThan(0)
    const counts = { items: tip, added: tip, duplicates: 0, refused: 0 }
    expect(jsonLines(outcome.out)).toEqual([
      { event: 'file', file: '-', ...counts },
      { event: 'total', ...counts, interrupted: true },
    ])
  })

  it('has a bounded number of items under way', async () => {
    let underWay = 0
    let most = 0
    const open = async (path: string): Promise<Store> => {
      const opened = await machine.open(path, {})
      const outbox = (actor: string): ReturnType<Store['outbox']> => {
        const log = opened.outbox(actor)
        const appendJson: typeof log.appendJson = async (json, options) => {
          most = Math.max(most, ++underWay)
          await new Promise(resolve => setImmediate(resolve))
          underWay--
          return log.appendJson(json, options)
        }
        return { ...log, actor, box: 'outbox', appendJson }
      }
      return { ...opened, outbox }
    }
    const text = Array.from({ length: 20_000 }, (_, index) => activity(`${index}`)).join('\n')
    expect((await machine.twinlog(['import', 'db', '-'], { stdin: text, open })).code).toBe(0)
    expect(most).toBeGreaterThan(100)
    expect(most).toBeLessThan(1100)
  })
})

/** A store whose disk takes so many records. */
function full(whole: Store, recordsMax: number): Store {
  let records = 0
  return {
    ...whole,
    outbox(actor) {
      const log = whole.outbox(actor)
      const appendJson: typeof log.appendJson = (json, options) =>
        ++records > recordsMax
          ? Promise.reject(new TwinlogError('LOW_SPACE', 'the disk is full', { path: 'db' }))
          : log.appendJson(json, options)
      return { ...log, actor, box: 'outbox', appendJson }
    },
  }
}
