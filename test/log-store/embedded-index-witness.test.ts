/**
 * A damaged index and a damaged log at once: what the index still says of the log outlives it, so that every open gives the
 * same answer, and nothing is made anew over records that are lost.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TwinlogError } from '../../src/errors.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import { append, bob, inbox } from '../../src/log-store/conformance/suite.ts'
import { rebuildIndex } from '../../src/rebuild-index.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { damage, everything, fill, segment } from './embedded-damage.ts'
import { codeOf, filesBelow, openDriver, reopened, withDirectory } from './embedded-store.ts'
import { flipTables, tablesOf } from './level-damage.ts'

afterEach(() => void vi.restoreAllMocks())

const old = (path: string): string => join(path, 'index.old')

/** A closed store of two segments whose index lies in a table. */
async function prepare(path: string): Promise<void> {
  for (let n = 0; n < 2; n += 1)
    await reopened(path, async store => {
      if (n === 0) await fill(store)
      for (let i = 0; i < 3; i += 1) {
        await append(store, inbox(bob), `filler ${n} ${i}`)
        await store.flushIndex()
      }
    })
  expect((await tablesOf(path)).length).toBeGreaterThan(0)
}

const harms: [string, (path: string) => Promise<void>][] = [
  ['tables', flipTables],
  [
    'a MANIFEST that is gone',
    async path => {
      for (const name of await readdir(join(path, 'index')))
        if (name.startsWith('MANIFEST')) await rm(join(path, 'index', name))
    },
  ],
]

describe.each(harms)('an index with damaged %s', (_, harm) => {
  it('LOG_LOST, at each open: the log is shorter than it says', () =>
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, everything)
      const last = segment(path, (await readdir(join(path, 'segments'))).length)
      const bytes = await readFile(last)
      await harm(path)
      for (const cut of [() => truncate(last, bytes.length - 100), () => truncate(last, 60), () => rm(last)]) {
        await cut()
        const before = await filesBelow(join(path, 'index'))
        for (let n = 0; n < 3; n += 1) {
          expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
          expect(await filesBelow(join(path, 'index'))).toEqual(before)
        }
        await writeFile(last, bytes)
      }
      expect(await reopened(path, everything)).toEqual(expected)
      expect(existsSync(old(path))).toBe(false)
    }))

  it('LOG_LOST, at each open: a commit in the middle is damaged; with that mended all is there', () =>
    // The first open deleted the index, and the second one had nothing left that said how far the log had come.
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, everything)
      const bytes = await readFile(segment(path))
      await damage(path, 'third', -20)
      await harm(path)
      const before = await filesBelow(join(path, 'index'))
      for (let n = 0; n < 3; n += 1) {
        expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
        const after = await filesBelow(join(path, 'index'))
        after.delete('condemned')
        expect(after).toEqual(before)
        expect(existsSync(old(path))).toBe(false)
      }
      // Now the log ends early, too, and the index still knows.
      await writeFile(segment(path), bytes)
      const last = segment(path, (await readdir(join(path, 'segments'))).length)
      const lastBytes = await readFile(last)
      await rm(last)
      expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      await writeFile(last, lastBytes)
      expect(await reopened(path, everything)).toEqual(expected)
    }))
})

describe('an index that is made anew', () => {
  it('is the old one again when the log can not be read: the store opens as it did', () =>
    // `rebuildIndex` deleted a sound index, and met a damaged commit then, which the old index had made good.
    withDirectory(async path => {
      await prepare(path)
      await damage(path, 'third', -20)
      const expected = await reopened(path, everything)
      for (const force of [false, true]) {
        expect(await codeOf(rebuildIndex(path, { force }))).toBe('LOG_LOST')
        expect(await reopened(path, everything)).toEqual(expected)
      }
    }))

  it('that was stopped has the old one beside it, which still knows how far the log had come', () =>
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, everything)
      await flipTables(path)
      // The process ends before the first batch: nothing puts anything back.
      vi.spyOn(KeyIndex.prototype, 'write').mockRejectedValue(
        new TwinlogError('IO_ERROR', 'the end', { place: 'index' }),
      )
      expect(await codeOf(openDriver(path))).toBe('IO_ERROR')
      vi.restoreAllMocks()
      expect(existsSync(old(path))).toBe(true)
      const last = segment(path, (await readdir(join(path, 'segments'))).length)
      const bytes = await readFile(last)
      await rm(last)
      for (let n = 0; n < 2; n += 1) expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      await writeFile(last, bytes)
      expect(await reopened(path, everything)).toEqual(expected)
      expect(existsSync(old(path))).toBe(false)
    }))

  it('by force, and was stopped: only another forced one goes on, because the old one still says what the log lacks', () =>
    withDirectory(async path => {
      await prepare(path)
      await rm(segment(path, (await readdir(join(path, 'segments'))).length))
      const stop = new AbortController()
      vi.spyOn(KeyIndex, 'create').mockImplementationOnce(() => {
        stop.abort(new TwinlogError('IO_ERROR', 'enough', { place: 'here' }))
        return Promise.reject(stop.signal.reason as Error)
      })
      const stopped = rebuildIndex(path, {
        force: true,
        signal: stop.signal,
      })
      expect(await codeOf(stopped)).toBe('IO_ERROR')
      expect(existsSync(old(path))).toBe(true)
      expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      expect(await codeOf(rebuildIndex(path))).toBe('LOG_LOST')
      await rebuildIndex(path, { force: true })
      expect(existsSync(old(path))).toBe(false)
      await reopened(path, everything)
    }))

  it('that was stopped: salvage asks the old one', () =>
    withDirectory(async path => {
      await prepare(path)
      vi.spyOn(KeyIndex.prototype, 'write').mockRejectedValue(new Error('before its first batch'))
      expect(await codeOf(rebuildIndex(path))).toBe('IO_ERROR')
      vi.restoreAllMocks()
      expect(existsSync(old(path))).toBe(true)
      await damage(path, 'third', -20)
      expect(await salvage(path, join(path, '..', 'salvaged'))).toMatchObject({
        usedIndex: true,
        lost: [{ from: 3, to: 3 }],
      })
    }))

  // The removal of an old index was cut short: the files that were left of it looked like an older index, and were asked.
  it('what the removal of an old one has left is no witness, and goes with the next open', () =>
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, everything)
      await flipTables(path)
      expect(await reopened(path, everything)).toEqual(expected)
      await mkdir(join(path, 'index.gone'))
      await writeFile(join(path, 'index.gone', 'CURRENT'), 'MANIFEST-000001\n')
      expect(await reopened(path, everything)).toEqual(expected)
      expect((await readdir(path)).filter(name => name.startsWith('index.') && name !== 'index.starts')).toEqual([])
    }))

  it.each(['a sound log', 'a damaged commit'])('where there is no room for two, and %s', what =>
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, everything)
      await flipTables(path)
      const bytes = await readFile(segment(path))
      if (what === 'a damaged commit') await damage(path, 'third', -20)
      const full = new Error('IO error: 000005.log: No space left on device')
      vi.spyOn(KeyIndex, 'create').mockRejectedValueOnce(full)
      if (what === 'a damaged commit') {
        expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
        expect((await tablesOf(path)).length).toBeGreaterThan(0)
        vi.restoreAllMocks()
        await writeFile(segment(path), bytes)
      }
      expect(await reopened(path, everything)).toEqual(expected)
      expect(existsSync(old(path))).toBe(false)
    }),
  )
})
