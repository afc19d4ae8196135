/** `rebuildIndex`, as a host or the command calls it on a store that is closed. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { open, rebuildIndex, type OpenProgress } from '../../src/index.ts'
import { codeOf, filesBelow, withDirectory } from './embedded-store.ts'
import { flipTables } from './level-damage.ts'
import { told } from './told.ts'

const alice = 'https://example.com/users/alice'
const count = 12_000

async function fill(path: string): Promise<void> {
  const store = await open(path)
  for (const actor of [alice, 'gone']) await store.actors.add(actor)
  const inbox = store.inbox(alice)
  await Promise.all(Array.from({ length: count }, (_, n) => inbox.append(n, { key: `key ${n}` })))
  await inbox.trim({ before: 11 })
  await store.actors.remove('gone')
  await store.close()
}

async function everything(path: string): Promise<unknown> {
  const store = await open(path)
  try {
    const inbox = store.inbox(alice)
    const values: unknown[] = []
    for await (const { seq, value } of inbox.read()) values.push(seq, value)
    const found = await Promise.all([0, 9, 10, count - 1, count].map(n => inbox.find(`key ${n}`)))
    const statuses = await Promise.all([alice, 'gone', 'never'].map(id => store.actors.status(id)))
    return { values, found, statuses, bounds: await inbox.bounds() }
  } finally {
    await store.close()
  }
}

describe('rebuildIndex', () => {
  it('makes the index anew, whatever state it is in, and says how far it is and how fast', async () => {
    await withDirectory(async path => {
      await fill(path)
      const expected = await everything(path)
      for (const harm of [async () => {}, flipTables, (at: string) => rm(join(at, 'index'), { recursive: true })]) {
        await harm(path)
        const steps: OpenProgress[] = []
        const opened = await told('twinlog:open', async () => {
          const report = await rebuildIndex(path, { onProgress: step => void steps.push(step) })
          expect(report.commits).toBeGreaterThan(3)
          expect(report.milliseconds).toBeGreaterThan(0)
        })
        expect(opened).toMatchObject([{ indexRebuilt: true, rebuiltFor: 'it was asked for' }])
        const { total } = steps[0]!
        expect(steps.length).toBeGreaterThan(2)
        for (const step of steps) {
          expect(step).toEqual({
            task: 'rebuild',
            done: expect.any(Number),
            total,
            unit: 'commits',
            rate: expect.any(Number),
          })
          expect(step.rate).toBeGreaterThan(0)
        }
        expect(steps.map(({ done }) => done)).toEqual(steps.map(({ done }) => done).toSorted((a, b) => a - b))
        expect(steps.at(-1)?.done).toBe(total)
        expect(await told('twinlog:open', async () => expect(await everything(path)).toEqual(expected))).toMatchObject([
          { indexRebuilt: false },
        ])
      }
    })
  })

  it('that is stopped is gone on with by the next open; stopped before it began, it changed nothing', async () => {
    await withDirectory(async path => {
      await fill(path)
      const expected = await everything(path)
      const reason = new Error('enough')
      const before = await filesBelow(path)
      await expect(rebuildIndex(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await filesBelow(path)).toEqual(before)
      const stop = new AbortController()
      const stopped = rebuildIndex(path, { signal: stop.signal, onProgress: () => stop.abort(reason) })
      await expect(stopped).rejects.toBe(reason)
      const opened = await told('twinlog:open', async () => expect(await everything(path)).toEqual(expected))
      expect(opened).toMatchObject([{ indexRebuilt: false, replayedCommits: expect.any(Number) }])
      expect((opened[0] as { replayedCommits: number }).replayedCommits).toBeGreaterThan(0)
    })
  })

  it('refuses where an owner is, where nothing is, and what makes no sense', async () => {
    await withDirectory(async path => {
      expect(await codeOf(rebuildIndex(path))).toBe('STORE_NOT_FOUND')
      const store = await open(path)
      expect(await codeOf(rebuildIndex(path))).toBe('LOCKED')
      await store.close()
      expect(await codeOf(rebuildIndex(path, { lockWaitMs: -1 }))).toBe('OUT_OF_RANGE')
      for (const options of [{ forced: true }, { force: 1 }, { signal: {} }, null, 7])
        await expect(rebuildIndex(path, options as object)).rejects.toThrow(TypeError)
      await expect(rebuildIndex('')).rejects.toThrow(TypeError)
    })
  })

  it('refuses a log that is shorter than the index says, unless it is told to take what there is', async () => {
    await withDirectory(async path => {
      await fill(path)
      const store = await open(path)
      await store.inbox(alice).append('the last')
      await store.close()
      const segments = (await readdir(join(path, 'segments'))).toSorted()
      await rm(join(path, 'segments', segments.at(-1)!))
      const before = await filesBelow(join(path, 'index'))
      for (const harm of [async () => {}, flipTables]) {
        await harm(path)
        expect(await codeOf(rebuildIndex(path))).toBe('LOG_LOST')
        expect([...(await filesBelow(join(path, 'index'))).keys()]).toEqual([...before.keys()])
      }
      await rebuildIndex(path, { force: true })
      expect(await everything(path)).toMatchObject({ bounds: { first: 11, tip: count } })
    })
  })
})
