/** What is at hand is read without waiting for anything, and the event loop goes on all the same. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { alice, append, inbox, key } from '../../src/log-store/conformance/suite.ts'
import { reopened, usual, withDirectory, withStore } from './embedded-store.ts'

const log = inbox(alice)
const body = { codec: 'bytes', bytes: Buffer.from('x') } as const
const RECORDS = 100_000

/** How often the event loop turned meanwhile, however slow this machine makes a read now and then. */
async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
  vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(true)
  onTestFinished(() => void vi.restoreAllMocks())
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns += 1
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await run()
  isOver = true
  return turns
}

it('who reads a long log slice by slice does not hold up timers, sockets and appends until its end', async () => {
  // Each slice came at once, and so within the same turn: no timer fired and nothing was appended before the last one.
  await withStore(usual, async store => {
    await store.addActor(alice)
    const appends = Array.from({ length: RECORDS / 10 }, () => ({ log, payload: 0, receivedAt: 1 }))
    for (let i = 0; i < 10; i += 1) await store.append({ payloads: [body], appends })
    await store.flushIndex()
    const readAll = async (): Promise<void> => {
      for (let from = 1; from <= RECORDS;) {
        const slice = await store.read(log, { from, to: RECORDS, limit: 1000 })
        from += slice!.records.length
      }
    }
    expect(await turnsDuring(readAll)).toBeGreaterThan(1)
  })
})

it('nor who asks for the bounds of many logs', async () => {
  const names = Array.from({ length: 5000 }, (_, i) => inbox(`https://example.social/users/${i}`))
  await withDirectory(async path => {
    const fill = names.map(name => name.actor)
    await reopened(path, async store => Promise.all(fill.map(id => store.addActor(id))), usual)
    await reopened(
      path,
      async store => {
        const ask = async (): Promise<void> => {
          for (const name of names) expect(await store.bounds(name)).toMatchObject({ tip: 0 })
        }
        expect(await turnsDuring(ask)).toBeGreaterThan(1)
        expect(await append(store, names[0]!, 'x', { key: key('k') })).toEqual({ status: 'appended', seq: 1 })
      },
      usual,
    )
  })
})
