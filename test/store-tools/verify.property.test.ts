/** Verify finds what a reader would meet, and says nothing else. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isTwinlogError } from '../../src/errors.ts'
import { verify } from '../../src/tools/verify.ts'
import { runs } from '../engine/runs.ts'
import { withDirectory } from '../log-store/embedded-store.ts'
import { withReader } from '../log-store/read-only-fixtures.ts'
import { flip, logKey, shown, story, telling, type Truth } from './story.ts'

/** What can't be read of a log that exists, as a reader of the segments alone meets it. */
function unreadable(truth: Truth): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const [name, { records }] of truth) {
    const bad = [...records].flatMap(([seq, told]) => (told === 'CORRUPT' ? [seq] : []))
    if (bad.length > 0) found.set(name, bad)
  }
  return found
}

describe('verify', () => {
  it('says of an undamaged store that it is clean, and counts what is there', async () => {
    await fc.assert(
      fc.asyncProperty(story, steps =>
        withDirectory(async path => {
          const truth = await telling(path, steps)
          const report = await verify(path)
          assert.deepEqual([report.findings, report.missing, report.tornTail], [[], [], null])
          assert(report.isClean)
          const there = [...truth.values()].flatMap(({ records }) => [...records.values()])
          assert(report.records >= there.filter(told => !told.startsWith('redacted')).length)
        }),
      ),
      runs(60),
    )
  })

  it('finds a flipped bit, or the bit changes nothing that is read; it names exactly what is missing', async () => {
    await fc.assert(
      fc.asyncProperty(story, fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 3 }), (steps, seeds) =>
        withDirectory(async path => {
          const truth = await telling(path, steps)
          for (const seed of seeds) await flip(path, seed)
          const report = await verify(path).catch((error: unknown) => {
            if (isTwinlogError(error, 'CORRUPT')) return null
            throw error
          })
          // Neither the identity file nor a segment says which store it is: that is found, and all there is to find.
          if (report === null) return
          const named = new Map<string, number[]>()
          for (const { from, to, ...name } of report.missing) {
            const known = named.get(logKey(name)) ?? []
            for (let seq = from; seq <= to; seq += 1) known.push(seq)
            named.set(logKey(name), known)
          }
          try {
            const seen = await withReader(path, shown)
            assert.deepEqual(named, unreadable(seen))
            // The last commit has no witness: without it the log ends earlier, as after a torn write.
            if (report.isClean && report.tornTail === null) assert.deepEqual(seen, truth)
          } catch (error) {
            if (!isTwinlogError(error)) throw error
            assert(!report.isClean, `a reader is refused with ${error.code}, and verify found nothing`)
          }
        }),
      ),
      runs(250),
    )
  })
})
