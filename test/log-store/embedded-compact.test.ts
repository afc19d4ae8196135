/** What a compaction gives back, what it leaves, and what it tells. */
import { once } from 'node:events'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Disk } from '../../src/commit-log/disk.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, appendAll, bob, contents, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import type { CompactProgress } from '../../src/log-store/compact-options.ts'
import {
  carol,
  fill,
  foundIn,
  gone,
  keyNames,
  kill,
  prepare,
  removedKey,
  segmentsOf,
  stays,
} from './compact-fixtures.ts'
import { codeOf, holdings, openDriver, reopened, withDirectory, withStore } from './embedded-store.ts'
import { withReader } from './read-only-fixtures.ts'

const all = { deadShareMin: 0 }
const everything = async (store: Parameters<typeof holdings>[0]): Promise<unknown> => [
  await Promise.all([inbox(alice), outbox(alice), inbox(bob), outbox(bob)].map(log => holdings(store, log, keyNames))),
  await store.actorStatus(carol),
  await store.item('i'),
]

describe('what is given back', () => {
  it('is in no file any more, and what stays is all there: at once, opened again, and made anew', () =>
    withDirectory(async path => {
      const store = await openDriver(path)
      await fill(store)
      expect(await foundIn(path, [...gone, ...stays])).toEqual([...gone, ...stays].toSorted())
      await kill(store)
      const before = await everything(store)
      const report = await store.compact(all)
      expect(report.rewritten).toBeGreaterThan(2)
      expect(report.damaged).toBe(0)
      expect(report.bytesAfter).toBeLessThan(report.bytesBefore / 2)
      expect(await foundIn(path, [...gone, ...stays])).toEqual(stays.toSorted())
      expect(await everything(store)).toEqual(before)
      await withReader(path, async reader => expect(await everything(reader)).toEqual(before))
      await store.close()
      expect(await foundIn(path, gone)).toEqual([])
      await reopened(path, async again => expect(await everything(again)).toEqual(before))
      // LevelDB's list of its tables names the first and last key of each, and is written anew by an open.
      expect(await foundIn(path, [...gone, removedKey])).toEqual([])
      await rm(join(path, 'index'), { recursive: true })
      await reopened(path, async anew => {
        expect(await everything(anew)).toEqual(before)
        await append(anew, inbox(alice), 'goes on')
        expect(await codeOf(append(anew, outbox(alice), 'other', { key: key('k-redacted') }))).toBe('KEY_CONFLICT')
      })
    }))

  it('what was redacted or removed goes however little it is; what was trimmed when it is worth it', () =>
    withStore({ segmentBytes: 64 * 1024 }, async (store, path) => {
      await fill(store)
      for (let i = 0; i < 60; i += 1) await append(store, inbox(bob), `KEPT-BODY ${'y'.repeat(500)}`)
      await store.trim(inbox(alice), 3)
      expect((await store.compact({ deadShareMin: 0.9 })).rewritten).toBe(0)
      await store.redact(outbox(alice), 1)
      expect((await store.compact({ deadShareMin: 0.9 })).rewritten).toBe(1)
      expect(await foundIn(path, ['REDACTED-BODY'])).toEqual([])
      await store.removeActor(carol)
      expect((await store.compact({ deadShareMin: 1 })).rewritten).toBeGreaterThan(0)
      expect(await foundIn(path, ['REMOVED-BODY'])).toEqual([])
    }))

  it('a torn tail goes with it: what was never acknowledged, or was written again, may be in it', () =>
    withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await append(store, inbox(alice), 'KEPT-BODY')
      })
      const [first = ''] = await segmentsOf(path)
      const file = join(path, 'segments', first)
      await writeFile(file, Buffer.concat([await readFile(file), Buffer.from('TORN-TAIL')]))
      await reopened(path, async store => {
        await append(store, inbox(alice), 'second')
        expect(await foundIn(path, ['TORN-TAIL'])).toEqual(['TORN-TAIL'])
        expect((await store.compact({ deadShareMin: 1 })).rewritten).toBe(1)
        expect(await foundIn(path, ['TORN-TAIL', 'KEPT-BODY'])).toEqual(['KEPT-BODY'])
        expect(await contents(store, inbox(alice))).toEqual(['1 KEPT-BODY', '2 second'])
      })
    }))

  it('what is being written is no torn tail', () =>
    // The file is longer than what is acknowledged while a frame is on its way: the segment was written again for nothing.
    withDirectory(async path => {
      const hold = new AbortController()
      const release = new AbortController()
      const written = new AbortController()
      const real = nodeDisk(path)
      const disk: Disk = {
        ...real,
        create: async (file, options) => {
          const inner = await real.create(file, options)
          const write = inner.write.bind(inner)
          inner.write = async (bytes, position) => {
            await write(bytes, position)
            if (!hold.signal.aborted || release.signal.aborted) return
            written.abort()
            await once(release.signal, 'abort')
          }
          return inner
        },
      }
      const store = await openDriver(path, {}, disk)
      await store.addActor(alice)
      await append(store, inbox(alice), 'KEPT-BODY')
      hold.abort()
      const isWritten = once(written.signal, 'abort')
      const writing = append(store, inbox(alice), 'x'.repeat(500))
      await isWritten
      expect(await store.compact({ deadShareMin: 1, dryRun: true })).toMatchObject({ segments: 1, rewritten: 0 })
      release.abort()
      await writing
      await store.close()
    }))

  it('a torn tail of the last segment goes too', () =>
    withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await append(store, inbox(alice), 'KEPT-BODY')
      })
      const file = join(path, 'segments', (await segmentsOf(path)).at(-1)!)
      await writeFile(file, Buffer.concat([await readFile(file), Buffer.from('TORN-TAIL')]))
      await reopened(path, async store => {
        expect((await store.compact({ deadShareMin: 1 })).rewritten).toBe(1)
        expect(await foundIn(path, ['TORN-TAIL', 'KEPT-BODY'])).toEqual(['KEPT-BODY'])
        expect(await contents(store, inbox(alice))).toEqual(['1 KEPT-BODY'])
      })
    }))

  it('a segment of which nothing is left is a header alone, so that a missing file is always damage', () =>
    withStore({}, async (store, path) => {
      await store.addActor(alice)
      for (let i = 0; i < 40; i += 1) await append(store, inbox(alice), 'x'.repeat(300))
      await store.trim(inbox(alice), 41)
      await store.compact(all)
      const names = await segmentsOf(path)
      const sizes = await Promise.all(names.map(async name => (await stat(join(path, 'segments', name))).size))
      expect(sizes.filter(size => size === 128).length).toBeGreaterThan(1)
      expect(await store.bounds(inbox(alice))).toMatchObject({ first: 41, tip: 40 })
    }))

  it('again and again: a segment that was written again is written again when more of it is dead', () =>
    withStore({}, async (store, path) => {
      await store.addActor(alice)
      await appendAll(
        store,
        inbox(alice),
        Array.from({ length: 30 }, (_, i) => `${i + 1} ${'x'.repeat(250)}`),
      )
      for (let before = 4; before <= 30; before += 5) {
        await store.trim(inbox(alice), before)
        await store.redact(inbox(alice), before + 1)
        await store.compact(all)
        const found = await contents(store, inbox(alice))
        expect(found).toHaveLength(31 - before)
        expect(found[0]).toContain(`${before} ${before} `)
      }
      expect(await segmentsOf(path)).toContainEqual(expect.stringMatching(/\.[2-9]\.seg$/))
    }))
})

describe('a compaction', () => {
  it('with dryRun says what it would do, and changes nothing', () =>
    withDirectory(async path => {
      await prepare(path)
      await reopened(path, async store => {
        const before = await segmentsOf(path)
        const { bytesWritten, ...planned } = await store.compact({ ...all, dryRun: true })
        expect(bytesWritten).toBe(0)
        expect(await segmentsOf(path)).toEqual(before)
        expect(await store.compact(all)).toMatchObject(planned)
        expect(await store.compact(all)).toMatchObject({ rewritten: 0, bytesBefore: expect.any(Number) })
      })
    }))

  it('tells how far it is, and ends at the signal, with its reason; what was freed stays freed', () =>
    withDirectory(async path => {
      await prepare(path)
      await reopened(path, async store => {
        const before = await everything(store)
        const seen: CompactProgress[] = []
        const abort = new AbortController()
        const onProgress = (progress: CompactProgress): void => {
          seen.push(progress)
          if (progress.task === 'rewrite' && seen.filter(({ task }) => task === 'rewrite').length === 2)
            abort.abort('enough')
        }
        await expect(store.compact({ ...all, signal: abort.signal, onProgress })).rejects.toBe('enough')
        expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).toSorted((a, b) => a - b))
        expect((await segmentsOf(path)).filter(name => name.endsWith('.1.seg'))).toHaveLength(1)
        expect((await segmentsOf(path)).filter(name => name.endsWith('.tmp'))).toEqual([])
        expect(await everything(store)).toEqual(before)
      })
    }))

  it('goes no faster than it is told, and a close ends it', () =>
    withDirectory(async path => {
      await prepare(path)
      const store = await openDriver(path)
      const slow = store.compact({ ...all, bytesPerSecond: 1 })
      const waiting = store.compact(all)
      const ends = Promise.all([codeOf(slow), codeOf(waiting)])
      await store.close()
      expect(await ends).toEqual(['CLOSED', 'CLOSED'])
      expect(await codeOf(store.compact())).toBe('CLOSED')
    }))

  it('refuses what it can not do', () =>
    withStore({}, async store => {
      for (const deadShareMin of [-0.1, 1.1, Number.NaN])
        expect(await codeOf(store.compact({ deadShareMin }))).toBe('OUT_OF_RANGE')
      for (const bytesPerSecond of [0, -1, Number.NaN])
        expect(await codeOf(store.compact({ bytesPerSecond }))).toBe('OUT_OF_RANGE')
    }))

  it('of a store to which nothing was written does nothing', () =>
    withStore({}, async store => {
      expect(await store.compact(all)).toMatchObject({ segments: 0, rewritten: 0, bytesBefore: 0 })
    }))

  it('a damaged segment is left as it is, and counted; the others are written again', () =>
    withDirectory(async path => {
      await prepare(path)
      const file = join(path, 'segments', (await segmentsOf(path))[0]!)
      const bytes = await readFile(file)
      bytes[bytes.indexOf('SHARED-KEPT')]! ^= 1
      await writeFile(file, bytes)
      await reopened(path, async store => {
        const { damaged, rewritten } = await store.compact(all)
        expect([damaged, rewritten > 0]).toEqual([1, true])
        expect(await readFile(file)).toEqual(bytes)
        expect((await store.compact({ ...all, dryRun: true })).damaged).toBe(1)
      })
    }))
})

const keyOf = (n: number): Uint8Array => Buffer.from(String(n).padStart(16, '0'))

describe('while a compaction runs', () => {
  it('appends, reads and readers in flight go on, and nothing is missed', () =>
    withStore({}, async (store, path) => {
      await fill(store)
      await kill(store)
      await store.addActor(carol)
      const expected = await contents(store, inbox(bob))
      await withReader(path, async reader => {
        const done = new AbortController()
        const compactions = (async () => {
          for (let i = 0; i < 5; i += 1) {
            await store.compact(all)
            const { first, tip } = (await store.bounds(inbox(carol)))!
            await store.trim(inbox(carol), Math.max(first, tip - 3))
          }
          done.abort()
        })()
        let appended = 0
        while (!done.signal.aborted) {
          await append(store, inbox(carol), `${'z'.repeat(200)} ${appended}`, { key: keyOf(appended) })
          appended += 1
          expect(await contents(store, inbox(bob))).toEqual(expected)
          const seen = await contents(reader, inbox(carol))
          expect(seen.at(-1)).toContain(` ${appended - 1}`)
          expect(await reader.find(inbox(carol), keyOf(0))).toBe(1)
        }
        await compactions
        expect(await store.bounds(inbox(carol))).toMatchObject({ tip: appended })
      })
    }))
})
