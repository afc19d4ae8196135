/** Workers: order for each target, nobody held up by another, retries, dead letters, stopping and starting. */
import { describe, expect, it, vi } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { DeadLetter, Store, Worker, WorkerAnswer, WorkerOptions } from '../../src/consumers/types.ts'
import type { Flush } from '../../src/log-store/types.ts'
import { override } from '../actors/fixtures.ts'
import { FakeTime, settle, until } from './fake-time.ts'
import { alice, bob, collect, drivers, withMemory } from './stores.ts'

interface Note {
  readonly n: number
  readonly to: readonly string[]
}

async function fill(store: Store, notes: readonly (readonly string[])[]): Promise<void> {
  for (const actor of [alice, bob]) await store.actors.add(actor)
  const logs = [store.outbox(alice), store.outbox(bob)]
  for (const [i, to] of notes.entries()) await logs[i % 2]!.append({ n: i + 1, to })
}

const byNote = (time: FakeTime): WorkerOptions<Note> => ({
  box: 'outbox',
  targets: ({ value }) => value.to,
  clock: time.clock,
  timer: time.timer,
  backoff: attempts => 1000 * attempts,
})

describe.each(drivers)('over the %s driver', (_, withStore) => {
  it('takes each record to each of its targets once, in order for each, and goes on where it stopped', () =>
    withStore(async opened => {
      const time = new FakeTime()
      await fill(opened.store, [['x', 'y'], ['x'], [], ['y', 'x', 'y']])
      const done: string[] = []
      const handler = ({ value }: { value: Note }, target: string): WorkerAnswer => {
        done.push(`${target}${value.n}`)
        return 'done'
      }
      await opened.store.worker<Note>('w', byNote(time)).run(handler, { live: false })
      expect(done.filter(each => each.startsWith('x'))).toEqual(['x1', 'x2', 'x4'])
      expect(done.filter(each => each.startsWith('y'))).toEqual(['y1', 'y4'])
      const store = await opened.reopen()
      await store.outbox(alice).append({ n: 5, to: ['x'] })
      const worker = store.worker<Note>('w', byNote(time))
      expect(store.worker('w')).toBe(worker)
      await worker.run(handler, { live: false })
      expect(done.slice(5)).toEqual(['x5'])
      expect(await worker.stats()).toMatchObject({
        depth: 0,
        dead: 0,
        done: 1,
        lag: 0,
        kind: 'worker',
        state: 'stopped',
      })
    }))

  it('a dead host holds up neither another target nor the actor, and what waits for it survives a restart', () =>
    withStore(async opened => {
      const time = new FakeTime()
      const count = 150
      await fill(
        opened.store,
        Array.from({ length: count }, () => ['dead', 'alive']),
      )
      const options = { ...byNote(time), attemptsMax: 1000, ahead: 20 }
      const alive: number[] = []
      let isDead = true
      const revived: number[] = []
      const handler = ({ value }: { value: Note }, target: string): WorkerAnswer => {
        if (target === 'alive') alive.push(value.n)
        else if (isDead) throw new Error('ECONNREFUSED')
        else revived.push(value.n)
        return 'done'
      }
      await opened.store.worker<Note>('w', options).run(handler, { live: false, concurrency: 4 })
      const numbers = Array.from({ length: count }, (__, i) => i + 1)
      expect(alive).toEqual(numbers)
      expect(await opened.store.worker('w').stats()).toMatchObject({
        depth: count,
        done: count,
        retried: 1,
        blocked: 0,
        lag: 0,
      })
      isDead = false
      const store = await opened.reopen()
      const worker = store.worker<Note>('w', options)
      const stop = new AbortController()
      const run = worker.run(handler, { signal: stop.signal, concurrency: 4 })
      await until(async () => {
        const { blocked, depth } = await worker.stats()
        return blocked === 1 && depth === count
      })
      expect(revived).toEqual([])
      expect(await worker.stats()).toMatchObject({ depth: count, blocked: 1, state: 'running' })
      // More comes for it while most of its queue is not in memory.
      for (let n = count + 1; n <= count + 5; n += 1) await store.outbox(alice).append({ n, to: ['dead'] })
      await settle()
      time.next()
      await until(() => revived.length === count + 5)
      stop.abort()
      await run
      expect(revived).toEqual(Array.from({ length: count + 5 }, (__, i) => i + 1))
      expect(alive).toEqual(numbers)
      expect(await worker.stats()).toMatchObject({ depth: 0, dead: 0 })
    }))

  it('tries again with backoff, gives up, and the dead can be listed, tried again and dropped', () =>
    withStore(async opened => {
      const time = new FakeTime()
      await fill(opened.store, [['x'], ['x'], ['z']])
      const attempts: string[] = []
      let isBroken = true
      const handler = ({ value }: { value: Note }, target: string, { attempt }: { attempt: number }): WorkerAnswer => {
        attempts.push(`${target}${value.n} ${attempt} at ${time.now - 1_000_000}`)
        if (value.n === 2) return 'drop'
        if (isBroken) throw new Error('broken')
        return 'done'
      }
      const worker = opened.store.worker<Note>('w', { ...byNote(time), attemptsMax: 3 })
      const stop = new AbortController()
      const run = worker.run(handler, { signal: stop.signal })
      await until(async () => {
        // Each of the two waits for its next attempt, or is given up.
        const { dead, blocked, running } = await worker.stats()
        if (running === 0 && blocked === 2 - dead) time.next()
        return dead === 2
      })
      await until(() => attempts.length === 7)
      expect(attempts.filter(each => each.startsWith('x'))).toEqual([
        'x1 1 at 0',
        'x1 2 at 1000',
        'x1 3 at 3000',
        'x2 1 at 3000',
      ])
      const dead: DeadLetter[] = await collect(worker.deadLetters())
      expect(dead.map(({ target, seq, attempts: failed, error }) => [target, seq, failed, error])).toEqual([
        ['x', 1, 3, 'Error: broken'],
        ['z', 2, 3, 'Error: broken'],
      ])
      isBroken = false
      expect([await worker.retry(dead[0]!.id), await worker.retry(dead[0]!.id), await worker.retry('other')]).toEqual([
        true,
        false,
        false,
      ])
      await until(() => attempts.at(-1)!.startsWith('x1 1 at'))
      stop.abort()
      await run
      expect(await worker.stats()).toMatchObject({ dead: 1, depth: 0, done: 1, dropped: 1, retried: 4 })
      const next = (await opened.reopen()).worker<Note>('w', byNote(time))
      expect([await next.drop(dead[1]!.id), await next.drop(dead[1]!.id)]).toEqual([true, false])
      expect(await collect(next.deadLetters())).toEqual([])
      await next.run(handler, { live: false })
      expect(attempts.filter(each => each.startsWith('x2'))).toHaveLength(1)
    }))

  it('an answer may say when to try again; a handler that never returns costs its target an attempt, and no other', () =>
    withStore(async ({ store }) => {
      const time = new FakeTime()
      await fill(store, [
        ['never', 'later'],
        ['never', 'fine'],
      ])
      const seen: string[] = []
      const aborted: string[] = []
      const worker = store.worker<Note>('w', { ...byNote(time), attemptMs: 500, attemptsMax: 2 })
      const stop = new AbortController()
      const run = worker.run(
        ({ value }, target, { attempt, signal }) => {
          seen.push(`${target}${value.n} ${attempt} at ${time.now - 1_000_000}`)
          if (target === 'later' && attempt === 1) return { retryAfterMs: 42 }
          if (target !== 'never') return 'done'
          signal.addEventListener('abort', () => aborted.push(`${target}${value.n}`))
          return new Promise<'done'>(() => {})
        },
        { signal: stop.signal, concurrency: 2 },
      )
      await until(() => seen.includes('fine2 1 at 0'))
      await settle()
      time.next()
      await until(() => seen.includes('later1 2 at 42'))
      await until(async () => {
        await settle()
        time.next()
        return (await worker.stats()).dead === 2
      })
      stop.abort()
      await run
      expect(seen.filter(each => each.startsWith('later'))).toEqual(['later1 1 at 0', 'later1 2 at 42'])
      expect(aborted).toEqual(['never1', 'never1', 'never2', 'never2'])
      const dead = await collect(worker.deadLetters())
      expect(dead.map(({ error }) => error)).toEqual(['no answer within 500 ms', 'no answer within 500 ms'])
    }))

  it('a stop waits for what is under way, and what was done is not done again', () =>
    withStore(async opened => {
      const time = new FakeTime()
      await fill(opened.store, [['a'], ['b'], ['c'], ['d']])
      const finish = new Map<string, () => void>()
      const stop = new AbortController()
      const run = opened.store.worker<Note>('w', byNote(time)).run(
        (__, target) =>
          new Promise(resolve => {
            finish.set(target, () => resolve('done'))
          }),
        { signal: stop.signal, concurrency: 3 },
      )
      await until(() => finish.size === 3)
      finish.get('b')!()
      await settle()
      stop.abort()
      finish.get('c')!()
      await settle()
      const ended = vi.fn()
      void run.then(ended)
      await settle()
      expect(ended).not.toHaveBeenCalled()
      // a never answers, and is not waited for beyond `stopMs`.
      while (ended.mock.calls.length === 0) {
        time.next()
        await settle()
      }
      await run
      finish.get('a')!()
      await settle()
      const again: string[] = []
      const store = await opened.reopen()
      await store.worker<Note>('w', byNote(time)).run((__, target) => (again.push(target), 'done'), { live: false })
      expect(again.toSorted((x, y) => (x < y ? -1 : 1))).toEqual(['a', 'd'])
    }))

  it('a record that is no longer there is passed over, and trim can leave what waits', () =>
    withStore(async ({ store }) => {
      const time = new FakeTime()
      await fill(store, [['x'], ['x'], ['x'], ['x']])
      const worker = store.worker<Note>('w', { ...byNote(time), attemptsMax: 9 })
      await worker.run(() => ({ retryAfterMs: 10 }), { live: false })
      expect(await store.outbox(alice).trim({ before: 3, respectCursors: true })).toMatchObject({ first: 1 })
      await store.outbox(alice).trim({ before: 2 })
      await store.actors.remove(bob)
      time.now += 1000
      const seen: unknown[] = []
      await worker.run(({ value }) => (seen.push(value.n), 'done'), { live: false })
      expect(seen).toEqual([3])
      expect(await worker.stats()).toMatchObject({ gone: 1, depth: 0 })
    }))

  it('one run at a time; what targets throws ends it, and the record is read again; remove forgets all', () =>
    withStore(async ({ store }) => {
      const time = new FakeTime()
      await fill(store, [['x'], ['y']])
      let isBroken = true
      const options = byNote(time)
      const targets = ({ value }: { value: Note }): readonly string[] => {
        if (isBroken && value.n === 2) throw new Error('no followers table')
        return value.to
      }
      const worker = store.worker<Note>('w', { ...options, targets })
      const seen: unknown[] = []
      const handler = ({ value }: { value: Note }): WorkerAnswer => (seen.push(value.n), 'done')
      await expect(worker.run(handler)).rejects.toThrow('no followers table')
      expect((await worker.status()).error).toContain('no followers table')
      isBroken = false
      const stop = new AbortController()
      const run = worker.run(handler, { signal: stop.signal })
      await expect(worker.run(handler)).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
      await until(() => seen.includes(2))
      await expect(worker.seek('start')).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
      stop.abort()
      await run
      expect(await worker.status()).toMatchObject({ error: null, lag: 0 })
      await worker.run(() => ({ retryAfterMs: 1 }), { live: false })
      await worker.seek('start')
      expect((await worker.status()).lag).toBe(2)
      await worker.run(() => ({ retryAfterMs: 1 }), { live: false })
      expect((await worker.stats()).depth).toBe(2)
      await worker.remove()
      expect(await worker.stats()).toMatchObject({ depth: 0, lag: 2 })
    }))

  it('a store that closes ends the run with CLOSED', () =>
    withStore(async ({ store }) => {
      await fill(store, [['x']])
      let seen = 0
      const run = expect(store.worker<Note>('w').run(() => ((seen += 1), 'done'))).rejects.toMatchObject({
        code: 'CLOSED',
      })
      await until(() => seen === 1)
      await store.close()
      await run
    }))
})

describe('what is written', () => {
  async function flushesOf(
    notes: readonly string[][],
    options: Partial<WorkerOptions<Note>>,
    answer: (n: number) => Promise<WorkerAnswer>,
  ): Promise<Flush[]> {
    const flushes: Flush[] = []
    await withMemory(async ({ logStore }) => {
      const watched = override(logStore, {
        append: flush => {
          if (flush.appends.length === 0) flushes.push(flush)
          return logStore.append(flush)
        },
      })
      const store = createStore(watched)
      await fill(store, notes)
      const worker: Worker<Note> = store.worker('w', { ...byNote(new FakeTime()), ...options })
      await worker.run(({ value }) => answer(value.n), { live: false })
    })
    return flushes
  }

  it('deliveries that go well cost the place, once for many, and no item', async () => {
    const notes = Array.from({ length: 500 }, (_, i) => [`t${i % 50}`])
    const flushes = await flushesOf(notes, {}, async () => 'done')
    const items = flushes.flatMap(flush => flush.items ?? [])
    expect(items.every(({ key }) => key === 'consumer/w')).toBe(true)
    expect(flushes.length).toBeLessThan(200)
  })

  it('one that waits costs one item, and one more when it goes, however many others are done meanwhile', async () => {
    const notes = Array.from({ length: 500 }, (_, i) => [i === 0 ? 'slow' : `t${i % 50}`])
    let isFirst = true
    const flushes = await flushesOf(notes, {}, async n => {
      if (n !== 1 || !isFirst) return 'done'
      isFirst = false
      return { retryAfterMs: 1 }
    })
    const items = flushes.flatMap(flush => flush.items ?? []).filter(({ key }) => key.startsWith('pending/'))
    expect(items).toHaveLength(1)
  })
})

it('wrong options are refused', () =>
  withMemory(async ({ store }) => {
    for (const options of [
      { box: 'other' },
      { targets: 1 },
      { backoff: 1 },
      { timer: 1 },
      { clock: 1 },
      { box: 'inbox', boxes: [] },
    ])
      expect(() => store.worker('w', options as never)).toThrow(TypeError)
    for (const options of [{ attemptsMax: 0 }, { attemptMs: 0 }, { ahead: 0 }, { stopMs: -1 }])
      expect(() => store.worker('w', options)).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }))
    await fill(store, [['x']])
    const worker = store.worker('w', { targets: () => [7] as never })
    await expect(worker.run(() => 'done')).rejects.toBeInstanceOf(TypeError)
    await expect(worker.run(undefined as never)).rejects.toBeInstanceOf(TypeError)
    await expect(worker.retry(7 as never)).rejects.toBeInstanceOf(TypeError)
    await expect(store.cursor('w').status()).rejects.toBeInstanceOf(TypeError)
  }))
