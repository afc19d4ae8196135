/** Invariant 8: an index made anew from the commit log equals the one that was maintained, byte for byte. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { append, flushOf, inbox, key, outbox, payload, type Draft } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { Box, Flush } from '../../src/log-store/types.ts'
import { runs } from '../engine/runs.ts'
import { dump } from './embedded-bare-index.ts'
import { copyOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

const actor = fc.constantFrom('a', 'b', 'c')
const log = fc.record({ actor, box: fc.constantFrom<Box>('inbox', 'outbox') })
const draft: fc.Arbitrary<Draft> = fc
  .record({ log, text: fc.constantFrom('x', 'y', 'z'.repeat(600)), key: fc.option(fc.constantFrom('k', 'l', 'm')) })
  .map(({ key: name, ...rest }) => (name === null ? rest : { ...rest, key: key(name) }))

type Step = (store: EmbeddedLogStore) => Promise<unknown>

/** A refusal is as good as a change: what counts is that both indexes agree. */
const tolerated =
  (flush: Flush): Step =>
  store =>
    store.append(flush).catch(() => null)

const change: fc.Arbitrary<readonly [name: string, step: Step]> = fc.oneof(
  { weight: 3, arbitrary: actor.map(id => [`add ${id}`, (store: EmbeddedLogStore) => store.addActor(id)] as const) },
  {
    weight: 1,
    arbitrary: actor.map(id => [`remove ${id}`, (store: EmbeddedLogStore) => store.removeActor(id)] as const),
  },
  {
    weight: 10,
    arbitrary: fc
      .array(draft, { minLength: 1, maxLength: 4 })
      .map(
        drafts =>
          [
            `append ${drafts.map(({ log: { actor: id, box }, text, key: each }) => `${id} ${box} ${text[0]} ${each?.[0] ?? ''}`).join()}`,
            tolerated(flushOf(drafts, { onConflict: 'skip' })),
          ] as const,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.array(log, { minLength: 2, maxLength: 4 }).map(logs => {
      const appends = logs.map(each => ({ log: each, payload: 0, receivedAt: 1 }))
      return [
        `share ${JSON.stringify(logs)}`,
        tolerated({ payloads: [payload('s')], appends, onConflict: 'skip' }),
      ] as const
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(log, fc.integer({ min: 1, max: 12 }))
      .map(
        ([name, before]) =>
          [
            `trim ${JSON.stringify(name)} ${before}`,
            (store: EmbeddedLogStore) => store.trim(name, before).catch(() => null),
          ] as const,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('i', 'j'), fc.option(fc.constantFrom('1', '2'))).map(([name, text]) => {
      const value = text === null ? null : Buffer.from(text)
      return [`item ${name} ${text}`, tolerated({ payloads: [], appends: [], items: [{ key: name, value }] })] as const
    }),
  },
)
const housekeeping: fc.Arbitrary<readonly [name: string, step: Step]> = fc.constantFrom(
  ['flushIndex', store => store.flushIndex().catch(() => null)] as const,
  ['pause', async store => store.indexer.pause()] as const,
  ['resume', async store => store.indexer.resume()] as const,
)
const step = fc.oneof({ weight: 6, arbitrary: change }, { weight: 1, arbitrary: housekeeping })
const story = fc.array(
  fc.oneof({ weight: 12, arbitrary: step }, { weight: 1, arbitrary: fc.constant('reopen' as const) }),
  {
    size: 'medium',
    maxLength: 60,
  },
)

it('an index that was deleted is made anew as it was, after any story', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.boolean(), async (steps, isQuick) => {
      await withDirectory(async path => {
        let store = await openDriver(path, { durability: isQuick ? 'os' : 'disk' })
        let running: Promise<unknown>[] = []
        for (const each of steps) {
          if (each !== 'reopen') running.push(each[1](store))
          else {
            await store.close()
            store = await openDriver(path)
          }
          // Some steps meet each other, others do not.
          if (running.length > 3) {
            await Promise.all(running)
            running = []
          }
        }
        await Promise.all(running)
        store.indexer.resume()
        await store.flushIndex()
        const killed = await copyOf(path, `${path}-killed`)
        await store.close()
        const maintained = await dump(path)

        await rm(join(path, 'index'), { recursive: true })
        await reopened(path, async () => undefined)
        expect(await dump(path)).toEqual(maintained)

        // And the one that a kill left, brought up to date by replay.
        await reopened(killed, async () => undefined)
        expect(await dump(killed)).toEqual(maintained)
      })
    }),
    runs(60),
  )
})

it('replay over an index that already has what is replayed leaves it as it is', async () => {
  // A kill after the batch and before the next checkpoint never happens, but a lost ledger key makes replay begin early.
  await fc.assert(
    fc.asyncProperty(fc.array(step, { size: 'medium', maxLength: 40 }), fc.nat(), async (steps, cut) => {
      await withDirectory(async path => {
        const store = await openDriver(path)
        const early = steps.length === 0 ? 0 : cut % steps.length
        let before = ''
        for (const [i, [, run]] of steps.entries()) {
          await run(store)
          if (i !== early) continue
          store.indexer.resume()
          await store.flushIndex()
          before = await copyOf(path, `${path}-before`)
        }
        store.indexer.resume()
        await store.close()
        if (before === '') return
        const maintained = await dump(path)
        // The old index under the new log: everything since is replayed.
        await rm(join(path, 'index'), { recursive: true })
        await copyOf(join(before, 'index'), join(path, 'index'))
        await reopened(path, async () => undefined)
        expect(await dump(path)).toEqual(maintained)
      })
    }),
    runs(30),
  )
})

it('a replay of several batches leaves the same index: each goes on where the one before it ended', async () => {
  // The heads that one batch had written were looked up anew for the next; now they are remembered.
  const [a, b] = [inbox('a'), outbox('a')]
  const large = Buffer.alloc(1024 * 1024, 'x')
  await withDirectory(async path => {
    const store = await openDriver(path)
    await store.addActor('a')
    for (const each of [a, b])
      for (let i = 0; i < 5; i += 1) await append(store, each, `early ${i}`, { key: key(`k${i}`) })
    await store.flushIndex()
    store.indexer.pause()
    for (let i = 0; i < 20; i += 1) {
      await append(store, a, `late ${i}`, { key: key(`l${i}`) })
      await store.append({ payloads: [], appends: [], items: [{ key: `item ${i % 12}`, value: large }] })
      if (i === 2) await store.trim(a, 4)
      if (i === 5) await store.addActor('b')
      if (i === 12) await store.trim(b, 3)
      if (i === 15) await append(store, inbox('b'), 'one')
    }
    const killed = await copyOf(path, `${path}-killed`)
    store.indexer.resume()
    await store.flushIndex()
    await store.close()
    const steps = new Set<number>()
    const onWork = (task: string, done: number): void => void (task === 'replay' && steps.add(done))
    await (await openDriver(killed, { onWork })).close()
    expect(steps.size).toBeGreaterThan(2)
    expect(await dump(killed)).toEqual(await dump(path))
  })
})
