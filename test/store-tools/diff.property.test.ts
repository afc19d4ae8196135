/** Diff says that stores are the same where a reader sees the same, and where they begin to differ. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { it } from 'vitest'
import { diff } from '../../src/tools/diff.ts'
import { verify } from '../../src/tools/verify.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { runs } from '../engine/runs.ts'
import { copyOf, withDirectory } from '../log-store/embedded-store.ts'
import { flip, logKey, step, story, Teller, telling, toldAll, type Truth } from './story.ts'

/** Where two truths begin to differ, log by log; `null`: only one has the log. */
function expected(a: Truth, b: Truth): Map<string, number | null> {
  const found = new Map<string, number | null>()
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [inA, inB] = [a.get(name), b.get(name)]
    if (inA === undefined || inB === undefined) {
      found.set(name, null)
      continue
    }
    for (let seq = Math.min(inA.first, inB.first); seq <= Math.max(inA.tip, inB.tip); seq += 1) {
      const [one, other] = [inA.records.get(seq), inB.records.get(seq)]
      if (one !== undefined && one === other) continue
      found.set(name, seq)
      break
    }
  }
  return found
}

it('a store and a copy of it that went on differ exactly where their records do; a store never differs from itself', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.array(step, { maxLength: 6, size: 'max' }), (steps, more) =>
      withDirectory(async path => {
        const { truth } = await toldAll(path, steps)
        assert.equal((await diff(path, path)).isEqual, true)
        const copy = await copyOf(path, join(path, '..', 'copy'))
        const teller = await Teller.goingOn(copy, truth)
        for (const each of more) await teller.tell(each)
        const report = await diff(path, copy)
        await teller.store.close()
        const named = new Map(report.differences.map(each => [logKey(each), each.seq]))
        assert.deepEqual(named, expected(truth, teller.truth))
        assert.equal(report.equalLogs, new Set([...truth.keys(), ...teller.truth.keys()]).size - named.size)
        assert.equal(report.isEqual, named.size === 0)
      }),
    ),
    runs(60),
  )
})

it('what a flipped bit costs, verify and diff agree on; what salvage lost differs as lost', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.nat({ max: 2 ** 31 - 1 }), (steps, seed) =>
      withDirectory(async path => {
        await telling(path, steps)
        const [copy, saved] = [await copyOf(path, join(path, '..', 'copy')), join(path, '..', 'saved')]
        await flip(copy, seed)
        const report = await verify(copy).catch(() => null)
        // Actors and trims that nothing shows any more are another matter.
        if (
          report === null ||
          report.findings.some(({ costs, code }) => costs === 'unknown' && code !== 'IDENTITY_DAMAGED')
        )
          return
        const firstMissing = new Map<string, number>()
        for (const each of report.missing) firstMissing.set(logKey(each), firstMissing.get(logKey(each)) ?? each.from)
        const compared = await diff(path, copy)
        assert.deepEqual(new Map(compared.differences.map(each => [logKey(each), each.seq])), firstMissing)
        assert(compared.differences.every(({ reason }) => reason === 'unreadable'))
        await salvage(copy, saved)
        const after = await diff(path, saved)
        assert.deepEqual(new Map(after.differences.map(each => [logKey(each), each.seq])), firstMissing)
        assert(after.differences.every(({ reason }) => reason === 'lost-in-b'))
      }),
    ),
    runs(60),
  )
})
