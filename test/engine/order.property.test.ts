/**
 * Invariant 7: sequences follow the order of the calls, and readers see prefixes, in whatever order clients take turns
 * and answers come back.
 */
import assert from 'node:assert/strict'
import fc, { type Scheduler } from 'fast-check'
import { describe, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { actorIds, append, change, flush } from '../model/arbitraries.ts'
import { emptyState, run } from '../model/model.ts'
import type { Change, LogRef, Operation, ReadRecord, Result } from '../model/operations.ts'
import { assertAnswer, audit } from './audit.ts'
import { kinds } from './kinds.ts'
import { runs } from './runs.ts'
import { scheduledLogStore } from './scheduled-log-store.ts'
import { runOn } from './store-subject.ts'
import type { Subject } from './subject.ts'
import { valueOf, withSubject } from './with-subject.ts'

const adds = actorIds.map((actor): Operation => ({ type: 'add', actor }))
const inbox: LogRef = { actor: actorIds[0]!, box: 'inbox' }

/** What each client does, one after the other. */
const clients = fc.array(fc.array(fc.oneof(append, flush), { minLength: 1, maxLength: 8 }), {
  minLength: 2,
  maxLength: 4,
})

/** An engine over the memory driver, whose answers come back when the scheduler says so. */
function scheduledSubject(scheduler: Scheduler): Subject {
  const store = createStore(scheduledLogStore(createMemoryLogStore(), scheduler))
  return { run: operation => runOn(store, operation), close: () => store.close(), can: {} }
}

/** Notes each call in its order, with its answer. */
class Protocol {
  readonly #subject: Subject
  readonly calls: { readonly operation: Operation; readonly answer: Promise<Result> }[] = []

  constructor(subject: Subject) {
    this.#subject = subject
  }

  call(operation: Operation): Promise<Result> {
    const answer = this.#subject.run(operation)
    this.calls.push({ operation, answer })
    return answer
  }

  /** Every answer is the one the model gives to the same calls in the same order. */
  async check(): Promise<typeof emptyState> {
    let state = emptyState
    for (const { operation, answer } of this.calls) {
      const [next, expected] = run(state, operation)
      state = next
      assertAnswer(await answer, expected, operation)
    }
    return state
  }
}

async function callAll(protocol: Protocol, scheduler: Scheduler, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) {
    await scheduler.schedule(Promise.resolve(), fc.stringify(operation))
    await protocol.call(operation)
  }
}

async function callWithoutWaiting(protocol: Protocol, changes: readonly Change[]): Promise<void> {
  await Promise.all(changes.map(each => protocol.call(each)))
}

/** A reader that looks again and again: each time it sees a prefix, and never less than the time before. */
async function readPrefixes(subject: Subject, scheduler: Scheduler, looks: number): Promise<ReadRecord[][]> {
  const seen: ReadRecord[][] = []
  for (let look = 0; look < looks; look++) {
    await scheduler.schedule(Promise.resolve(), 'look')
    const acknowledged = valueOf(await subject.run({ type: 'tip', log: inbox })) as number
    const records = valueOf(await subject.run({ type: 'read', log: inbox, options: {} })) as ReadRecord[]
    assert(records.length >= acknowledged)
    assert(records.length >= (seen.at(-1)?.length ?? 0))
    seen.push(records)
  }
  return seen
}

/** The engine whose answers are shuffled, and the engines as they are. */
const subjects: readonly {
  name: string
  share: number
  with: (s: Scheduler, body: (each: Subject) => Promise<void>) => Promise<void>
}[] = [
  { name: 'an engine whose driver answers in any order', share: 1, with: (s, body) => body(scheduledSubject(s)) },
  ...kinds.map(({ kind, share }) => ({
    name: kind.name,
    share,
    with: (_: Scheduler, body: (each: Subject) => Promise<void>) => withSubject(kind, body),
  })),
]

for (const { name, share, with: withOne } of subjects) {
  describe(name, () => {
    it('invariant 7: changes that do not wait for each other are made in the order of their calls', async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.array(change, { maxLength: 40, size: 'max' }), (scheduler, changes) =>
          withOne(scheduler, async subject => {
            const protocol = new Protocol(subject)
            const made = callWithoutWaiting(protocol, [...(adds as Change[]), ...changes])
            await scheduler.waitFor(made)
            const state = await protocol.check()
            await scheduler.waitFor(audit(subject, state))
          }),
        ),
        runs(200 * share),
      )
    })

    it('invariant 7: clients that take turns in any order get sequences in the order of their calls', async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), clients, (scheduler, all) =>
          withOne(scheduler, async subject => {
            const protocol = new Protocol(subject)
            await scheduler.waitFor(callWithoutWaiting(protocol, adds as Change[]))
            await scheduler.waitFor(Promise.all(all.map(each => callAll(protocol, scheduler, each))))
            const state = await protocol.check()
            await scheduler.waitFor(audit(subject, state))
          }),
        ),
        runs(200 * share),
      )
    })

    it('invariant 7: readers beside writers see prefixes, and followers every record once and in order', async () => {
      const count = fc.integer({ min: 1, max: 12 })
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), count, count, (scheduler, first, second) =>
          withOne(scheduler, async subject => {
            const protocol = new Protocol(subject)
            await scheduler.waitFor(callWithoutWaiting(protocol, adds as Change[]))
            const total = first + second
            const bodies = (from: string, many: number): Operation[] =>
              Array.from({ length: many }, (_, index): Operation => ({
                type: 'append',
                log: inbox,
                body: { codec: 'msgpack', value: `${from} ${index}` },
              }))
            const follow = (after: number): Promise<Result> =>
              subject.run({ type: 'follow', log: inbox, after, count: total - after })
            const followers = [follow(0), follow(0)]
            const [prefixes] = await scheduler.waitFor(
              Promise.all([
                readPrefixes(subject, scheduler, 5),
                callAll(protocol, scheduler, bodies('one', first)),
                callAll(protocol, scheduler, bodies('two', second)),
              ]),
            )
            await protocol.check()
            const all = valueOf(await scheduler.waitFor(subject.run({ type: 'read', log: inbox, options: {} })))
            for (const prefix of prefixes) assert.deepEqual(prefix, (all as ReadRecord[]).slice(0, prefix.length))
            for (const follower of [...followers, follow(total - 1)]) {
              const followed = valueOf(await scheduler.waitFor(follower)) as ReadRecord[]
              assert.deepEqual(followed, (all as ReadRecord[]).slice(-followed.length))
              assert(followed.length === total || followed.length === 1)
            }
          }),
        ),
        runs(200 * share),
      )
    })
  })
}
