/** The card's sentence: each inbox and each outbox is an independent LevelDB key range, and bare LevelDB can see it. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { append, alice, bob, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { actorNumber, type Bare, dump, rangeOf, readBareLog, withBare } from './embedded-bare-index.ts'
import { copyOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'

const logs = [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]

/** Every log with another content: trimmed, empty, trimmed empty, and whole; and an actor that is gone. */
async function fill(store: EmbeddedLogStore): Promise<void> {
  for (const actor of ['gone', alice, bob]) await store.addActor(actor)
  for (let i = 1; i <= 30; i += 1) {
    await append(store, inbox('gone'), `gone ${i}`, { key: key(`g${i}`) })
    await append(store, inbox(alice), `alice ${i}`, { key: key(`a${i}`) })
    await append(store, outbox(bob), `bob ${i}`, i % 2 === 0 ? { key: key(`b${i}`) } : {})
    if (i <= 3) await append(store, inbox(bob), `few ${i}`, { key: key(`f${i}`) })
  }
  await store.trim(inbox(alice), 20)
  await store.trim(inbox(bob), 4)
  await store.removeActor('gone')
}

const hex = (name: string): string => Buffer.from(key(name)).toString('hex')
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** What every range must hold, exactly. */
async function assertRanges(index: Bare): Promise<void> {
  const [a, b] = [await actorNumber(index, alice), await actorNumber(index, bob)]
  expect(await readBareLog(index, 2 * a)).toEqual({
    head: { first: 20, tip: 30 },
    sequences: numbers(20, 30),
    keys: new Map(numbers(1, 30).map(seq => [hex(`a${seq}`), seq])),
  })
  expect(await readBareLog(index, 2 * a + 1)).toEqual({ head: { first: 1, tip: 0 }, sequences: [], keys: new Map() })
  expect(await readBareLog(index, 2 * b)).toEqual({
    head: { first: 4, tip: 3 },
    sequences: [],
    keys: new Map(numbers(1, 3).map(seq => [hex(`f${seq}`), seq])),
  })
  const even = numbers(1, 30).filter(seq => seq % 2 === 0)
  expect(await readBareLog(index, 2 * b + 1)).toEqual({
    head: { first: 1, tip: 30 },
    sequences: numbers(1, 30),
    keys: new Map(even.map(seq => [hex(`b${seq}`), seq])),
  })
  const rest = await index.keys({ gte: rangeOf(2 * b + 2).gte }).all()
  const gone = await index.keys({ gte: rangeOf(1).gte, lt: rangeOf(2 * a).gte }).all()
  expect([...gone, ...rest]).toEqual([])
}

describe('bare classic-level finds in [log, log + 1) the head, first..tip and the keys, and nothing else', () => {
  it('after close', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      await withBare(path, assertRanges)
    })
  })

  it('after flushIndex, in what a kill would leave', async () => {
    await withDirectory(async path => {
      await reopened(path, async store => {
        await fill(store)
        await store.flushIndex()
        const copy = await copyOf(path, `${path}-copy`)
        await withBare(copy, assertRanges)
      })
    })
  })

  it('after close, when the index was behind and the next open replayed', async () => {
    await withDirectory(async path => {
      await reopened(
        path,
        async store => {
          store.indexer.pause()
          await fill(store)
        },
        { unindexedMax: 10_000 },
      )
      await reopened(path, async () => undefined)
      await withBare(path, assertRanges)
    })
  })
})

describe('clearing the range of one log with bare classic-level', () => {
  /** A closed store whose range of that log is empty, and the index as it was before. */
  async function cleared(path: string, name: (typeof logs)[number]): Promise<ReadonlyMap<string, string>> {
    await reopened(path, fill)
    const before = await dump(path)
    await withBare(path, async index => {
      const number = await actorNumber(index, name.actor)
      await index.clear(rangeOf(2 * number + (name.box === 'inbox' ? 0 : 1)))
    })
    expect(await dump(path)).not.toEqual(before)
    return before
  }

  for (const name of logs) {
    const title = `${name.actor === alice ? 'alice' : 'bob'} ${name.box}`

    it(`and rebuilding it restores every byte of it and changes no other: ${title}`, async () => {
      await withDirectory(async path => {
        const before = await cleared(path, name)
        await reopened(path, store => store.rebuildIndex(name))
        expect(await dump(path)).toEqual(before)
      })
    })

    it(`is mended by whoever reads, finds or appends first, and nobody sees it: ${title}`, async () => {
      await withDirectory(async path => {
        const before = await cleared(path, name)
        const keys = ['a1', 'a30', 'f1', 'b2', 'b3']
        const expected = await withDirectory(async other => {
          await reopened(other, fill)
          return reopened(other, store => holdings(store, name, keys))
        })
        expect(await reopened(path, store => holdings(store, name, keys))).toEqual(expected)
        expect(await dump(path)).toEqual(before)
      })
    })

    it(`does not let a key be used twice, or a sequence be given twice: ${title}`, async () => {
      await withDirectory(async path => {
        await cleared(path, name)
        await reopened(path, async store => {
          const { tip } = (await store.bounds(name))!
          const known = { a: 'alice 7', f: 'few 2', b: 'bob 8' }
          for (const [letter, text] of Object.entries(known)) {
            const found = await store.find(name, key(`${letter}${text.split(' ')[1]}`))
            if (found === null) continue
            expect(await append(store, name, text, { key: key(`${letter}${text.split(' ')[1]}`) })).toEqual({
              status: 'duplicate',
              seq: found,
            })
          }
          expect(await append(store, name, 'next')).toEqual({ status: 'appended', seq: tip + 1 })
        })
      })
    })
  }

  it('and all others while the indexer is paused: rebuilding goes on, and appends with it', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      await withBare(path, index => index.clear({ gte: rangeOf(1).gte }))
      const store = await openDriver(path)
      store.indexer.pause()
      expect(await append(store, outbox(bob), 'next')).toEqual({ status: 'appended', seq: 31 })
      expect(await store.bounds(inbox(alice))).toMatchObject({ first: 20, tip: 30 })
      store.indexer.resume()
      await store.close()
      await rm(join(path, 'index'), { recursive: true })
      await reopened(path, async rebuilt => expect(await rebuilt.bounds(outbox(bob))).toMatchObject({ tip: 31 }))
    })
  })
})
