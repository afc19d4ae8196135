/** What salvage makes of a store that was compacted, or is, and damaged besides. */
import { cpSync, rmSync } from 'node:fs'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { surveyLog } from '../../src/commit-log/survey.ts'
import { alice, append, bob, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { openSource } from '../../src/tools/source.ts'
import { verify } from '../../src/tools/verify.ts'
import { prepare, segmentsOf } from '../log-store/compact-fixtures.ts'
import { codeOf, copyOf, reopened, withDirectory } from '../log-store/embedded-store.ts'

/** Damages the header of the first entry of that type. */
async function harmEntry(path: string, type: number): Promise<void> {
  const survey = await surveyLog((await openSource(path)).reading)
  for await (const step of survey.steps()) {
    if (step.kind !== 'frame') continue
    const entry = step.frame.entries.find(each => each.type === type)
    if (entry === undefined) continue
    return flipIn(join(path, step.file), step.frame.offsetOf(entry) + 30)
  }
  throw new Error('there is no such entry')
}

/** The commits of which something is left in that file. */
async function commitsIn(path: string, file: string): Promise<readonly number[]> {
  const commits: number[] = []
  for await (const step of (await surveyLog((await openSource(path)).reading)).steps())
    if (step.kind === 'frame' && step.frame.damage === null && basename(step.file) === file)
      commits.push(step.frame.commit)
  return commits
}

async function flipIn(file: string, offset: number): Promise<void> {
  const bytes = await readFile(file)
  bytes[offset]! ^= 1
  await writeFile(file, bytes)
}

describe('a key whose record was taken away, by an entry that is damaged', () => {
  // A record with a key was redacted, and its segment written again: the key stayed, alone. Then the redaction was damaged.
  // Salvage took the key over, and nothing that said why there was no record: `verify` missed one in the new store, and
  // reading it was CORRUPT.
  it.each([
    ['redaction', ENTRY_TYPE.redact],
    ['trim', ENTRY_TYPE.bounds],
  ])('%s: is redacted in the new store, and keeps its key', (_, type) =>
    withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await append(store, outbox(alice), 'goes', { key: key('k') })
        await append(store, outbox(alice), 'stays')
      })
      await reopened(path, async store => {
        if (type === ENTRY_TYPE.redact) await store.redact(outbox(alice), 1)
        else await store.trim(outbox(alice), 2)
        await store.compact({ deadShareMin: 0 })
        await append(store, inbox(alice), 'later')
      })
      await harmEntry(path, type)
      const to = join(path, '..', 'salvaged')
      const report = await salvage(path, to, { ignoreIndex: true })
      expect(report).toMatchObject({ lost: [], unknownCommits: [{}] })
      expect(await verify(to)).toMatchObject({ findings: [], missing: [] })
      await reopened(to, async store => {
        const { records } = (await store.read(outbox(alice), { from: 1, to: 2, limit: 2 }))!
        expect(records).toMatchObject([
          { seq: 1, codec: 'bytes', receivedAt: 0, redacted: true },
          { seq: 2, redacted: false },
        ])
        expect(await codeOf(append(store, outbox(alice), 'another', { key: key('k') }))).toBe('KEY_CONFLICT')
      })
    }),
  )

  it('is trimmed where the index still knows that', () =>
    withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await append(store, outbox(alice), 'goes', { key: key('k') })
        await append(store, outbox(alice), 'stays')
      })
      await reopened(path, async store => {
        await store.trim(outbox(alice), 2)
        await store.compact({ deadShareMin: 0 })
        await append(store, inbox(alice), 'later')
      })
      await harmEntry(path, ENTRY_TYPE.bounds)
      const to = join(path, '..', 'salvaged')
      expect(await salvage(path, to)).toMatchObject({ lost: [], usedIndex: true })
      expect(await verify(to)).toMatchObject({ findings: [], missing: [] })
      await reopened(to, async store => expect(await store.bounds(outbox(alice))).toMatchObject({ first: 2, tip: 2 }))
    }))
})

describe('a segment that was written again, of which nothing is left', () => {
  // Such a segment lacks commits anyway, so the survey took the word of the next one for where it ended: salvage named no
  // commit of which something is unknown, although a redaction was among them.
  const whole = (path: string, file: string): string => join(path, 'segments', file)
  it.each<[string, (path: string, file: string, next: string) => Promise<void>]>([
    ['it is empty', (path, file) => truncate(whole(path, file), 0)],
    [
      'it is empty, and the header of the next one is damaged',
      async (path, file, next) => {
        await truncate(whole(path, file), 0)
        await flipIn(whole(path, next), 40)
      },
    ],
    [
      'it is gone, and the header of the next one is damaged',
      async (path, file, next) => {
        await rm(whole(path, file))
        await flipIn(whole(path, next), 40)
      },
    ],
    [
      'its header is damaged, and it ends in the middle',
      async (path, file) => {
        await flipIn(whole(path, file), 40)
        await truncate(whole(path, file), 1000)
      },
    ],
  ])('%s: its commits are named', (_, harm) =>
    withDirectory(async path => {
      await prepare(path)
      await reopened(path, async store => {
        for (let n = 0; n < 40; n += 1) await append(store, inbox(bob), `more ${n} ${'x'.repeat(300)}`)
        for (let seq = 5; seq < 40; seq += 5) await store.redact(inbox(bob), seq)
        await store.compact({ deadShareMin: 0 })
      })
      const files = await segmentsOf(path)
      const [before, file, next] = [files[5]!, files[6]!, files[7]!]
      for (const each of [before, file, next]) expect(each.endsWith('.0.seg')).toBe(false)
      const commits = await commitsIn(path, file)
      expect(commits.length).toBeGreaterThan(3)
      await harm(path, file, next)
      const left = await commitsIn(path, file)
      const report = await salvage(path, join(path, '..', 'salvaged'), { ignoreIndex: true })
      for (const commit of commits)
        if (!left.includes(commit))
          expect([commit, report.unknownCommits.some(({ from, to }) => from <= commit && commit <= to)]).toEqual([
            commit,
            true,
          ])
      expect(await verify(join(path, '..', 'salvaged'))).toMatchObject({ findings: [] })
    }),
  )
})

describe('beside an owner', () => {
  const does: Record<string, (store: EmbeddedLogStore) => Promise<unknown>> = {
    'takes things away and compacts': async store => {
      await store.redact(inbox(bob), 2)
      await store.redact(inbox(bob), 8)
      await store.trim(inbox(alice), (await store.bounds(inbox(alice)))!.tip + 1)
      await append(store, inbox(bob), 'meanwhile')
      await store.compact({ deadShareMin: 0 })
    },
    // The index, which is copied once the source has been read a first time, then knew of records in a segment that had not
    // been there when salvage began: it called them lost.
    'appends to a new segment': store => append(store, inbox(bob), 'meanwhile'),
  }

  it.each(Object.keys(does))('who %s: nothing is called lost, whenever that is', what =>
    withDirectory(async path => {
      await prepare(path)
      await reopened(path, async store => {
        for (let n = 0; n < 20; n += 1) await append(store, inbox(bob), `more ${n} ${'x'.repeat(300)}`)
      })
      const before = await copyOf(path, join(path, '..', 'before'))
      const later = await copyOf(path, join(path, '..', 'later'))
      await reopened(later, does[what]!)
      const become = (from: string): void => {
        for (const folder of ['segments', 'index']) {
          rmSync(join(path, folder), { recursive: true })
          cpSync(join(from, folder), join(path, folder), { recursive: true })
        }
      }
      /** Returns how many commits were read, both times together. */
      const salvaged = async (ignoreIndex: boolean, changeAt: number): Promise<number> => {
        let commits = 0
        const { signal } = new AbortController()
        // Looked at with each commit that is read.
        signal.throwIfAborted = () => {
          commits += 1
          if (commits === changeAt) become(later)
        }
        const to = join(path, '..', 'salvaged')
        const report = await salvage(path, to, { ignoreIndex, signal })
        const found = { at: changeAt, ...report, findings: (await verify(to)).findings }
        expect(found).toMatchObject({ at: changeAt, lost: [], unknownCommits: [], unnamed: [], findings: [] })
        await rm(to, { recursive: true })
        return commits
      }
      const commits = await salvaged(true, Infinity)
      expect(commits).toBeGreaterThan(100)
      for (const ignoreIndex of [true, false])
        for (let at = 1; at <= commits; at += 13) {
          await salvaged(ignoreIndex, at)
          become(before)
        }
    }),
  )

  it('who redacts and compacts all the while: nothing is called lost', () =>
    withDirectory(async path => {
      await prepare(path)
      await reopened(path, async store => {
        for (let n = 0; n < 20; n += 1) await append(store, inbox(bob), `more ${n} ${'x'.repeat(300)}`)
        for (let n = 0; n < 6; n += 1) {
          const taking = (async () => {
            for (let seq = 3 * n + 2; seq < 3 * n + 5; seq += 1) {
              await store.redact(inbox(bob), seq)
              await store.compact({ deadShareMin: 0 })
            }
          })()
          const to = join(path, '..', `salvaged ${n}`)
          expect(await salvage(path, to)).toMatchObject({ lost: [], unknownCommits: [], unnamed: [] })
          await taking
          expect(await verify(to)).toMatchObject({ findings: [] })
        }
      })
    }))
})
