/** Look-ups in the index while what they look for is changed, indexed and forgotten: nobody sees the past. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import { QuickReads } from '../../src/key-index/quick-reads.ts'
import { alice, append, inbox, key } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogName } from '../../src/log-store/types.ts'
import { codeOf, reopened, withDirectory, withStore } from './embedded-store.ts'

const log = inbox(alice)

/** Until the test ends, or what it returns is called. */
function listenTo(name: string, listener: (message: unknown) => void): () => void {
  const stop = (): void => void unsubscribe(name, listener)
  subscribe(name, listener)
  onTestFinished(stop)
  return stop
}

describe('an eviction between a look-up and its use', () => {
  it('is not taken for absence: an active actor has its log, a used key its sequence', async () => {
    // What a listener of twinlog:commit asks for is looked at just before the memory is trimmed. The actor was forgotten
    // in between, and the answer was that there is none: NO_ACTOR for an active actor, no sequence for a used key.
    await withStore({ hot: 16 }, async store => {
      const names = Array.from({ length: 40 }, (_, i) => `actor ${i}`)
      for (const name of names) await store.addActor(name)
      for (const name of names) await append(store, inbox(name), 'x', { key: key('k') })
      await store.append({
        payloads: [],
        appends: [],
        items: names.map(name => ({ key: name, value: Buffer.from('v') })),
      })
      await store.flushIndex()
      const answers: Promise<unknown>[] = []
      const stop = listenTo('twinlog:commit', () => {
        for (const name of names) {
          answers.push(store.bounds(inbox(name)).then(bounds => bounds?.tip))
          answers.push(store.find(inbox(name), key('k')))
          answers.push(store.item(name).then(item => item?.version))
        }
      })
      for (let round = 0; round < 5; round += 1) await store.addActor(`more ${round}`)
      stop()
      expect(new Set(await Promise.all(answers))).toEqual(new Set([1]))
    })
  })
})

interface Held {
  /** Resolves when the answer is known and held back. */
  readonly isHeld: Promise<void>
  letGo(): void
}

/** Holds back the next answer of one of the index's methods. */
function holdNext(method: 'dedupes' | 'actors' | 'item'): Held {
  const [isHeld, tell] = signal()
  const [isFree, letGo] = signal()
  const original = KeyIndex.prototype[method] as (this: KeyIndex, ...args: unknown[]) => Promise<unknown>
  const spy = vi.spyOn(KeyIndex.prototype, method) as unknown as { mockImplementationOnce(run: typeof original): void }
  spy.mockImplementationOnce(async function (...args) {
    const answer = await original.apply(this, args)
    tell()
    await isFree
    return answer
  })
  onTestFinished(() => void vi.restoreAllMocks())
  return { isHeld, letGo }
}

function signal(): [Promise<void>, () => void] {
  let tell = (): void => undefined
  const told = new Promise<void>(resolve => {
    tell = resolve
  })
  return [told, () => tell()]
}

/** Pushes everything out of memory that is not held there. */
async function churn(store: EmbeddedLogStore): Promise<void> {
  await store.flushIndex()
  for (let i = 0; i < 40; i += 1) {
    await store.addActor(`churn ${i}`)
    await append(store, inbox(`churn ${i}`), 'x', { key: key(`churn ${i}`) })
    await store.append({ payloads: [], appends: [], items: [{ key: `churn ${i}`, value: Buffer.from('x') }] })
  }
  await store.flushIndex()
  await append(store, inbox('churn 0'), 'y')
}

describe('an answer of the index that is older than what was written meanwhile', () => {
  it('does not bring back the absence of a key: it still dedupes', async () => {
    await withStore({ hot: 16 }, async store => {
      await store.addActor(alice)
      const held = holdNext('dedupes')
      const found = store.find(log, key('k'))
      await held.isHeld
      await append(store, log, 'once', { key: key('k') })
      await churn(store)
      held.letGo()
      expect(await found).toBe(1)
      expect(await append(store, log, 'once', { key: key('k') })).toEqual({ status: 'duplicate', seq: 1 })
    })
  })

  it('does not bring back the absence of an actor, or the old version of an item', async () => {
    await withStore({ hot: 16 }, async store => {
      const put = (value: string): Promise<unknown> =>
        store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from(value) }] })
      await put('one')
      await churn(store)
      const held = [holdNext('actors'), holdNext('item')]
      const answers = [store.actorStatus(alice), store.item('i')] as const
      for (const each of held) await each.isHeld
      await store.addActor(alice)
      await put('two')
      await churn(store)
      for (const each of held) each.letGo()
      expect(await answers[0]).toBe('active')
      expect(await answers[1]).toMatchObject({ version: 2 })
      expect(await store.addActor(alice)).toEqual({ added: false })
      expect(await store.item('i')).toMatchObject({ version: 2 })
    })
  })
})

describe('a key that is in the index alone', () => {
  /** Alice's log has `k` with `once`; neither is in memory. */
  const withForgotten = (run: (store: EmbeddedLogStore) => Promise<void>): Promise<void> =>
    withStore({ hot: 16 }, async store => {
      await store.addActor(alice)
      await append(store, log, 'once', { key: key('k') })
      await churn(store)
      await store.bounds(log)
      await run(store)
    })

  it('is found at once while reads come back at once: the append never waits, and forgets nothing', async () => {
    await withForgotten(async store => {
      const dedupes = vi.spyOn(KeyIndex.prototype, 'dedupes')
      onTestFinished(() => dedupes.mockRestore())
      const answers = [
        append(store, log, 'once', { key: key('k') }),
        codeOf(append(store, log, 'other', { key: key('k') })),
        append(store, log, 'other', { key: key('k'), ifExists: 'keep' }),
        append(store, log, 'two', { key: key('new') }),
        append(store, log, 'two', { key: key('new') }),
      ]
      expect(store.stats().waiting).toBe(0)
      expect(await Promise.all(answers)).toEqual([
        { status: 'duplicate', seq: 1 },
        'KEY_CONFLICT',
        { status: 'duplicate', seq: 1 },
        { status: 'appended', seq: 2 },
        { status: 'duplicate', seq: 2 },
      ])
      expect(dedupes).not.toHaveBeenCalled()
    })
  })

  it('is found by waiting from the first slow read on, in order, with what was found before it', async () => {
    for (let quick = 0; quick <= 4; quick += 1) {
      await withForgotten(async store => {
        let left = quick
        const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockImplementation(() => (left -= 1) >= 0)
        onTestFinished(() => pace.mockRestore())
        const payloads = [{ codec: 'bytes' as const, bytes: Buffer.from('once') }]
        const appends = ['new', 'k', 'new', 'newer'].map(name => ({ log, payload: 0, receivedAt: 1, key: key(name) }))
        const flush = store.append({ payloads, appends })
        const behind = append(store, log, 'once', { key: key('newer') })
        expect(store.stats().waiting).toBe(quick === 4 ? 0 : 2)
        const statuses = [...(await flush), await behind]
        expect(statuses).toEqual([
          { status: 'appended', seq: 2 },
          { status: 'duplicate', seq: 1 },
          { status: 'duplicate', seq: 2 },
          { status: 'appended', seq: 3 },
          { status: 'duplicate', seq: 3 },
        ])
        pace.mockRestore()
      })
    }
  })

  it('is found by waiting where asking at once fails', async () => {
    await withForgotten(async store => {
      const now = vi.spyOn(QuickReads.prototype, 'dedupe').mockImplementation(() => {
        throw new Error('LevelDB could not')
      })
      onTestFinished(() => now.mockRestore())
      expect(await append(store, log, 'once', { key: key('k') })).toEqual({ status: 'duplicate', seq: 1 })
      expect(await append(store, log, 'two', { key: key('new') })).toEqual({ status: 'appended', seq: 2 })
    })
  })
})

/** Runs `use` with a store that has these logs, a record in each, and none of them in memory; little stays there. */
async function withColdLogs(names: readonly LogName[], use: (store: EmbeddedLogStore) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    await reopened(path, async store => {
      for (const name of names) {
        await store.addActor(name.actor)
        await append(store, name, 'first')
      }
    })
    await reopened(path, use, { hot: 16 })
  })
}

describe('the logs of an append', () => {
  const names = Array.from({ length: 40 }, (_, i) => inbox(`https://example.social/users/${i}`))
  const flushTo = (logs: readonly LogName[]) => ({
    payloads: [{ codec: 'bytes' as const, bytes: Buffer.from('x') }],
    appends: logs.map(each => ({ log: each, payload: 0, receivedAt: 1 })),
  })

  for (const [count, isQuick, waiting] of [
    [1, true, 0],
    [16, true, 0],
    [17, true, 1],
    [1, false, 1],
  ] as const) {
    it(`${count} of them that memory lacks, while reads are ${isQuick ? 'quick' : 'slow'}: ${waiting} waits`, async () => {
      await withColdLogs(names, async store => {
        const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(isQuick)
        onTestFinished(() => pace.mockRestore())
        const done = store.append(flushTo(names.slice(0, count)))
        const behind = store.append(flushTo([names[0]!, inbox('https://nobody.example')]))
        expect(store.stats().waiting).toBe(waiting === 0 ? 0 : 2)
        const seqs = (await done).map(outcome => outcome.status === 'appended' && outcome.seq)
        expect(seqs).toEqual(names.slice(0, count).map(() => 2))
        expect(await codeOf(behind)).toBe('NO_ACTOR')
        expect(await append(store, names[0]!, 'third')).toEqual({ status: 'appended', seq: 3 })
      })
    })
  }
})

describe('what readers look up', () => {
  const names = Array.from({ length: 60 }, (_, i) => inbox(`https://example.social/users/${i}`))

  for (const isQuick of [true, false]) {
    it(`is kept, and the oldest forgotten, however many logs they ask for (${isQuick ? 'at once' : 'by waiting'})`, async () => {
      // What was looked up was forgotten when something was appended, and never in a store that is only read.
      await withColdLogs(names, async store => {
        const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(isQuick)
        onTestFinished(() => pace.mockRestore())
        for (const name of names) expect(await store.bounds(name)).toMatchObject({ tip: 1 })
        const asked = [vi.spyOn(QuickReads.prototype, 'head'), vi.spyOn(KeyIndex.prototype, 'heads')]
        onTestFinished(() => void vi.restoreAllMocks())
        const asks = async (name: LogName): Promise<boolean> => {
          for (const spy of asked) spy.mockClear()
          await store.bounds(name)
          return asked.some(spy => spy.mock.calls.length > 0)
        }
        expect(await asks(names.at(-1)!)).toBe(false)
        expect(await asks(names.at(-10)!)).toBe(false)
        expect(await asks(names[0]!)).toBe(true)
        expect(await asks(names[20]!)).toBe(true)
      })
    })
  }

  for (const isQuick of [true, false]) {
    it(`is forgotten also when it is that there is no such actor (${isQuick ? 'at once' : 'by waiting'})`, async () => {
      // Whoever asked for names that nobody has, as anybody on the network can, filled the memory of a store in which
      // nothing was written meanwhile.
      await withStore({ hot: 16 }, async store => {
        const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(isQuick)
        onTestFinished(() => pace.mockRestore())
        for (const name of names) expect(await store.bounds(name)).toBe(null)
        const asked = isQuick ? vi.spyOn(QuickReads.prototype, 'actor') : vi.spyOn(KeyIndex.prototype, 'actors')
        onTestFinished(() => void vi.restoreAllMocks())
        await store.bounds(names.at(-1)!)
        expect(asked).not.toHaveBeenCalled()
        await store.bounds(names[0]!)
        expect(asked).toHaveBeenCalledOnce()
      })
    })
  }

  it('does not drive out what an append is having looked up: it is taken however many read', async () => {
    // A flush to more logs than are kept in memory was looked up, forgotten when the next reader made room, and looked up
    // again: it waited for as long as anybody read.
    await withColdLogs(names, async store => {
      const actors = vi.spyOn(KeyIndex.prototype, 'actors')
      const readOthers = (): void => {
        // At once, so that readers ask the index for nothing by these methods.
        if (actors.mock.calls.length < 20) for (const name of names.slice(30)) void store.bounds(name)
      }
      for (const method of ['heads', 'dedupes'] as const) {
        const ask = KeyIndex.prototype[method] as (this: KeyIndex, ...args: unknown[]) => Promise<unknown>
        const spy = vi.spyOn(KeyIndex.prototype, method) as unknown as { mockImplementation(run: typeof ask): void }
        spy.mockImplementation(async function (...args) {
          const found = await ask.apply(this, args)
          readOthers()
          return found
        })
      }
      onTestFinished(() => void vi.restoreAllMocks())
      const appends = names.slice(0, 30).map(name => ({ log: name, payload: 0, receivedAt: 1, key: key('k') }))
      await store.append({ payloads: [{ codec: 'bytes', bytes: Buffer.from('x') }], appends })
      expect(actors).toHaveBeenCalledOnce()
    })
  })
})

describe('what appends look up that leave nothing behind', () => {
  const count = 60

  it('is forgotten: keys that are there already', async () => {
    // Memory was trimmed when a frame was written. Activities that are all delivered a second time write none.
    await withStore({ hot: 16 }, async store => {
      await store.addActor(alice)
      for (let i = 0; i < count; i += 1) await append(store, log, 'x', { key: key(`k${i}`) })
      await store.flushIndex()
      const asked = vi.spyOn(QuickReads.prototype, 'dedupe')
      onTestFinished(() => void vi.restoreAllMocks())
      for (let i = 0; i < count; i += 1) await append(store, log, 'x', { key: key(`k${i}`) })
      asked.mockClear()
      expect(await append(store, log, 'x', { key: key(`k${count - 1}`) })).toMatchObject({ status: 'duplicate' })
      expect(asked).not.toHaveBeenCalled()
      expect(await append(store, log, 'x', { key: key('k20') })).toEqual({ status: 'duplicate', seq: 21 })
      expect(asked).toHaveBeenCalledOnce()
    })
  })

  it('is forgotten: actors that are not there', async () => {
    await withStore({ hot: 16 }, async store => {
      const asked = vi.spyOn(QuickReads.prototype, 'actor')
      onTestFinished(() => void vi.restoreAllMocks())
      const deliver = (i: number): Promise<string | null> => codeOf(append(store, inbox(`nobody ${i}`), 'x'))
      for (let i = 0; i < count; i += 1) expect(await deliver(i)).toBe('NO_ACTOR')
      asked.mockClear()
      expect(await deliver(count - 1)).toBe('NO_ACTOR')
      expect(asked).not.toHaveBeenCalled()
      expect(await deliver(0)).toBe('NO_ACTOR')
      expect(asked).toHaveBeenCalledOnce()
    })
  })
})
