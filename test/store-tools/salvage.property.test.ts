/** Salvage keeps what is good, lists what is lost, and lists nothing else. Invariants 2 and 3 hold in what it makes. */
import assert from 'node:assert/strict'
import { rm, truncate, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isTwinlogError } from '../../src/errors.ts'
import { salvage, type SalvageReport } from '../../src/tools/salvage.ts'
import { verify } from '../../src/tools/verify.ts'
import { runs } from '../engine/runs.ts'
import { filesBelow, reopened, withDirectory } from '../log-store/embedded-store.ts'
import { allLogs, flip, logKey, shown, shownIn, story, type Teller, toldAll, truthFiles, type Truth } from './story.ts'

type Harm =
  | { readonly kind: 'flip'; readonly seed: number }
  | { readonly kind: 'cut'; readonly seed: number; readonly part: number }
  | { readonly kind: 'delete'; readonly seed: number }

const seed = fc.nat({ max: 2 ** 31 - 1 })
const part = fc.double({ min: 0, max: 1, noNaN: true })
const harm: fc.Arbitrary<Harm> = fc.oneof(
  { weight: 6, arbitrary: seed.map((each): Harm => ({ kind: 'flip', seed: each })) },
  { weight: 1, arbitrary: fc.tuple(seed, part).map(([each, at]): Harm => ({ kind: 'cut', seed: each, part: at })) },
  { weight: 1, arbitrary: seed.map((each): Harm => ({ kind: 'delete', seed: each })) },
)
const harms = fc.array(harm, { minLength: 1, maxLength: 4 })

async function inflict(path: string, each: Harm): Promise<void> {
  if (each.kind === 'flip') return void (await flip(path, each.seed))
  const files = await truthFiles(path)
  const file = join(path, files[each.seed % files.length]!)
  if (each.kind === 'delete') return rm(file)
  await truncate(file, Math.floor(each.part * (await stat(file)).size))
}

async function salvaged(path: string, ignoreIndex: boolean): Promise<[string, SalvageReport] | null> {
  const to = join(path, '..', 'salvaged')
  try {
    return [to, await salvage(path, to, { ignoreIndex })]
  } catch (error) {
    // Neither an identity file nor a segment's header is left.
    if (isTwinlogError(error, 'CORRUPT') || isTwinlogError(error, 'STORE_NOT_FOUND')) return null
    throw error
  }
}

function listed({ lost }: SalvageReport): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  for (const { from, to, ...name } of lost) {
    const known = found.get(logKey(name)) ?? new Set()
    for (let seq = from; seq <= to; seq += 1) known.add(seq)
    found.set(logKey(name), known)
  }
  return found
}

/** What is there is what was appended, and `LOST` exactly what is listed. */
function assertHonest(seen: Truth, { truth, history }: Pick<Teller, 'truth' | 'history'>, report: SalvageReport): void {
  const lost = listed(report)
  for (const [name, { records }] of seen) {
    for (const [seq, told] of records) {
      const isListed = lost.get(name)?.delete(seq) === true
      assert.equal(told === 'LOST', isListed, `${name} ${seq}: ${told}`)
      if (told === 'LOST') continue
      const expected = truth.get(name)?.records.get(seq)
      // The redaction itself may be in a commit that is lost, and that is named.
      const isUndone = expected?.startsWith('redacted') === true && report.unknownCommits.length > 0
      if (told !== expected && isUndone)
        assert(wasThere(history, name, seq, told) || isKeyOfGone(truth, name, seq, told), `${name} ${seq}: ${told}`)
      else assert.equal(told, expected)
    }
    assert.deepEqual([...(lost.get(name) ?? [])], [], `${name}: listed, and not even a sequence`)
  }
}

const wasThere = (history: readonly Truth[], name: string, seq: number, told: string): boolean =>
  history.some(state => state.get(name)?.records.get(seq) === told)

/** What took the record away is lost; its key is left, and says that it was, but not when it had been received. */
function isKeyOfGone(truth: Truth, name: string, seq: number, told: string): boolean {
  return told === 'redacted bytes 0' && truth.get(name)?.records.get(seq)?.startsWith('redacted') !== false
}

describe('salvage', () => {
  it('with the index as a witness: invariants 2 and 3, every tip and first as it was, each record there or listed', async () => {
    await fc.assert(
      fc.asyncProperty(story, harms, (steps, some) =>
        withDirectory(async path => {
          const { truth, history } = await toldAll(path, steps)
          for (const each of some) await inflict(path, each).catch(() => {})
          const before = await filesBelow(path)
          const made = await salvaged(path, false)
          assert.deepEqual(await filesBelow(path), before)
          if (made === null) return
          const [to, report] = made
          assert(report.usedIndex)
          assert.deepEqual((await verify(to)).findings, [])
          const seen = await shownIn(to)
          assertHonest(seen, { truth, history }, report)
          assert.deepEqual(boundsOf(seen), boundsOf(truth))
          // Nothing that was trimmed, and nothing of a removed actor, comes back; the store goes on where it was.
          await goesOn(to, truth)
        }),
      ),
      runs(90),
    )
  })

  it('without it: what is there is right, what is known to be lost is listed, what may be besides has its commits named', async () => {
    await fc.assert(
      fc.asyncProperty(story, harms, (steps, some) =>
        withDirectory(async path => {
          const { truth, history } = await toldAll(path, steps)
          for (const each of some) await inflict(path, each).catch(() => {})
          const made = await salvaged(path, true)
          if (made === null) return
          const [to, report] = made
          assert.deepEqual((await verify(to)).findings, [])
          const seen = await shownIn(to)
          const isSure = report.unknownCommits.length === 0 && some.every(({ kind }) => kind === 'flip')
          if (!isSure) {
            // A trim or a removal may be in what was lost; but nothing is there that never was.
            for (const [name, { records }] of seen)
              for (const [seq, told] of records) {
                const isTrue = wasThere(history, name, seq, told) || isKeyOfGone(truth, name, seq, told)
                assert(told === 'LOST' || isTrue, `${name} ${seq}: ${told}`)
              }
            return
          }
          assertHonest(seen, { truth, history }, report)
        }),
      ),
      runs(60),
    )
  })
})

const boundsOf = (truth: Truth): unknown =>
  [...truth].map(([name, { first, tip }]) => [name, first, tip]).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))

async function goesOn(path: string, truth: Truth): Promise<void> {
  await reopened(path, async store => {
    for (const name of allLogs) {
      const told = truth.get(logKey(name))
      if (told === undefined) continue
      const payloads = [{ codec: 'bytes', bytes: Buffer.from('after') }] as const
      const appended = await store.append({ payloads, appends: [{ log: name, payload: 0, receivedAt: 1 }] })
      assert.deepEqual(appended, [{ status: 'appended', seq: told.tip + 1 }])
    }
  })
  await reopened(path, async store => {
    for (const { tip } of (await shown(store)).values()) assert(tip > 0)
  })
}
