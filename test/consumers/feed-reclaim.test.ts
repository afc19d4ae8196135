/**
 * The feed beside what takes records away. An appended record still stands in its frame after it was redacted, until a
 * compaction writes the segment again: the feed must give it neither before nor after, and positions stay good.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/consumers/types.ts'
import { open } from '../../src/open.ts'
import { openMemory } from '../../src/testing.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

function newDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'twinlog-feed-'))
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

async function fill(store: Store): Promise<void> {
  for (const actor of ['alice', 'bob', 'carol']) await store.actors.add(actor)
  for (let n = 1; n <= 60; n++) {
    const actor = ['alice', 'bob', 'carol'][n % 3]!
    await store.inbox(actor).append({ n, filling: 'x'.repeat(200) }, { key: `key ${n}` })
  }
}

async function takeAway(store: Store): Promise<void> {
  await store.inbox('alice').redact(3)
  await store.inbox('alice').redact(20)
  await store.inbox('bob').trim({ before: 15 })
  await store.actors.remove('carol')
}

async function seen(store: Store, after?: string): Promise<{ names: string[]; positions: string[] }> {
  const names: string[] = []
  const positions: string[] = []
  for await (const record of store.feed({ live: false, after })) {
    names.push(`${record.actor} ${record.seq}`)
    positions.push(record.position)
  }
  return { names, positions }
}

const left = Array.from({ length: 20 }, (_, i) => i + 1)
  .flatMap(seq => [...(seq >= 15 ? [`bob ${seq}`] : []), ...(seq === 3 || seq === 20 ? [] : [`alice ${seq}`])])
  .toSorted()

describe('the feed', () => {
  it('passes over what was redacted, trimmed and removed, in memory', async () => {
    const store = await openMemory()
    cleanups.push(() => store.close())
    await fill(store)
    await takeAway(store)
    expect((await seen(store)).names.toSorted()).toEqual(left)
  })

  it('does so on disk too, before a compaction and after it, beside the owner and after reopening', async () => {
    const directory = newDirectory()
    const store = await open(directory, { segmentBytes: 4096 })
    cleanups.push(() => store.close())
    await fill(store)
    const middle = (await seen(store)).positions[30]!
    await takeAway(store)
    const before = await seen(store)
    expect(before.names.toSorted()).toEqual(left)
    const fromMiddle = await seen(store, middle)
    await store.compact({ deadShareMin: 0 })
    expect(await seen(store)).toEqual(before)
    expect(await seen(store, middle)).toEqual(fromMiddle)
    expect(await seen(store, before.positions[4])).toEqual({
      names: before.names.slice(5),
      positions: before.positions.slice(5),
    })
    const reader = await open(directory, { readOnly: true })
    cleanups.push(() => reader.close())
    expect(await seen(reader)).toEqual(before)
    await store.close()
    const again = await open(directory)
    cleanups.push(() => again.close())
    expect(await seen(again)).toEqual(before)
  })
})

describe('a cursor on a log', () => {
  it('passes over what was redacted', async () => {
    const store = await open(newDirectory())
    cleanups.push(() => store.close())
    await fill(store)
    await takeAway(store)
    const given: number[] = []
    const cursor = store.cursor('reader', { log: store.inbox('alice') })
    await cursor.run(({ seq }) => void given.push(seq), { live: false })
    expect(given).toEqual(Array.from({ length: 20 }, (_, i) => i + 1).filter(seq => seq !== 3 && seq !== 20))
  })
})
