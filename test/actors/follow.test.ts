/** `follow`: up to the tip and then live, without a gap or a repeat, whatever happens meanwhile. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Log, LogRecord, Store } from '../../src/actors/types.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { alice, bob, changingLog, fill, override, range, removeAlice, startOver, storeOver } from './fixtures.ts'

const inboxOf = async (logStore: LogStore = createMemoryLogStore()): Promise<Log> =>
  (await storeOver(logStore)).inbox(alice)

/** A log store that counts the listeners it holds. */
function counted(): { readonly logStore: LogStore; readonly listeners: () => number } {
  const inner = createMemoryLogStore()
  let listeners = 0
  const watch: LogStore['watch'] = (log, listener) => {
    const unwatch = inner.watch(log, listener)
    listeners += 1
    return () => {
      listeners -= 1
      unwatch()
    }
  }
  return { logStore: override(inner, { watch }), listeners: () => listeners }
}

describe('a follower', () => {
  it('gives what is there, then each record as it is appended', async () => {
    const log = await inboxOf()
    await fill(log, 2)
    const records = log.follow()
    expect((await records.next()).value).toMatchObject({ seq: 1, value: 1 })
    expect((await records.next()).value).toMatchObject({ seq: 2 })
    const next = records.next()
    await log.append('live')
    expect((await next).value).toMatchObject({ seq: 3, value: 'live' })
    await records.return?.()
  })

  it('starts above its cursor, at the tip too', async () => {
    const log = await inboxOf()
    await fill(log, 3)
    expect((await log.follow({ after: 1 }).next()).value).toMatchObject({ seq: 2 })
    const next = log.follow({ after: 3 }).next()
    await log.append(4)
    expect((await next).value).toMatchObject({ seq: 4 })
  })

  it('starts at the first record that is there', async () => {
    const log = await inboxOf()
    await fill(log, 5, 4)
    expect((await log.follow().next()).value).toMatchObject({ seq: 4 })
  })

  it('may be one of many', async () => {
    const log = await inboxOf()
    const followers = Array.from({ length: 500 }, () => log.follow())
    const first = followers.map(each => each.next())
    await fill(log, 1)
    for (const each of await Promise.all(first)) expect(each.value).toMatchObject({ seq: 1 })
  })

  it('does not wake for another log', async () => {
    const inner = createMemoryLogStore()
    let reads = 0
    const store = await storeOver(
      override(inner, {
        read: (log, range_) => {
          reads += 1
          return inner.read(log, range_)
        },
      }),
    )
    const next = store.inbox(alice).follow().next()
    await store.inbox(bob).append(1)
    await store.outbox(alice).append(1)
    expect(reads).toBe(1)
    await store.inbox(alice).append(1)
    expect((await next).value).toMatchObject({ seq: 1 })
  })
})

describe('a follower ends', () => {
  it('with the reason of a signal that was aborted before it began, and looks at nothing', async () => {
    const { logStore, listeners } = counted()
    const log = await inboxOf(logStore)
    await fill(log, 1)
    const records = log.follow({ signal: AbortSignal.abort('no') })
    await expect(records.next()).rejects.toBe('no')
    expect(listeners()).toBe(0)
  })

  it('with the reason of a signal that is aborted while it waits', async () => {
    const { logStore, listeners } = counted()
    const log = await inboxOf(logStore)
    const controller = new AbortController()
    const next = log.follow({ signal: controller.signal }).next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
    expect(listeners()).toBe(0)
  })

  it('with the reason of a signal that is aborted between two records', async () => {
    const log = await inboxOf()
    await fill(log, 3)
    const controller = new AbortController()
    const records = log.follow({ signal: controller.signal })
    await records.next()
    controller.abort('enough')
    await expect(records.next()).rejects.toBe('enough')
    expect(await records.next()).toEqual({ done: true, value: undefined })
  })

  it('when its loop is left', async () => {
    const { logStore, listeners } = counted()
    const log = await inboxOf(logStore)
    await fill(log, 3)
    for await (const { seq } of log.follow()) {
      expect(listeners()).toBe(1)
      if (seq === 2) break
    }
    expect(listeners()).toBe(0)
  })

  it('at once when return is called while it waits', async () => {
    const { logStore, listeners } = counted()
    const log = await inboxOf(logStore)
    const records = log.follow()
    const next = records.next()
    const done = { done: true, value: undefined }
    expect(await records.return?.()).toEqual(done)
    expect(await next).toEqual(done)
    expect(listeners()).toBe(0)
  })

  it('before it began when return is called first', async () => {
    const { logStore, listeners } = counted()
    const records = (await inboxOf(logStore)).follow()
    await records.return?.()
    expect(await records.next()).toEqual({ done: true, value: undefined })
    expect(listeners()).toBe(0)
  })

  it('with CLOSED when the store closes', async () => {
    const { logStore, listeners } = counted()
    const store = await storeOver(logStore)
    const next = store.inbox(alice).follow().next()
    await store.close()
    await expect(next).rejects.toMatchObject({ code: 'CLOSED' })
    expect(listeners()).toBe(0)
  })

  it('with NO_ACTOR when there is no such actor, or its actor is removed', async () => {
    const store = await storeOver(createMemoryLogStore())
    const unknown = { code: 'NO_ACTOR', actor: 'nobody', status: 'unknown' }
    await expect(store.inbox('nobody').follow().next()).rejects.toMatchObject(unknown)
    const next = store.inbox(alice).follow().next()
    await store.actors.remove(alice)
    await expect(next).rejects.toMatchObject({ code: 'NO_ACTOR', actor: alice, status: 'removed' })
  })

  it('with NO_ACTOR when its actor is removed and added again, and shows nothing of the new one', async () => {
    for (const change of [removeAlice, startOver]) {
      const log = await changingLog(change)
      const records = log.follow()
      for (const seq of [1, 2]) expect((await records.next()).value).toMatchObject({ seq })
      await expect(records.next()).rejects.toMatchObject({ code: 'NO_ACTOR', status: 'removed' })
    }
  })

  it('with TRIMMED when a trim passes its cursor, and not when it only reaches it', async () => {
    const passed = (await changingLog(log => log.trim({ before: 4 }))).follow()
    for (const seq of [1, 2]) expect((await passed.next()).value).toMatchObject({ seq })
    await expect(passed.next()).rejects.toMatchObject({ code: 'TRIMMED', first: 4, tip: 10 })
    const reached = (await changingLog(log => log.trim({ before: 3 }))).follow()
    for (const seq of range(1, 10)) expect((await reached.next()).value).toMatchObject({ seq })
  })

  it('never, for a trim of all that it has seen', async () => {
    const log = await inboxOf()
    await fill(log, 3)
    const records = log.follow({ after: 3 })
    const next = records.next()
    await log.trim({ before: 4 })
    await log.append(4)
    expect((await next).value).toMatchObject({ seq: 4 })
  })
})

describe('in every interleaving of reads, wake-ups and changes', () => {
  /** Each read takes its time before and after it looks, and wake-ups come late. */
  function scheduled(scheduler: fc.Scheduler, recordsMax: number): LogStore {
    const inner = createMemoryLogStore()
    return override(inner, {
      async read(log, wanted) {
        await scheduler.schedule(Promise.resolve(), 'before the read')
        const slice = await inner.read(log, { ...wanted, limit: recordsMax })
        await scheduler.schedule(Promise.resolve(), 'after the read')
        return slice
      },
      watch: (log, listener) =>
        inner.watch(log, () => void scheduler.schedule(Promise.resolve(), 'wake').then(listener)),
    })
  }

  /** Follows until it is told to stop; gives what it saw, and how it ended. */
  function watcher(log: Log, after?: number) {
    const seen: LogRecord[] = []
    const controller = new AbortController()
    const options = { signal: controller.signal, ...(after === undefined ? {} : { after }) }
    const ended = (async () => {
      for await (const record of log.follow(options)) seen.push(record)
    })().catch((error: unknown) => error)
    return { seen, controller, ended }
  }

  const steps = (scheduler: fc.Scheduler, actions: readonly (() => Promise<unknown>)[]): void => {
    scheduler.scheduleSequence(actions.map((builder, index) => ({ builder, label: `change ${index}` })))
  }

  it('a follower sees every record once, in order', async () => {
    const shape = fc.record({
      before: fc.nat({ max: 5 }),
      batches: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }),
      after: fc.nat({ max: 5 }),
      recordsMax: fc.integer({ min: 1, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), shape, async (scheduler, { before, batches, after, recordsMax }) => {
        const log = await inboxOf(scheduled(scheduler, recordsMax))
        await fill(log, before)
        const cursor = Math.min(after, before)
        const followers = [watcher(log), watcher(log, cursor)]
        steps(
          scheduler,
          batches.map(count => () => Promise.all(range(1, count).map(value => log.append(value)))),
        )
        await scheduler.waitIdle()
        const tip = await log.tip()
        expect(followers.map(({ seen }) => seen.map(({ seq }) => seq))).toEqual([
          range(1, tip!),
          range(cursor + 1, tip!),
        ])
        for (const { controller } of followers) controller.abort('done')
        await scheduler.waitIdle()
        expect(await Promise.all(followers.map(({ ended }) => ended))).toEqual(['done', 'done'])
      }),
    )
  })

  it('a follower sees a run without gaps, and then either waits at the tip or says TRIMMED', async () => {
    const change = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ trim: fc.nat({ max: 20 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(change, { maxLength: 12 }), async (scheduler, changes) => {
        const log = await inboxOf(scheduled(scheduler, 2))
        await fill(log, 3)
        const { seen, controller, ended } = watcher(log, 0)
        steps(
          scheduler,
          changes.map(each => async () => {
            if ('append' in each) return Promise.all(range(1, each.append).map(value => log.append(value)))
            const { first, tip } = await log.bounds()
            return log.trim({ before: Math.max(first, Math.min(each.trim, tip + 1)) })
          }),
        )
        await scheduler.waitIdle()
        const { first, tip } = await log.bounds()
        expect(seen.map(({ seq }) => seq)).toEqual(range(1, seen.length))
        controller.abort('waits')
        await scheduler.waitIdle()
        const end = await ended
        if (end === 'waits') expect(seen.length).toBe(tip)
        else {
          expect(end).toMatchObject({ code: 'TRIMMED' })
          expect(seen.length + 1).toBeLessThan(first)
        }
      }),
    )
  })

  it('a follower sees nothing of an actor that is added again', async () => {
    const moves = fc.array(fc.constantFrom('append', 'remove', 'add'), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), moves, async (scheduler, changes) => {
        const store: Store = await storeOver(scheduled(scheduler, 2))
        const log = store.inbox(alice)
        await log.append('old')
        const { seen, controller, ended } = watcher(log)
        let isOld = true
        steps(
          scheduler,
          changes.map(each => async () => {
            if (each === 'add') return store.actors.add(alice)
            if (each === 'append') return log.append(isOld ? 'old' : 'new').catch(() => undefined)
            isOld = false
            return store.actors.remove(alice)
          }),
        )
        await scheduler.waitIdle()
        controller.abort('waits')
        await scheduler.waitIdle()
        const end = await ended
        const values = new Set(seen.map(({ value }) => value))
        // One that began only after the removal follows the new actor, and nothing else.
        expect(values.size).toBeLessThan(2)
        if (values.has('old') && !isOld) expect(end).toMatchObject({ code: 'NO_ACTOR', status: 'removed' })
      }),
    )
  })
})
