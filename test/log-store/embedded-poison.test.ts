/** The first failed write or sync is the last: nothing is retried, nobody is told a lie, and reopening heals. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { flushOf, inbox, key } from '../../src/log-store/conformance/suite.ts'
import { failingAt, FaultDisk, type Fault } from '../commit-log/fault-disk.ts'
import { actor, append, assertKept, logs, retry, work, type Attempt } from './embedded-faults.ts'
import { codeOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

const WAVES = 3
const faults: Fault[] = [
  { code: 'EIO', done: 'nothing' },
  { code: 'EIO', done: 'half' },
  { code: 'EIO', done: 'all' },
  { code: 'ENOSPC', done: 'half' },
]

/** Messages of a diagnostics channel until the test ends. */
function messagesOf(name: string): unknown[] {
  const messages: unknown[] = []
  const listener = (message: unknown): void => void messages.push(message)
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return messages
}

/** The operations that one working life takes: opening, adding an actor, appending. */
async function stepsOf(): Promise<{ first: number; last: number }> {
  return withDirectory(async path => {
    const disk = new FaultDisk(nodeDisk(path))
    const store = await openDriver(path, {}, disk)
    const first = disk.steps.length + 1
    await store.addActor(actor)
    await work(store, WAVES)
    const last = disk.steps.length
    await store.close()
    return { first, last }
  })
}

for (const fault of faults) {
  it(`a failure at any operation poisons the store until it is reopened (${fault.code}, ${fault.done} done)`, async () => {
    const poisoned = messagesOf('twinlog:poison')
    // Else appends wait for look-ups after a slow one, come into fewer frames, and the last operation never comes.
    const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(true)
    onTestFinished(() => pace.mockRestore())
    const { first, last } = await stepsOf()
    expect(last - first).toBeGreaterThan(8)
    for (let step = first; step <= last; step += 1) {
      await withDirectory(async path => {
        poisoned.length = 0
        const disk = new FaultDisk(nodeDisk(path), failingAt(step, fault))
        const store = await openDriver(path, {}, disk)
        const added = await codeOf(store.addActor(actor))
        const attempts = await work(store, WAVES)

        const codes = new Set(attempts.map(({ outcome }) => (typeof outcome === 'string' ? outcome : 'ok')))
        expect([...codes].filter(code => !['ok', 'OUTCOME_UNKNOWN', 'NOT_WRITTEN', 'POISONED'].includes(code))).toEqual(
          [],
        )
        expect(
          attempts.filter(each => each.outcome === 'OUTCOME_UNKNOWN').length + (added === null ? 0 : 1),
        ).toBeGreaterThan(0)
        expect(store.stats().state).toBe('poisoned')
        expect(poisoned).toHaveLength(1)
        expect(disk.steps, 'nothing is written after a failure').toHaveLength(step)

        // What was acknowledged still reads; nothing else shows.
        if (added === null) await assertKept(store, attempts.map(asSeenWhilePoisoned))
        expect(await codeOf(store.trim(inbox(actor), 1))).toBe('POISONED')
        expect(await codeOf(store.addActor('late'))).toBe('POISONED')
        expect(await codeOf(store.flush())).toBe('POISONED')
        await store.close()
        expect(disk.steps, 'closing writes nothing either').toHaveLength(step)

        await reopened(path, async next => {
          await assertKept(next, attempts)
          await retry(next, attempts)
        })
      })
    }
  })
}

/** To readers of the poisoned store an append whose outcome is unknown is not there. */
function asSeenWhilePoisoned(attempt: Attempt): Attempt {
  return typeof attempt.outcome === 'string' ? { ...attempt, outcome: 'NOT_WRITTEN' } : attempt
}

describe('an append that fails', () => {
  it('in flight is OUTCOME_UNKNOWN, waiting behind it NOT_WRITTEN, later POISONED, each with the cause', async () => {
    await withDirectory(async path => {
      let isBroken = false
      let filling: ReturnType<typeof append> | undefined
      const disk = new FaultDisk(nodeDisk(path), ({ operation }) => {
        if (!isBroken || operation !== 'write') return null
        filling = append(store, 'filling', [logs[0]])
        return { code: 'EIO', done: 'nothing' }
      })
      const store = await openDriver(path, {}, disk)
      await store.addActor(actor)
      isBroken = true
      expect(await append(store, 'flying', [logs[0]])).toBe('OUTCOME_UNKNOWN')
      expect(await filling).toBe('NOT_WRITTEN')
      const late = store.append({ payloads: [], appends: [] })
      await expect(late).rejects.toMatchObject({ code: 'POISONED', cause: { code: 'IO_ERROR' } })
      expect(await store.bounds(logs[0])).toMatchObject({ first: 1, tip: 0 })
      await store.close()
    })
  })

  it('is answered even while it was being looked up, and what was acknowledged still reads', async () => {
    await withDirectory(async path => {
      let isBroken = false
      const disk = new FaultDisk(nodeDisk(path), () => (isBroken ? { code: 'EIO', done: 'nothing' } : null))
      const store = await openDriver(path, { hot: 16 }, disk)
      const names = Array.from({ length: 60 }, (_, i) => `actor ${i}`)
      for (const name of names) await store.addActor(name)
      for (const name of names) await store.append(flushOf([{ log: inbox(name), text: 'x', key: key('k') }]))
      await store.flushIndex()
      isBroken = true
      const appended: Promise<string | null>[] = []
      for (const [i, name] of names.entries()) {
        appended.push(codeOf(store.append(flushOf([{ log: inbox(name), text: 'y' }]))))
        if (i % 7 === 0) await turn()
      }
      const codes = await Promise.all(appended)
      expect(new Set(codes)).toEqual(
        new Set(['OUTCOME_UNKNOWN', ...codes.filter(code => code === 'NOT_WRITTEN' || code === 'POISONED')]),
      )
      for (const name of names) expect(await store.find(inbox(name), key('k'))).toBe(1)
      await store.close()
    })
  })

  it('takes back what waits on it: a duplicate of it, a removal, an item', async () => {
    // An answer that refers to a frame in flight rests on that frame.
    await withDirectory(async path => {
      const disk = new FaultDisk(nodeDisk(path), ({ number }) =>
        number === failing ? { code: 'EIO', done: 'all' } : null,
      )
      let failing = 0
      const store = await openDriver(path, {}, disk)
      await store.addActor(actor)
      await store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from('1') }] })
      failing = disk.steps.length + 1
      const first = append(store, 'same', [logs[0]])
      const item = store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from('2') }] })
      const removal = codeOf(store.removeActor('nobody'))
      const duplicate = append(store, 'same', [logs[0]])
      expect(await Promise.all([first, duplicate, codeOf(item), removal])).toEqual(Array(4).fill('OUTCOME_UNKNOWN'))
      expect(await store.item('i')).toMatchObject({ version: 1 })
      expect(await store.find(logs[0], Buffer.alloc(16))).toBeNull()
      await store.close()
      await reopened(path, async next => {
        expect(await append(next, 'same', [logs[0]])).toEqual([1])
        expect(await next.item('i')).toMatchObject({ version: 2 })
      })
    })
  })
})

it("a failed sync with durability 'os' ends the store: nothing that waits is written, and everybody is told", async () => {
  // The log was poisoned, but the frame that filled meanwhile was written and acknowledged all the same.
  await withDirectory(async path => {
    const poisoned = messagesOf('twinlog:poison')
    let isBroken = false
    const disk = new FaultDisk(nodeDisk(path), ({ operation }) =>
      isBroken && operation === 'sync' ? { code: 'EIO', done: 'nothing' } : null,
    )
    const store = await openDriver(path, { durability: 'os' }, disk)
    store.indexer.pause()
    await store.addActor(actor)
    expect(await append(store, 'before', [logs[0]])).toEqual([1])
    isBroken = true
    const stepsBefore = disk.steps.length
    const woken = new Promise<void>(resolve => store.watch(logs[0], resolve))
    const flushed = codeOf(store.flush())
    const filling = append(store, 'filling', [logs[0]])
    expect(await Promise.all([flushed, filling])).toEqual(['IO_ERROR', 'NOT_WRITTEN'])
    await woken
    expect(poisoned).toHaveLength(1)
    expect(await append(store, 'late', [logs[0]])).toBe('POISONED')
    expect(await codeOf(store.flush())).toBe('POISONED')
    expect(await store.bounds(logs[0])).toMatchObject({ tip: 1 })
    await store.close()
    expect(disk.steps.slice(stepsBefore).map(step => step.operation)).toEqual(['sync'])
    await reopened(path, next => assertKept(next, [{ name: 'before', logs: [logs[0]], outcome: [1] }]))
  })
})
