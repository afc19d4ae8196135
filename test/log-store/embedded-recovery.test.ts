/** Damage to the commit log as a store shows it: one record at most is lost to it, or the store says LOG_LOST; no lie. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  alice,
  append,
  bob,
  inbox,
  key,
  outbox,
  payload,
  readAll,
  textOf,
} from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogName } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { codeOf, copyOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

const log = inbox(alice)
/** Not the text itself, which the tests look for in the file. */
const keyOf = (text: string): Uint8Array => key([...text].toReversed().join(''))

/** Three records for alice and one for bob, each in a frame of its own; then one body in two logs, and a trim. */
async function fill(store: EmbeddedLogStore): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  for (const text of ['first', 'second', 'third']) await append(store, log, text, { key: keyOf(text) })
  await append(store, inbox(bob), 'of bob')
  const appends = [log, outbox(bob)].map(each => ({ log: each, payload: 0, receivedAt: 1 }))
  await store.append({ payloads: [payload('shared body')], appends })
  await append(store, outbox(alice), 'gone')
  await append(store, outbox(alice), 'last')
  await store.trim(outbox(alice), 2)
}

/** Sequence and text, or code, of each record from `first` to `tip`; read one by one. */
async function records(store: EmbeddedLogStore, name: LogName): Promise<readonly string[]> {
  const bounds = (await store.bounds(name))!
  const found: string[] = []
  for (let seq = bounds.first; seq <= bounds.tip; seq += 1) {
    try {
      const slice = await store.read(name, { from: seq, to: seq, limit: 1 })
      found.push(`${seq} ${textOf(slice!.records[0]!.payload)}`)
    } catch (error) {
      if (!isTwinlogError(error, 'CORRUPT')) throw error
      expect(error).toMatchObject({ actor: name.actor, box: name.box, seq, place: expect.stringMatching(/offset \d+/) })
      found.push(`${seq} CORRUPT`)
    }
  }
  return found
}

const whole = {
  alice: ['1 first', '2 second', '3 third', '4 shared body'],
  bob: ['1 of bob'],
  outbox: ['2 last'],
  shared: ['1 shared body'],
}

async function everything(store: EmbeddedLogStore): Promise<typeof whole> {
  return {
    alice: [...(await records(store, log))],
    bob: [...(await records(store, inbox(bob)))],
    outbox: [...(await records(store, outbox(alice)))],
    shared: [...(await records(store, outbox(bob)))],
  }
}

const segment = (path: string, number = 1): string =>
  join(path, 'segments', `${String(number).padStart(10, '0')}-${String(number).padStart(10, '0')}.0.seg`)

/** Damages one byte, `by` bytes from where the text stands. */
async function damage(path: string, text: string, by = 0): Promise<void> {
  const bytes = await readFile(segment(path))
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThanOrEqual(0)
  bytes[at + by]! ^= 0x10
  await writeFile(segment(path), bytes)
}

/** Runs `look` on a closed store with that damage: with its index, and with one that is made anew. */
async function damaged(
  harm: (path: string) => Promise<void>,
  look: (open: () => Promise<EmbeddedLogStore>, hasIndex: boolean) => Promise<void>,
): Promise<void> {
  for (const hasIndex of [true, false]) {
    await withDirectory(async path => {
      await reopened(path, fill)
      await harm(path)
      if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
      await look(() => openDriver(path), hasIndex)
    })
  }
}

async function using(
  open: () => Promise<EmbeddedLogStore>,
  use: (store: EmbeddedLogStore) => Promise<void>,
): Promise<void> {
  const store = await open()
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

describe('a damaged payload', () => {
  it('loses its record alone: CORRUPT says which; the neighbours read, appends go on, keys stay', async () => {
    await damaged(
      path => damage(path, 'second'),
      async open => {
        for (let round = 0; round < 2; round += 1) {
          await using(open, async store => {
            const { alice: found, ...rest } = await everything(store)
            expect(found.slice(0, 4)).toEqual(['1 first', '2 CORRUPT', '3 third', '4 shared body'])
            expect(rest).toEqual({ bob: whole.bob, outbox: whole.outbox, shared: whole.shared })
            expect(await store.find(log, keyOf('second'))).toBe(2)
            expect(await append(store, log, 'second', { key: keyOf('second') })).toEqual({
              status: 'duplicate',
              seq: 2,
            })
            expect(await append(store, log, `round ${round}`)).toEqual({ status: 'appended', seq: 5 + round })
          })
        }
      },
    )
  })

  it('stops a longer read before it, in both directions, and is met by the next one', async () => {
    await damaged(
      path => damage(path, 'second'),
      open =>
        using(open, async store => {
          const up = await store.read(log, { from: 1, to: 9, limit: 9 })
          expect(up!.records.map(record => record.seq)).toEqual([1])
          const down = await store.read(log, { from: 1, to: 9, limit: 9, reverse: true })
          expect(down!.records.map(record => record.seq)).toEqual([4, 3])
          expect(await codeOf(store.read(log, { from: 2, to: 9, limit: 9 }))).toBe('CORRUPT')
        }),
    )
  })

  it('that several records share is lost to each of them, and to no other', async () => {
    await damaged(
      path => damage(path, 'shared body'),
      open =>
        using(open, async store => {
          expect(await everything(store)).toEqual({
            ...whole,
            alice: [...whole.alice.slice(0, 3), '4 CORRUPT'],
            shared: ['1 CORRUPT'],
          })
        }),
    )
  })

  it("of twinlog's own entries costs nothing as long as there is an index, and is LOG_LOST without", async () => {
    // What a damaged trim or a damaged actor said can't be known.
    await damaged(
      path => damage(path, bob),
      async (open, hasIndex) => {
        if (hasIndex) await using(open, async store => expect(await everything(store)).toEqual(whole))
        else expect(await codeOf(open())).toBe('LOG_LOST')
      },
    )
  })
})

describe('a damaged header', () => {
  it('of a frame loses nothing', async () => {
    await damaged(
      // The frame's header stands before the entry's: 64 bytes, and 56 + 16 of the entry.
      path => damage(path, 'second', -(56 + 16 + 40)),
      open => using(open, async store => expect(await everything(store)).toEqual(whole)),
    )
  })

  it('of an entry loses its record as long as there is an index, and is LOG_LOST without', async () => {
    await damaged(
      path => damage(path, 'second', -(56 + 16 - 20)),
      async (open, hasIndex) => {
        if (!hasIndex) expect(await codeOf(open())).toBe('LOG_LOST')
        else {
          await using(open, async store => {
            expect(await everything(store)).toEqual({
              ...whole,
              alice: ['1 first', '2 CORRUPT', '3 third', '4 shared body'],
            })
          })
        }
      },
    )
  })

  it('of the last segment is LOG_LOST without an index, which alone knows where it began', async () => {
    await damaged(
      path => damage(path, 'TWINSEG', 20),
      async (open, hasIndex) => {
        if (hasIndex) await using(open, async store => expect(await everything(store)).toEqual(whole))
        else expect(await codeOf(open())).toBe('LOG_LOST')
      },
    )
  })
})

describe('a log that lost something', () => {
  it('is refused: a missing file, a file shorter than the index says, an index ahead of the log', async () => {
    await withDirectory(async path => {
      for (let round = 0; round < 3; round += 1)
        await reopened(path, async store => (await store.addActor(`${round}`), undefined))
      const from = await copyOf(path, `${path}-from`)
      for (const missing of [1, 2, 3]) {
        await rm(segment(await copyOf(from, path), missing))
        expect(await codeOf(openDriver(path)), String(missing)).toBe('LOG_LOST')
      }
      const { size } = await stat(segment(await copyOf(from, path), 3))
      for (const length of [0, 64, 128, size - 1]) {
        await truncate(segment(path, 3), length)
        expect(await codeOf(openDriver(path)), String(length)).toBe('LOG_LOST')
        await copyOf(from, path)
      }
      // Refused, not changed: the file put back, everything is there.
      await reopened(path, async store => expect(await store.listActors({ after: 0, limit: 9 })).toHaveLength(3))
    })
  })
})

describe('what opening found is told on twinlog:open', () => {
  it('bytes of a torn write, commits written again, commits replayed, an index made anew', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    subscribe('twinlog:open', listener)
    onTestFinished(() => void unsubscribe('twinlog:open', listener))
    const opened = async (path: string, change: () => Promise<unknown>): Promise<unknown> => {
      await change()
      messages.length = 0
      await reopened(path, async store => expect(await everything(store)).toEqual(whole))
      return messages[0]
    }
    await withDirectory(async path => {
      const store = await openDriver(path)
      expect(messages).toEqual([
        { path, rewrittenCommits: 0, droppedBytes: 0, replayedCommits: 0, indexRebuilt: false },
      ])
      store.indexer.pause()
      await fill(store)
      const killed = await copyOf(path, `${path}-killed`)
      await store.close()
      const { commit } = store.stats()
      expect(await opened(path, async () => null)).toMatchObject({
        replayedCommits: commit,
        rewrittenCommits: 1,
        droppedBytes: 0,
      })
      expect(await opened(path, async () => null)).toMatchObject({ replayedCommits: 0, rewrittenCommits: 0 })
      expect(await opened(path, () => rm(join(path, 'index'), { recursive: true }))).toMatchObject({
        indexRebuilt: true,
      })
      const torn = await opened(killed, () => appendFile(segment(killed), Buffer.alloc(100, 7)))
      expect(torn).toMatchObject({ path: killed, droppedBytes: 100, rewrittenCommits: 1 })
    })
  })
})

it('invariant 10: with a bit flipped anywhere, a closed store shows what it held, or says what it lost', async () => {
  await withDirectory(async path => {
    await reopened(path, fill)
    const from = await copyOf(path, `${path}-from`)
    const files = (await readdir(join(from, 'segments'))).map(name => join('segments', name))
    expect(files).toHaveLength(1)
    const original = await readFile(join(from, files[0]!))
    // A stride that is coprime to everything in the format: each field is hit, in each frame, at another bit.
    for (let at = 0; at < original.length; at += 29) {
      for (const hasIndex of [true, false]) {
        await copyOf(from, path)
        const bytes = Buffer.from(original)
        bytes[at]! ^= 1 << (at % 8)
        await writeFile(join(path, files[0]!), bytes)
        if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
        const store = await openDriver(path).catch((error: unknown) => {
          if (isTwinlogError(error, 'LOG_LOST')) return null
          throw error
        })
        if (store === null) expect(hasIndex).toBe(false)
        else {
          const found = Object.values(await everything(store)).flat()
          const expected = Object.values(whole).flat()
          const lost = found.filter(each => each.endsWith('CORRUPT'))
          expect(found.filter(each => !lost.includes(each) && !expected.includes(each))).toEqual([])
          expect(found).toHaveLength(expected.length)
          expect(lost.length).toBeLessThanOrEqual(2)
          expect(await store.find(log, keyOf('third'))).toBe(3)
          expect((await readAll(store, outbox(alice)).catch(() => null))?.length ?? 1).toBe(1)
          await store.close()
        }
      }
    }
  })
})
