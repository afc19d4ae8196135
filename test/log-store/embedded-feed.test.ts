/** The feed of the embedded driver: its order against what was acknowledged, over restarts, and past damage. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { alice, append, bob, flushOf, inbox, outbox, textOf } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { Reading } from '../../src/log-store/embedded/reading.ts'
import type { FeedPoint, FeedRange, LogStore } from '../../src/log-store/types.ts'
import { runs } from '../engine/runs.ts'
import { copyOf, openDriver, reopened, withDirectory, withStore } from './embedded-store.ts'
import { look } from './read-only-fixtures.ts'

const START: FeedPoint = { commit: 0, ordinal: 0 }
const logs = [alice, bob].flatMap(actor => [inbox(actor), outbox(actor)])

/** What a reader of the feed meets: `text`, or `damaged` once for each damage that it goes on behind. */
async function met(store: LogStore, range: Partial<FeedRange> = {}): Promise<readonly string[]> {
  const found: string[] = []
  for (let after = range.after ?? START; ;) {
    const { records, damage, through, end } = await store.feed({ limit: 7, ...range, after })
    found.push(...records.map(({ payload }) => textOf(payload)))
    if (damage !== null) found.push(damage.seq === undefined ? 'damaged' : `damaged ${damage.log?.box} ${damage.seq}`)
    after = damage?.through ?? through
    if (after.commit > end.commit || (after.commit === end.commit && after.ordinal >= end.ordinal)) return found
  }
}

const flush = fc.array(fc.tuple(fc.nat(3), fc.nat(900)), { minLength: 1, maxLength: 4 })
const story = fc.array(
  fc.oneof({ weight: 6, arbitrary: flush }, { weight: 1, arbitrary: fc.constant('reopen' as const) }),
  {
    maxLength: 40,
  },
)

it('gives everything in the order it was acknowledged, from any point on, over segments and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.nat(), async (steps, start) => {
      await withDirectory(async path => {
        let store = await openDriver(path)
        const expected: string[] = []
        for (const actor of [alice, bob]) await store.addActor(actor)
        for (const step of steps) {
          if (step === 'reopen') {
            await store.close()
            store = await openDriver(path)
            continue
          }
          const drafts = step.map(([log, bytes], i) => ({
            log: logs[log]!,
            text: `${expected.length + i} ${'x'.repeat(bytes)}`,
          }))
          await store.append(flushOf(drafts))
          expected.push(...drafts.map(({ text }) => text))
        }
        expect(await met(store)).toEqual(expected)
        const points = (await store.feed({ after: START, limit: 4096 })).records.map(({ point }) => point)
        const at = points.length === 0 ? -1 : start % points.length
        expect(await met(store, { after: points[at] ?? START })).toEqual(expected.slice(at + 1))
        await store.close()
        // Another reader has nothing to remember where the commits are.
        const reader = await look(path)
        expect(await met(reader, { after: points[at] ?? START })).toEqual(expected.slice(at + 1))
        await reader.close()
      })
    }),
    runs(15),
  )
})

it('a record is there for the feed as soon as it is acknowledged, whatever the indexer does', async () => {
  await withStore({ unindexedMax: 100_000 }, async store => {
    store.indexer.pause()
    await store.addActor(alice)
    let after = START
    for (let i = 0; i < 20; i += 1) {
      await append(store, outbox(alice), `${i}`)
      const { records, through } = await store.feed({ after, limit: 10 })
      expect(records.map(({ payload }) => textOf(payload))).toEqual([`${i}`])
      after = through
    }
  })
})

it('a log whose actor is only in the index is found by its number', async () => {
  await withDirectory(async path => {
    const names = Array.from({ length: 60 }, (_, i) => `actor ${i}`)
    await reopened(path, async store => {
      for (const name of names) await store.addActor(name)
      for (const name of names) await append(store, inbox(name), name)
    })
    await reopened(path, async store => expect(await met(store)).toEqual(names))
  })
})

it('a removal and a trim count at once, before they are indexed', async () => {
  await withStore({ unindexedMax: 100_000 }, async store => {
    for (const actor of [alice, bob]) await store.addActor(actor)
    for (const log of logs)
      for (const text of ['1', '2']) await append(store, log, `${log.actor.at(-1)} ${log.box} ${text}`)
    await store.flushIndex()
    store.indexer.pause()
    await store.removeActor(bob)
    await store.trim(inbox(alice), 2)
    expect(await met(store)).toEqual(['e inbox 2', 'e outbox 1', 'e outbox 2'])
  })
})

describe('damage', () => {
  async function fill(store: EmbeddedLogStore): Promise<void> {
    await store.addActor(alice)
    await store.append(flushOf(['one', 'two', 'three'].map(text => ({ log: inbox(alice), text: `${text} payload` }))))
    await append(store, outbox(alice), 'four payload')
    await append(store, outbox(alice), 'five payload')
  }
  const whole = ['one', 'two', 'three', 'four', 'five'].map(text => `${text} payload`)

  it('of a payload costs that record alone, and is told with its place', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const [name] = await readdir(join(path, 'segments'))
      const file = join(path, 'segments', name!)
      const bytes = await readFile(file)
      bytes[bytes.indexOf('two payload')]! ^= 1
      await writeFile(file, bytes)
      await reopened(path, async store => {
        expect(await met(store)).toEqual(whole.with(1, 'damaged inbox 2'))
        expect(await met(store, { boxes: ['outbox'] })).toEqual(whole.slice(3))
        const { damage } = await store.feed({ after: START, limit: 10 })
        expect(damage).toMatchObject({ log: inbox(alice), seq: 2, place: expect.stringMatching(/offset \d+/) })
        await store.trim(inbox(alice), 3)
        expect(await met(store)).toEqual(whole.slice(2))
      })
    })
  })

  it('of any bit is met in its place or harmless: never a wrong record, never one twice, never one less unsaid', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const from = await copyOf(path, `${path}-from`)
      const [name] = await readdir(join(from, 'segments'))
      const original = await readFile(join(from, 'segments', name!))
      let damages = 0
      for (let at = 0; at < original.length; at += 13) {
        await copyOf(from, path)
        const bytes = Buffer.from(original)
        bytes[at]! ^= 1 << (at % 8)
        await writeFile(join(path, 'segments', name!), bytes)
        await reopened(path, async store => {
          const found = await met(store).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'LOG_LOST' })
            return null
          })
          if (found === null) return
          const texts = found.filter(text => !text.startsWith('damaged'))
          expect(texts).toEqual(whole.filter(text => texts.includes(text)))
          if (texts.length < whole.length) expect(found.length).toBeGreaterThan(texts.length)
          damages += found.length - texts.length
        })
      }
      expect(damages).toBeGreaterThan(20)
    })
  })
})

describe('a redacted record that is taken away altogether while the feed is read', () => {
  const takings = {
    'its actor is removed': async (store: EmbeddedLogStore) => store.removeActor(alice),
    'its actor is removed and added again': async (store: EmbeddedLogStore) => {
      await store.removeActor(alice)
      await store.addActor(alice)
    },
    'it is trimmed': async (store: EmbeddedLogStore) => store.trim(inbox(alice), 3),
  }

  for (const [name, take] of Object.entries(takings)) {
    it(`does not come back: ${name}`, async () => {
      // A slice asks first for the log and last for what was redacted. What was removed or trimmed in between had no place
      // any more to be compared, and counted as not redacted: the feed gave what had been taken out long before.
      await withStore({}, async store => {
        for (const actor of [alice, bob]) await store.addActor(actor)
        for (const text of ['secret', 'known', 'next']) await append(store, inbox(alice), text)
        await append(store, inbox(bob), 'other')
        await store.redact(inbox(alice), 1)
        const ask = Reflect.get(Reading.prototype, 'goneAmong')
        vi.spyOn(Reading.prototype, 'goneAmong').mockImplementationOnce(async function (this: Reading, ...about) {
          await take(store)
          return ask.apply(this, about)
        })
        onTestFinished(() => void vi.restoreAllMocks())
        const texts = await met(store, { limit: 100 })
        expect(texts).not.toContain('secret')
        expect(texts).toContain('other')
      })
    })
  }
})
