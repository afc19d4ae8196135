/**
 * The promises of consumers, whatever is stopped, killed and started again at whatever point: no record is skipped, none
 * is handled again after it was acknowledged, each target gets its records in order, what is appended with an
 * acknowledgement is there exactly once.
 *
 * A crash here is a store whose every write fails from some point on: the write under way may have reached the log or
 * not, which is all that a consumer can see of one. That acknowledged writes survive real crashes is proved elsewhere; the
 * last test puts workers on the disk that loses power as well.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Store } from '../../src/consumers/types.ts'
import { TwinlogError } from '../../src/errors.ts'
import { MemoryContents } from '../../src/log-store/memory/contents.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { override } from '../actors/fixtures.ts'
import { openTight } from '../engine/embedded-access.ts'
import { runs } from '../engine/runs.ts'
import { withDirectory } from '../log-store/embedded-store.ts'
import { FakeTime, settle } from './fake-time.ts'
import { alice, bob, collect } from './stores.ts'

interface Note {
  readonly n: number
  readonly to: readonly string[]
}

/** How a session of the consumer ends: by its signal, or in a crash at its n-th write, which is lost or was the last. */
type Ending =
  | { readonly kind: 'stop'; readonly afterTurns: number }
  | { readonly kind: 'crash'; readonly atWrite: number; readonly isWritten: boolean }

const ending: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({ kind: fc.constant('stop' as const), afterTurns: fc.nat(12) }),
  fc.record({ kind: fc.constant('crash' as const), atWrite: fc.nat(8), isWritten: fc.boolean() }),
)
const targets = ['a', 'b', 'c']
/** What a consumer may meet of a crash. */
const afterCrash = new Set<string>(['POISONED', 'OUTCOME_UNKNOWN', 'NOT_WRITTEN', 'CLOSED', 'IO_ERROR'])
const notes = fc.array(fc.uniqueArray(fc.constantFrom(...targets), { maxLength: 3 }), { minLength: 1, maxLength: 14 })
/** What the n-th attempt comes to, of all attempts there are. */
const fate = fc.constantFrom(
  'done' as const,
  'done' as const,
  'slow' as const,
  'throw' as const,
  'later' as const,
  'drop' as const,
  'never' as const,
)

/** The log store, until it crashes. */
function crashing(inner: LogStore, end: Ending): LogStore {
  let writes = 0
  let isDead = false
  return override(inner, {
    append: async flush => {
      if (!isDead && end.kind === 'crash' && writes++ === end.atWrite) {
        isDead = true
        if (end.isWritten) await inner.append(flush)
      }
      if (isDead) throw new TwinlogError('POISONED', 'the power is gone', {})
      return inner.append(flush)
    },
  })
}

/** What a worker is done with for good: behind its place, and no item waits for it. `target n`. */
async function acknowledged(logStore: LogStore, all: readonly Note[]): Promise<Set<string>> {
  const item = await logStore.item('consumer/w')
  if (item === null) return new Set()
  const { at } = JSON.parse(Buffer.from(item.value).toString()) as { at: [number, number] }
  const { records } = await logStore.feed({ after: { commit: 0, ordinal: 0 }, limit: 1000 })
  const passed = records.filter(
    ({ point }) => point.commit < at[0] || (point.commit === at[0] && point.ordinal <= at[1]),
  ).length
  const found = new Set(all.slice(0, passed).flatMap(({ n, to }) => to.map(target => `${target} ${n}`)))
  for await (const [, { value }] of logStore.listItems('pending/w/')) {
    const { target, log, seq } = JSON.parse(Buffer.from(value).toString()) as {
      target: string
      log: { actor: string }
      seq: number
    }
    found.delete(`${target} ${2 * seq - (log.actor === alice ? 1 : 0)}`)
  }
  return found
}

/** Runs sessions of a worker until all is done; checks each promise as it goes. */
async function work(
  open: (
    session: number,
  ) => Promise<{ store: Store; logStore: LogStore; end: Ending | null; crash: (() => Promise<void>) | null }>,
  all: readonly Note[],
  fates: readonly string[],
): Promise<void> {
  const time = new FakeTime()
  const over = new Set<string>()
  let attempts = 0
  for (let session = 0; ; session += 1) {
    const { store, logStore, end, crash } = await open(session)
    const done = await acknowledged(logStore, all)
    for (const each of done) expect(over).toContain(each)
    const stop = new AbortController()
    const busy = new Set<string>()
    const worker = store.worker<Note>('w', {
      box: 'outbox',
      targets: ({ value }) => value.to,
      clock: time.clock,
      timer: time.timer,
      backoff: () => 10,
      attemptMs: 50,
      stopMs: 5,
      attemptsMax: 1000,
      ahead: 1 + (fates.length % 5),
    })
    const run = worker.run(
      async ({ value: { n } }, target, { signal }) => {
        const name = `${target} ${n}`
        expect(done.has(name), `${name} was acknowledged`).toBe(false)
        expect(busy.has(target), `${target} has two at once`).toBe(false)
        for (const earlier of all)
          if (earlier.n < n && earlier.to.includes(target)) expect(over).toContain(`${target} ${earlier.n}`)
        const now = end === null ? 'done' : (fates[attempts++ % fates.length] ?? 'done')
        if (now === 'throw') throw new Error('now and then')
        if (now === 'later') return { retryAfterMs: 3 }
        if (now === 'never') {
          await new Promise(resolve => signal.addEventListener('abort', resolve))
          throw new Error('never')
        }
        busy.add(target)
        if (now === 'slow') await settle(3)
        busy.delete(target)
        over.add(name)
        return now === 'drop' ? 'drop' : 'done'
      },
      { signal: stop.signal, concurrency: 1 + (fates.length % 3) },
    )
    const ended = run.then(
      () => null,
      (error: unknown) => error,
    )
    const turns =
      end === null ? Number.POSITIVE_INFINITY : end.kind === 'stop' ? end.afterTurns : crash === null ? 40 : end.atWrite
    const running = { isOver: false }
    void ended.then(() => (running.isOver = true))
    for (let turn = 0; turn < turns && !running.isOver; turn += 1) {
      await settle(4)
      if (turn % 2 === 1) time.next()
      if (end === null && over.size === all.flatMap(({ to }) => to).length && (await worker.stats()).depth === 0) break
    }
    if (end?.kind === 'crash') await crash?.()
    stop.abort()
    for (let turn = 0; turn < 20 && !running.isOver; turn += 1) {
      await settle(4)
      time.next()
    }
    const error = await ended
    if (error !== null) expect(afterCrash).toContain(Reflect.get(Object(error), 'code') ?? error)
    if (end === null) {
      expect(error).toBe(null)
      expect(await acknowledged(logStore, all)).toEqual(over)
      await store.close()
      return
    }
    if (end.kind === 'stop' || crash === null) await store.close()
  }
}

const noteList = (lists: readonly (readonly string[])[]): Note[] => lists.map((to, i) => ({ n: i + 1, to }))

async function fill(store: Store, all: readonly Note[]): Promise<void> {
  for (const actor of [alice, bob]) await store.actors.add(actor)
  for (const note of all) await store.outbox(note.n % 2 === 1 ? alice : bob).append(note)
}

describe('a worker', () => {
  it('skips nothing, repeats nothing acknowledged, and keeps the order for each target, over stops and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        notes,
        fc.array(ending, { maxLength: 6 }),
        fc.array(fate, { minLength: 1, maxLength: 9 }),
        async (lists, endings, fates) => {
          const all = noteList(lists)
          const contents = new MemoryContents()
          await fill(createStore(createMemoryLogStore(contents)), all)
          await work(
            async session => {
              const end = endings[session] ?? null
              const inner = createMemoryLogStore(contents)
              const logStore = end === null ? inner : crashing(inner, end)
              const store = createStore(logStore)
              return { store, logStore: inner, end, crash: null }
            },
            all,
            fates,
          )
        },
      ),
      runs(150),
    )
  })

  it('does so on a disk that loses power', async () => {
    await fc.assert(
      fc.asyncProperty(
        notes,
        fc.array(fc.tuple(ending, fc.nat()), { maxLength: 4 }),
        fc.array(fate, { minLength: 1, maxLength: 9 }),
        async (lists, endings, fates) => {
          const all = noteList(lists)
          await withDirectory(async directory => {
            const first = await openTight(directory)
            await fill(first.store, all)
            await first.store.close()
            await work(
              async session => {
                const [end, seed] = endings[session] ?? [null, 0]
                const opened = await openTight(directory)
                const logStore = opened.logStore
                const store = createStore(logStore)
                return {
                  store,
                  logStore,
                  end,
                  crash: () => opened.crash(seed),
                }
              },
              all,
              fates,
            )
          })
        },
      ),
      runs(12),
    )
  })
})

describe('a cursor', () => {
  it('gives everything at least once, nothing acknowledged again, and what it appends exactly once, over crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(20),
        fc.array(ending, { maxLength: 8 }),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 9 }),
        async (count, endings, delays) => {
          const contents = new MemoryContents()
          const all = noteList(Array.from({ length: count }, () => []))
          await fill(createStore(createMemoryLogStore(contents)), all)
          let handled = 0
          for (let session = 0; session <= endings.length; session += 1) {
            const end = endings[session] ?? null
            const inner = createMemoryLogStore(contents)
            const store = createStore(end === null ? inner : crashing(inner, end))
            const made = await collect(store.inbox(alice).read<number>())
            const stop = new AbortController()
            const run = store.cursor<Note>('c', { boxes: ['outbox'] }).run(
              async ({ value }) => {
                expect(made.some(record => record.value === value.n)).toBe(false)
                await settle(delays[handled++ % delays.length])
                return { append: [{ log: store.inbox(alice), value: value.n }] }
              },
              { signal: stop.signal, concurrency: delays.length, live: end !== null },
            )
            const ended = run.catch((error: unknown) => {
              if (!(error instanceof TwinlogError && error.code === 'POISONED')) throw error
            })
            if (end !== null) {
              await settle(end.kind === 'stop' ? end.afterTurns : 20)
              stop.abort()
            }
            await ended
            await store.close()
          }
          const store = createStore(createMemoryLogStore(contents))
          const made = await collect(store.inbox(alice).read<number>())
          expect(made.map(({ value }) => value)).toEqual(all.map(({ n }) => n))
        },
      ),
      runs(150),
    )
  })
})
