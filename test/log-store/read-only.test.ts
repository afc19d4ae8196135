/** The read-only driver beside a running owner shows what the owner shows, over its restarts and kills. */
import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import { alice, append, bob, flushOf, inbox, key } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { runs } from '../engine/runs.ts'
import { copyOf, openDriver, withDirectory, withStore } from './embedded-store.ts'
import { everything, keys, logs, look, names, withReader } from './read-only-fixtures.ts'

type Step = readonly [name: string, run: (store: EmbeddedLogStore) => Promise<unknown>]
const actor = fc.constantFrom(...names)
const log = fc.constantFrom(...logs)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: actor.map((id): Step => [`add ${id}`, store => store.addActor(id)]) },
  { weight: 1, arbitrary: actor.map((id): Step => [`remove ${id}`, store => store.removeActor(id)]) },
  {
    weight: 8,
    arbitrary: fc
      .array(fc.tuple(log, fc.option(fc.constantFrom(...keys)), fc.integer({ min: 1, max: 900 })), {
        minLength: 1,
        maxLength: 5,
      })
      .map((parts): Step => {
        const drafts = parts.map(([name, each, bytes]) => {
          const draft = { log: name, text: 'x'.repeat(bytes) }
          return each === null ? draft : { ...draft, key: key(each) }
        })
        return [`append ${JSON.stringify(parts)}`, store => store.append(flushOf(drafts, { onConflict: 'skip' }))]
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(log, fc.integer({ min: 1, max: 6 }))
      .map(([name, before]): Step => [
        `trim ${name.actor} ${before}`,
        store => store.trim(name, before).catch(() => null),
      ]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(log, fc.integer({ min: 1, max: 6 }))
      .map(([name, seq]): Step => [`redact ${name.actor} ${seq}`, store => store.redact(name, seq).catch(() => null)]),
  },
  {
    weight: 2,
    arbitrary: fc.option(fc.integer()).map((value): Step => {
      const items = [{ key: 'i', value: value === null ? null : Buffer.from(`${value}`) }]
      return [`item ${value}`, store => store.append({ payloads: [], appends: [], items })]
    }),
  },
)
const story = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: step },
    { weight: 2, arbitrary: fc.constant('look' as const) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
    { weight: 1, arbitrary: fc.constant('kill' as const) },
  ),
  { size: 'medium', maxLength: 50 },
)

it('what it reads equals what the owner reads, at any moment of any story, over restarts and kills of the owner', async () => {
  await fc.assert(
    fc.asyncProperty(story, async steps => {
      await withDirectory(async path => {
        const options = { durability: 'os' } as const
        let owner = await openDriver(path, options)
        const reader = await look(path)
        const compare = async (): Promise<void> => expect(await everything(reader)).toEqual(await everything(owner))
        for (const each of steps) {
          if (each === 'look') await compare()
          else if (each === 'reopen') {
            await owner.close()
            owner = await openDriver(path, options)
          } else if (each === 'kill') {
            // What closing writes is taken back: the files are those of a moment ago.
            const copy = await copyOf(path, `${path}-copy`)
            await owner.close()
            await rm(path, { recursive: true })
            await copyOf(copy, path)
            owner = await openDriver(path, options)
          } else await each[1](owner)
        }
        await compare()
        await withReader(path, async late => expect(await everything(late)).toEqual(await everything(reader)))
        await owner.close()
        await reader.close()
      })
    }),
    runs(40),
  )
})

describe('following a log beside its owner', () => {
  it('sees each record once, in order, over segments and restarts of the owner', async () => {
    await withDirectory(async path => {
      let owner = await openDriver(path)
      await owner.addActor(alice)
      const reader = createStore(await look(path))
      const seen: string[] = []
      const done = (async () => {
        for await (const record of reader.inbox(alice).follow({ after: 0 })) {
          seen.push(`${record.seq} ${String(record.bytes)}`)
          if (record.seq === 60) return
        }
      })()
      const expected: string[] = []
      for (let seq = 1; seq <= 60; seq += 1) {
        const text = `${'x'.repeat(200)} ${seq}`
        expected.push(`${seq} ${text}`)
        await append(owner, inbox(alice), text)
        if (seq % 25 !== 0) continue
        await owner.close()
        owner = await openDriver(path)
      }
      await done
      expect(seen).toEqual(expected)
      await reader.close()
      await owner.close()
    })
  })

  it('is woken by an append, and by the end of the reader', async () => {
    await withStore({}, async (owner, path) => {
      await owner.addActor(alice)
      const reader = await look(path)
      const woken = new Promise<void>(resolve => {
        const stop = reader.watch(inbox(alice), () => {
          stop()
          resolve()
        })
      })
      await append(owner, inbox(alice), 'x')
      await woken
      expect(await reader.bounds(inbox(alice))).toMatchObject({ tip: 1 })
      const ended = new Promise<void>(resolve => reader.watch(inbox(bob), resolve))
      await reader.close()
      await ended
    })
  })

  it('on a closed reader wakes once, soon, and leaves no timer behind', async () => {
    // It began to look at the store ten times a second, for ever.
    await withStore({}, async (_, path) => {
      const reader = await look(path)
      await reader.close()
      const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
      const before = timers()
      const stop = await new Promise<() => void>(resolve => {
        const end: () => void = reader.watch(inbox(alice), () => resolve(() => end()))
      })
      expect(timers()).toBe(before)
      stop()
    })
  })
})
