/** The tools and a store of which segments were written again. */
import { cpSync, rmSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BIRTH_PREFIX_BYTES } from '../../src/commit-log/layout.ts'
import { surveyLog } from '../../src/commit-log/survey.ts'
import { alice, append, bob, bytesOf, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { rebuildIndex } from '../../src/rebuild-index.ts'
import { backup } from '../../src/tools/backup.ts'
import { diff } from '../../src/tools/diff.ts'
import { restore } from '../../src/tools/restore.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { openSource } from '../../src/tools/source.ts'
import { verify } from '../../src/tools/verify.ts'
import { carol, fill, foundIn, gone, keyNames, kill, prepare, segmentsOf } from '../log-store/compact-fixtures.ts'
import { codeOf, copyOf, holdings, openDriver, reopened, withDirectory } from '../log-store/embedded-store.ts'
import { withReader } from '../log-store/read-only-fixtures.ts'

const all = { deadShareMin: 0 }
const logs = [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]
const everything = async (store: Parameters<typeof holdings>[0]): Promise<unknown> => [
  await Promise.all(logs.map(log => holdings(store, log, keyNames))),
  await store.actorStatus(carol),
  await store.item('i'),
]
const everythingIn = (path: string): Promise<unknown> => reopened(path, everything)
const compact = (path: string): Promise<unknown> => reopened(path, store => store.compact(all))

/** A closed store that was compacted, and went on. */
async function withCompacted(look: (path: string, expected: unknown) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    await prepare(path)
    await compact(path)
    await reopened(path, store => append(store, inbox(alice), 'goes on'))
    await look(path, await everythingIn(path))
  })
}

/** Replaces the segments by those of a copy that was compacted, the first time it is called. */
async function replacer(path: string): Promise<() => void> {
  const compacted = await copyOf(path, join(path, '..', 'compacted'))
  await compact(compacted)
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    rmSync(join(path, 'segments'), { recursive: true })
    cpSync(join(compacted, 'segments'), join(path, 'segments'), { recursive: true })
  }
}

async function flip(path: string, file: string, offset: number): Promise<void> {
  const name = join(path, 'segments', file)
  const bytes = await readFile(name)
  bytes[offset]! ^= 1
  await writeFile(name, bytes)
}

/** The segment file in which a record with that text stands, and where. */
async function placeOf(path: string, text: string): Promise<readonly [string, number]> {
  const survey = await surveyLog((await openSource(path)).reading)
  for await (const step of survey.steps()) {
    if (step.kind !== 'frame') continue
    const entry = step.frame.entries.find(each => step.frame.bytesOf(each).includes(text))
    if (entry !== undefined) return [basename(step.file), step.frame.offsetOf(entry)]
  }
  throw new Error(`there is no ${text}`)
}

const isRewritten = (file: string): boolean => !file.endsWith('.0.seg')

describe('verify', () => {
  it('finds a compacted store clean, and one of which only some segments were written again', () =>
    withCompacted(async path => {
      expect((await segmentsOf(path)).filter(isRewritten).length).toBeGreaterThan(3)
      expect(await verify(path)).toMatchObject({ isClean: true, findings: [], missing: [], actors: 2 })
      await withDirectory(async other => {
        await prepare(other)
        const stop = new AbortController()
        const onProgress = ({ done }: { readonly done: number }): void => {
          if (done === 1) stop.abort()
        }
        await reopened(other, async store => {
          await expect(store.compact({ ...all, signal: stop.signal, onProgress })).rejects.toThrow()
        })
        const files = await segmentsOf(other)
        expect(files.some(isRewritten)).toBe(true)
        expect(files.filter(file => !isRewritten(file)).length).toBeGreaterThan(2)
        expect((await verify(other)).findings).toEqual([])
      })
    }))

  it('finds every flipped bit of a segment that was written again: header, frames, birth places, map', () =>
    withCompacted(async path => {
      const files = (await segmentsOf(path)).filter(isRewritten)
      const sizes = await Promise.all(files.map(async file => (await readFile(join(path, 'segments', file))).length))
      const [file, size] = [files[sizes.indexOf(Math.max(...sizes))]!, Math.max(...sizes)]
      const codes = new Set<string>()
      for (let offset = 0; offset < size; offset += offset < 300 || offset > size - 100 ? 1 : 11) {
        await flip(path, file, offset)
        const { findings } = await verify(path)
        expect([offset, findings.length > 0]).toEqual([offset, true])
        for (const { code } of findings) codes.add(code)
        await flip(path, file, offset)
      }
      const expected = ['COMMIT_DAMAGED', 'RECORD_DAMAGED', 'RECORDS_MISSING', 'SEGMENT_HEADER_DAMAGED']
      expect([...codes]).toEqual(expect.arrayContaining([...expected, 'SEGMENT_MAP_DAMAGED']))
      expect(await verify(path)).toMatchObject({ isClean: true })
    }))

  it('a damaged birth place costs nothing, because the map says it too; with the map it costs the entry', () =>
    withCompacted(async (path, expected) => {
      const [file, offset] = await placeOf(path, 'KEPT-BODY 1')
      await flip(path, file, offset - BIRTH_PREFIX_BYTES + 5)
      expect(await verify(path)).toMatchObject({
        findings: [{ code: 'COMMIT_HEADER_DAMAGED', costs: 'nothing' }],
        missing: [],
      })
      const to = join(path, '..', 'salvaged')
      expect(await salvage(path, to)).toMatchObject({ isComplete: true, lost: [], unknownCommits: [] })
      expect(await everythingIn(to)).toEqual(expected)
      await withReader(path, async reader => expect(await everything(reader)).toEqual(expected))
      await rebuildIndex(path)
      expect(await everythingIn(path)).toEqual(expected)

      await flip(path, file, (await readFile(join(path, 'segments', file))).length - 1)
      const { findings, missing } = await verify(path)
      expect(findings.map(({ code }) => code)).toEqual(
        expect.arrayContaining(['COMMIT_DAMAGED', 'SEGMENT_MAP_DAMAGED']),
      )
      expect(missing).toEqual([{ actor: bob, box: 'inbox', from: 2, to: 2 }])
      expect(await codeOf(rebuildIndex(path))).toBe('LOG_LOST')
    }))

  it('goes on where segments are replaced while it runs; so does diff', async () => {
    for (const tool of [verify, (path: string, options: object) => diff(path, join(path, '..', 'other'), options)]) {
      await withDirectory(async path => {
        await prepare(path)
        await copyOf(path, join(path, '..', 'other'))
        const report = await tool(path, { onProgress: await replacer(path) })
        expect((await segmentsOf(path)).some(isRewritten)).toBe(true)
        expect('isClean' in report ? report.isClean : report.isEqual).toBe(true)
      })
    }
  })

  it('is clean while segments are written again beside it', () =>
    withDirectory(async path => {
      const store = await openDriver(path)
      await fill(store)
      await kill(store)
      const compacting = store.compact(all)
      for (let n = 0; n < 5; n += 1) expect((await verify(path)).findings).toEqual([])
      await compacting
      expect((await verify(path)).findings).toEqual([])
      await store.close()
    }))
})

describe('salvage', () => {
  it('keeps all there is: bounds, redactions, keys of records that are gone; and takes over nothing redacted', async () => {
    const salvaged = async (path: string): Promise<void> => {
      const expected = await everythingIn(path)
      const to = join(path, '..', 'salvaged')
      expect(await salvage(path, to)).toMatchObject({ isComplete: true, lost: [], unknownCommits: [] })
      expect(await foundIn(to, ['REDACTED-BODY', 'REDACTED-META'])).toEqual([])
      expect(await verify(to)).toMatchObject({ isClean: true, missing: [] })
      expect(await everythingIn(to)).toEqual(expected)
      await withReader(to, async reader => expect(await everything(reader)).toEqual(expected))
      expect(await diff(path, to)).toMatchObject({ isEqual: true })
      await reopened(to, async store => {
        for (const [log, name] of [[inbox(alice), 'k-trimmed'] as const, [outbox(alice), 'k-redacted'] as const])
          expect(await codeOf(append(store, log, 'another', { key: key(name) }))).toBe('KEY_CONFLICT')
      })
      await compact(to)
      expect(await foundIn(to, gone)).toEqual([])
    }
    await withCompacted(salvaged)
    // The same before anything is given back.
    await withDirectory(async path => {
      await prepare(path)
      await salvaged(path)
    })
  })

  it('of a damaged one: what was trimmed or redacted is not lost, and what is damaged is', () =>
    withCompacted(async path => {
      const file = (await segmentsOf(path)).findLast(isRewritten)!
      for (const name of await segmentsOf(path)) {
        const at = (await readFile(join(path, 'segments', name))).indexOf('KEPT-BODY 1')
        if (at > 0) await flip(path, name, at)
      }
      await flip(path, file, 40)
      const to = join(path, '..', 'salvaged')
      expect(await salvage(path, to)).toMatchObject({
        lost: [{ actor: bob, box: 'inbox', from: 2, to: 2 }],
        unknownCommits: [],
      })
      const lost = { code: 'LOST', seq: 2 }
      const read = (store: EmbeddedLogStore) => store.read(inbox(bob), { from: 2, to: 2, limit: 1 })
      await reopened(to, async store => {
        await expect(read(store)).rejects.toMatchObject(lost)
        await append(store, outbox(alice), 'dead', { meta: bytesOf('x') })
        await store.redact(outbox(alice), (await store.bounds(outbox(alice)))!.tip)
        await store.compact(all)
        // What is lost stays lost, for an open store and for one that reads its log again.
        await expect(read(store)).rejects.toMatchObject(lost)
      })
      await rebuildIndex(to)
      await reopened(to, store => expect(read(store)).rejects.toMatchObject(lost))
      expect(await verify(to)).toMatchObject({ isClean: true, missing: [] })
      // Until it is trimmed, or redacted: then nobody is told of it any more.
      await reopened(to, async store => {
        expect(await store.redact(inbox(bob), 2)).toMatchObject({ redacted: true })
        await store.compact(all)
        expect(await read(store)).toMatchObject({ records: [{ seq: 2, redacted: true }] })
        await store.trim(inbox(bob), 4)
        await store.compact(all)
      })
      await rebuildIndex(to)
      await reopened(to, async store => expect(await store.bounds(inbox(bob))).toMatchObject({ first: 4, tip: 3 }))
      expect(await verify(to)).toMatchObject({ isClean: true })
    }))
})

describe('backup', () => {
  it('takes what was written again in the place of what it had, and restores the same store', () =>
    withDirectory(async path => {
      const [directory, restored] = [join(path, '..', 'backup'), join(path, '..', 'restored')]
      await prepare(path)
      await backup(path, directory)
      await compact(path)
      expect((await backup(path, directory)).linked).toBeGreaterThan(3)
      expect(await segmentsOf(directory)).toEqual(await segmentsOf(path))
      expect(await foundIn(directory, gone)).toEqual([])
      expect(await backup(path, directory)).toMatchObject({ linked: 0, copied: 0 })
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(await everythingIn(path))
      expect(await verify(directory)).toMatchObject({ isClean: true })
    }))

  it('goes on where segments are replaced while it runs', () =>
    withDirectory(async path => {
      const [directory, restored] = [join(path, '..', 'backup'), join(path, '..', 'restored')]
      await prepare(path)
      const expected = await everythingIn(path)
      await backup(path, directory, { onProgress: await replacer(path) })
      expect(await segmentsOf(directory)).toEqual(await segmentsOf(path))
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(expected)
    }))

  it('goes on beside a compaction', () =>
    withDirectory(async path => {
      const [directory, restored] = [join(path, '..', 'backup'), join(path, '..', 'restored')]
      const store = await openDriver(path)
      await fill(store)
      await kill(store)
      const expected = await everything(store)
      const compacting = store.compact(all)
      const running = backup(path, directory, { copy: true })
      await Promise.all([compacting, running])
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(expected)
      await store.close()
    }))

  it('of another past is refused, also where segments were written again', () =>
    withDirectory(async path => {
      const directory = join(path, '..', 'backup')
      await prepare(path)
      const before = await copyOf(path, join(path, '..', 'before'))
      await reopened(path, store => append(store, inbox(bob), 'later'))
      await backup(path, directory)
      await compact(before)
      await expect(backup(before, directory)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'diverged' })
    }))
})

it('diff: redacted is redacted, whatever is left on disk; a record that only one redacted differs', () =>
  withDirectory(async path => {
    const other = join(path, '..', 'other')
    await prepare(path)
    await salvage(path, other)
    await compact(path)
    expect(await diff(path, other)).toMatchObject({ isEqual: true })
    await reopened(other, store => store.redact(inbox(bob), 3))
    const difference = { actor: bob, box: 'inbox', seq: 3 }
    expect((await diff(path, other)).differences).toMatchObject([{ ...difference, reason: 'redacted-in-b' }])
    expect((await diff(other, path)).differences).toMatchObject([{ ...difference, reason: 'redacted-in-a' }])
  }))

describe('an index made anew from a compacted log', () => {
  it('is as the one that was', () =>
    withCompacted(async (path, expected) => {
      await rebuildIndex(path)
      expect(await everythingIn(path)).toEqual(expected)
    }))

  it('LOG_LOST: the segment behind one that was written again is missing, and a file of a lower generation is no help', () =>
    withCompacted(async path => {
      const files = await segmentsOf(path)
      const last = files.findLastIndex(isRewritten)
      for (const file of files.slice(last + 1)) await rm(join(path, 'segments', file))
      expect(await codeOf(rebuildIndex(path))).toBe('LOG_LOST')
      expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      expect((await verify(path)).findings.map(({ code }) => code)).toContain('SEGMENT_MISSING')
    }))
})
