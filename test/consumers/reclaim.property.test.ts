/**
 * Consumers while space is given back: whatever is trimmed, redacted and compacted between their runs and beside them, over
 * restarts, a cursor and a worker get every record that is still there once, in order, and none that they are done with.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import { runs } from '../engine/runs.ts'
import { openDriver, tight, withDirectory } from '../log-store/embedded-store.ts'
import { FakeTime } from './fake-time.ts'
import { alice, bob } from './stores.ts'

type Step =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'trim'; readonly actor: string; readonly at: number }
  | { readonly do: 'redact'; readonly actor: string; readonly at: number }
  | { readonly do: 'compact' }
  | { readonly do: 'reopen' }
  | { readonly do: 'run'; readonly isDown: boolean; readonly isCompacting: boolean }

const actor = fc.constantFrom(alice, bob)
const at = fc.nat(40)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), actor, at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redact' as const), actor, at }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'compact' as const }, { do: 'reopen' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('run' as const), isDown: fc.boolean(), isCompacting: fc.boolean() }),
  },
)
const last: Step = { do: 'run', isDown: false, isCompacting: true }

interface Note {
  readonly n: number
  readonly actor: string
  readonly seq: number
}

const numbers = (notes: readonly Note[]): number[] => notes.map(({ n }) => n)

it('every record that is still there comes once, in order, whatever is reclaimed meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async steps => {
      await withDirectory(async path => {
        const open = async () => createStore(await openDriver(path, tight))
        const time = new FakeTime()
        let store = await open()
        for (const id of [alice, bob]) await store.actors.add(id)
        let n = 0
        /** What each is to get yet: the cursor, and the targets of the worker. */
        const due = { cursor: [] as Note[], up: [] as Note[], down: [] as Note[] }
        const forget = (isGone: (note: Note) => boolean): void => {
          for (const name of ['cursor', 'up', 'down'] as const) due[name] = due[name].filter(note => !isGone(note))
        }
        for (const one of [...steps, last]) {
          if (one.do === 'append') {
            for (let i = 0; i < one.count; i += 1) {
              const note = { n: ++n, actor: n % 3 === 0 ? bob : alice }
              const { seq } = await store.outbox(note.actor).append({ n, text: 'x'.repeat(200) })
              for (const list of [due.cursor, n % 2 === 0 ? due.up : due.down]) list.push({ ...note, seq })
            }
          } else if (one.do === 'trim') {
            const log = store.outbox(one.actor)
            const { first, tip } = await log.bounds()
            const before = first + Math.min(one.at, tip + 1 - first)
            await log.trim({ before })
            forget(note => note.actor === one.actor && note.seq < before)
          } else if (one.do === 'redact') {
            const log = store.outbox(one.actor)
            const { first, tip } = await log.bounds()
            if (first > tip) continue
            const seq = first + (one.at % (tip + 1 - first))
            await log.redact(seq)
            forget(note => note.actor === one.actor && note.seq === seq)
          } else if (one.do === 'compact') await store.compact({ deadShareMin: 0 })
          else if (one.do === 'reopen') {
            await store.close()
            store = await open()
          } else {
            time.now += 1000
            const got = { cursor: [] as number[], up: [] as number[], down: [] as number[] }
            const cursor = store.cursor<{ n: number }>('c')
            const worker = store.worker<{ n: number }>('w', {
              targets: ({ value }) => [value.n % 2 === 0 ? 'up' : 'down'],
              clock: time.clock,
              timer: time.timer,
              backoff: () => 10,
              attemptsMax: 1000,
              ahead: 4,
            })
            await Promise.all([
              cursor.run(({ value }) => void got.cursor.push(value.n), { live: false, concurrency: 3 }),
              worker.run(
                ({ value }, target) => {
                  if (target === 'down' && one.isDown) throw new Error('ECONNREFUSED')
                  got[target as 'up' | 'down'].push(value.n)
                  return 'done'
                },
                { live: false },
              ),
              one.isCompacting ? store.compact({ deadShareMin: 0 }) : null,
            ])
            expect(got).toEqual({
              cursor: numbers(due.cursor),
              up: numbers(due.up),
              down: one.isDown ? [] : numbers(due.down),
            })
            due.cursor = []
            due.up = []
            if (!one.isDown) due.down = []
          }
        }
        expect((await store.worker('w').stats()).depth).toBe(0)
        await store.close()
      })
    }),
    runs(30),
  )
})
