/**
 * Consumers in a store that was salvaged. Salvage makes a commit of each that it can read, so that commits behind a lost one
 * had lower numbers, and it took over what consumers had written as it was: their places, which are commits and ordinals.
 * A cursor then stood further on in the new feed than it had come, and passed over what was there; and a delivery that
 * waited could have the key of a newer one, which took its place.
 */
import { open as openFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { surveyLog } from '../../src/commit-log/survey.ts'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Store } from '../../src/consumers/types.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { openSource } from '../../src/tools/source.ts'
import { runs } from '../engine/runs.ts'
import { openDriver, tight, withDirectory } from '../log-store/embedded-store.ts'
import { flip } from '../store-tools/story.ts'
import { FakeTime } from './fake-time.ts'
import { alice, bob, collect } from './stores.ts'

interface Note {
  readonly n: number
}

const open = async (path: string): Promise<Store> => createStore(await openDriver(path, tight))

/** One consumer of each kind, and what they were given, over any number of stores. */
class Consumers {
  readonly cursor: number[] = []
  readonly logCursor: number[] = []
  readonly up: number[] = []
  readonly down: number[] = []
  /** What was redacted, whether or not somebody was given it before. */
  readonly redacted: number[] = []
  readonly #time = new FakeTime()

  /** @param most how many records the cursors and the projection take */
  async work(store: Store, isDown: boolean, most = Number.POSITIVE_INFINITY): Promise<void> {
    await this.deliver(store, isDown)
    await this.read(store, most)
  }

  async deliver(store: Store, isDown: boolean): Promise<void> {
    this.#time.now += 1000
    await this.worker(store).run(
      ({ value: { n } }, target) => {
        if (target === 'down' && isDown) throw new Error('ECONNREFUSED')
        ;(target === 'up' ? this.up : this.down).push(n)
        return 'done'
      },
      { live: false },
    )
    await this.hopeless(store).run(
      () => {
        throw new Error('410')
      },
      { live: false },
    )
  }

  async read(store: Store, most: number): Promise<void> {
    await take(store.cursor<Note>('feed'), most, this.cursor)
    // It stops in the middle of the feed, and goes on from a snapshot.
    let left = most
    const projection = this.projection(store, () => {
      if (left-- <= 0) throw new Error('enough')
    })
    await projection.run({ live: false }).catch(() => {})
    await take(store.cursor<Note>('log', { log: store.outbox(bob) }), most, this.logCursor)
  }

  worker(store: Store) {
    const { clock, timer } = this.#time
    const targets = (): string[] => ['up', 'down']
    return store.worker<Note>('w', { targets, clock, timer, backoff: () => 10, attemptsMax: 1000, ahead: 6 })
  }

  /** All that it is given becomes a dead letter. */
  hopeless(store: Store) {
    const { clock, timer } = this.#time
    return store.worker<Note>('hopeless', { actors: [bob], clock, timer, attemptsMax: 1 })
  }

  projection(store: Store, onRecord = (): void => {}) {
    return store.projection<number[], Note>({
      name: 'p',
      version: 1,
      snapshotEvery: 1,
      init: () => [],
      apply: (list, { value }) => {
        onRecord()
        return [...list, value.n]
      },
    })
  }
}

async function take(cursor: ReturnType<Store['cursor']>, most: number, into: number[]): Promise<void> {
  let left = most
  if (left === 0) return
  for await (const record of cursor.follow({ live: false })) {
    into.push((record.value as Note).n)
    await cursor.acknowledge(record)
    if (--left <= 0) break
  }
}

/** Destroys whole commits that hold records alone, those that are chosen. Returns how many there were. */
async function destroy(path: string, isChosen: (at: number) => boolean): Promise<number> {
  const survey = await surveyLog((await openSource(path)).reading)
  let at = 0
  for await (const step of survey.steps()) {
    if (step.kind !== 'frame' || step.frame.entries.length === 0) continue
    const { entries, place, end } = step.frame
    const types: number[] = [ENTRY_TYPE.append, ENTRY_TYPE.payload]
    if (!entries.every(({ type }) => types.includes(type)) || !isChosen(at++)) continue
    const file = await openFile(join(path, step.file), 'r+')
    const bytes = end.offset - place.offset
    await file.write(Buffer.alloc(bytes), 0, bytes, place.offset)
    await file.close()
  }
  return at
}

/** What is there, in the order of the feed. */
async function presentIn(store: Store): Promise<number[]> {
  return (await collect(store.feed<Note>({ live: false }))).map(({ value }) => value.n)
}

async function append(store: Store, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await store.outbox(n % 3 === 0 ? bob : alice).append({ n })
}

const without = (all: readonly number[], some: readonly number[]): number[] => all.filter(n => !some.includes(n))

describe('a store with consumers in the middle of the feed, of which commits are lost', () => {
  // Ten records in commits of their own lie behind the place, which is behind sixty.
  it.each<[string, (n: number) => boolean]>([
    ['before the place', n => n > 1 && n < 56],
    ['at the place', n => n > 12 && n < 61],
    ['around the place', n => n > 12 && n < 64],
    ['behind the place', n => n > 62 && n < 69],
    ['everywhere', n => n % 8 > 1],
  ])('%s: each goes on from where it was, and skips and repeats nothing', (_, isLost) =>
    withDirectory(async path => {
      const to = join(path, '..', 'salvaged')
      const consumers = new Consumers()
      let store = await open(path)
      for (const actor of [alice, bob]) await store.actors.add(actor)
      await append(store, 1, 60)
      await consumers.deliver(store, true)
      await append(store, 61, 70)
      await consumers.read(store, 60)
      await store.close()
      expect(await destroy(path, at => isLost(at + 1))).toBe(70)
      await salvage(path, to)

      const told = Array.from({ length: 74 }, (__, i) => i + 1)
      const lost = told.filter(n => n <= 70 && isLost(n))
      const all = without(told, lost)
      const before = all.filter(n => n <= 60)
      store = await open(to)
      const lags = (await store.consumers()).map(({ name, lag, depth, dead }) => [name, lag, depth, dead])
      const behind = all.filter(n => n > 60 && n <= 70)
      const ofBob = (list: readonly number[]): number[] => list.filter(n => n % 3 === 0)
      expect(lags).toEqual([
        ['feed', behind.length, null, null],
        ['hopeless', ofBob(behind).length, 0, 20],
        ['log', 0, null, null],
        ['p', behind.length, null, null],
        ['w', behind.length, 60, 0],
      ])
      await append(store, 71, 74)
      for (const list of [consumers.cursor, consumers.up]) list.length = 0
      await workThrough(consumers, store)
      expect(consumers.cursor).toEqual(without(all, before))
      expect(consumers.up).toEqual(without(all, before))
      expect(consumers.down).toEqual(all)
      expect(consumers.projection(store).state).toEqual([...told.slice(0, 60), ...without(all, before)])

      // What waited for a lost record is a dead letter, by its log and sequence; and what was one can be tried again.
      const letters = await collect(consumers.worker(store).deadLetters())
      expect(letters).toHaveLength(lost.filter(n => n <= 60).length)
      const dead = await collect(consumers.hopeless(store).deadLetters())
      expect(dead.map(({ seq }) => seq)).toEqual([
        ...told.slice(0, 20),
        ...ofBob(all).flatMap(n => (n > 60 ? n / 3 : [])),
      ])
      for (const { id } of dead) expect(await consumers.hopeless(store).retry(id)).toBe(true)
      expect((await consumers.hopeless(store).stats()).depth).toBe(dead.length)
      await store.close()
    }),
  )
})

describe('a worker that had long delivered a record which is lost', () => {
  it('has nothing to deliver of it', () =>
    // The delivery went to a place for lost records, its removal to the one that later records let it have: it came back.
    withDirectory(async path => {
      const to = join(path, '..', 'salvaged')
      let store = await open(path)
      await store.actors.add(alice)
      const time = new FakeTime()
      const { clock, timer } = time
      const deliver = async (isDown: boolean): Promise<void> => {
        time.now += 1000
        const targets = ({ value }: { readonly value: unknown }): string[] => [String(value)]
        const worker = store.worker('w', { targets, clock, timer, backoff: () => 10, attemptsMax: 1000 })
        await worker.run(() => (isDown ? Promise.reject(new Error('ECONNREFUSED')) : 'done'), { live: false })
      }
      await store.append(['one', 'the lost one'].map(value => ({ log: store.outbox(alice), value })))
      await deliver(true)
      await store.inbox(alice).append('in another log')
      await deliver(false)
      await store.close()
      const file = join(path, 'segments', (await readdir(join(path, 'segments'))).toSorted()[0]!)
      const bytes = await readFile(file)
      bytes.fill(0, bytes.indexOf('the lost one'), bytes.indexOf('the lost one') + 4)
      await writeFile(file, bytes)
      expect((await salvage(path, to)).lost).toMatchObject([{ from: 2, to: 2 }])

      store = await open(to)
      expect(await store.consumers()).toMatchObject([{ name: 'w', lag: 0, depth: 0, dead: 0 }])
      await store.close()
    }))
})

type Step =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'work'; readonly isDown: boolean; readonly most: number }
  | { readonly do: 'redact'; readonly at: number }
  | { readonly do: 'compact' | 'reopen' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('work' as const), isDown: fc.boolean(), most: fc.nat({ max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redact' as const), at: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'compact' as const }, { do: 'reopen' as const }) },
)
const story = fc.array(step, { minLength: 3, maxLength: 14 })

/** Leaves a closed store with a story, in commits of one to three records. */
async function tell(path: string, steps: readonly Step[]): Promise<Consumers> {
  const consumers = new Consumers()
  let store = await open(path)
  for (const actor of [alice, bob]) await store.actors.add(actor)
  let n = 0
  for (const one of steps) {
    if (one.do === 'append') {
      // Those that are appended in one turn of the event loop are one commit, or two.
      const some = Array.from({ length: one.count }, () => ++n)
      for (let from = 0; from < some.length; from += 3)
        await Promise.all(some.slice(from, from + 3).map(each => append(store, each, each)))
    } else if (one.do === 'work') await consumers.work(store, one.isDown, one.most)
    else if (one.do === 'redact') {
      const { tip } = await store.outbox(alice).bounds()
      const seq = 1 + (one.at % tip)
      const record = tip === 0 ? undefined : await store.outbox(alice).get<Note>(seq)
      if (record?.redacted === false) consumers.redacted.push(record.value.n)
      if (record !== undefined) await store.outbox(alice).redact(seq)
    } else if (one.do === 'compact') await store.compact({ deadShareMin: 0 })
    else {
      await store.close()
      store = await open(path)
    }
  }
  await store.close()
  return consumers
}

/** Works until the cursor of the one log is past all that was lost. */
async function workThrough(consumers: Consumers, store: Store): Promise<void> {
  await consumers.work(store, false).catch((error: unknown) => {
    if (!isTwinlogError(error, 'LOST')) throw error
    return store
      .cursor('log')
      .seek(error.to)
      .then(() => workThrough(consumers, store))
  })
}

describe('whatever was told to a store', () => {
  it('and whichever commits of records are lost: all goes on where it was, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(story, fc.array(fc.boolean(), { minLength: 1, maxLength: 13 }), (steps, isLost) =>
        withDirectory(async path => {
          const to = join(path, '..', 'salvaged')
          const consumers = await tell(path, steps)
          const [cursor, up, down] = [[...consumers.cursor], [...consumers.up], [...consumers.down]]
          await destroy(path, at => isLost[at % isLost.length] === true)
          await salvage(path, to)
          const store = await open(to)
          await store.actors.add(alice)
          await append(store, 1001, 1006)
          const present = await presentIn(store)
          for (const list of [consumers.cursor, consumers.up, consumers.down]) list.length = 0
          await workThrough(consumers, store)
          expect(consumers.cursor).toEqual(without(present, cursor))
          expect(consumers.up).toEqual(without(present, up))
          expect(consumers.down).toEqual(without(present, down))
          await store.close()
        }),
      ),
      runs(25),
    )
  })

  it('and whatever is damaged, items of consumers too: a cursor and a projection skip nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        story,
        fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (steps, seeds, ignoreIndex) =>
          withDirectory(async path => {
            const to = join(path, '..', 'salvaged')
            const consumers = await tell(path, steps)
            // Where its redaction is damaged a record is back: who has passed over it is not given it, nor need be.
            const { redacted } = consumers
            const before = [...consumers.cursor, ...redacted]
            for (const seed of seeds) await flip(path, seed)
            try {
              await salvage(path, to, { ignoreIndex })
            } catch (error) {
              if (isTwinlogError(error, 'CORRUPT')) return
              throw error
            }
            const store = await open(to)
            await store.actors.add(alice)
            await append(store, 1001, 1001)
            const present = await presentIn(store)
            const again: number[] = []
            await take(store.cursor<Note>('feed'), Number.POSITIVE_INFINITY, again)
            expect(without(present, [...before, ...again])).toEqual([])
            const inFeed = present.filter(n => again.includes(n))
            expect(again).toEqual(inFeed)
            const projection = consumers.projection(store)
            // A piece of its snapshot may be gone alone: that is said, and it is made anew.
            await projection.run({ live: false }).catch(async (error: unknown) => {
              if (!isTwinlogError(error, 'CORRUPT')) throw error
              await projection.remove()
              await projection.run({ live: false })
            })
            expect(without(present, [...(projection.state ?? []), ...redacted])).toEqual([])
            await store.close()
          }),
      ),
      runs(25),
    )
  })
})
