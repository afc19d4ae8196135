/**
 * A compaction that is cut short, and files of it that are damaged or missing.
 *
 * The failure that these are about: the old file of a segment is deleted, the new one was never on disk under its name,
 * and the power goes. Or both are there, and the older one is read, with what somebody had asked to be gone.
 */
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alice, append, bob, contents, inbox, outbox } from '../../src/log-store/conformance/suite.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import type { LogStore } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { FaultDisk, type Step } from '../commit-log/fault-disk.ts'
import { CrashDisk } from '../engine/crash-disk.ts'
import { carol, foundIn, gone, keyNames, prepare, segmentsOf, stays } from './compact-fixtures.ts'
import { codeOf, copyOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'
import { look, withReader } from './read-only-fixtures.ts'

const all = { deadShareMin: 0 }
const logs = [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]

async function everything(store: LogStore): Promise<unknown> {
  const held = await Promise.all(logs.map(log => holdings(store, log, keyNames)))
  return [held, await store.actorStatus(carol), await store.item('i')]
}

/** The operations of a whole compaction that change the disk. */
async function stepsOf(path: string): Promise<readonly Step[]> {
  const disk = new FaultDisk(nodeDisk(path))
  const store = await openDriver(path, {}, disk)
  const before = disk.steps.length
  await store.compact(all)
  const steps = disk.steps.slice(before)
  await store.close()
  return steps
}

describe('a power cut', () => {
  it(
    'at any step leaves the same store, and the next compaction gives back what is left',
    () =>
      withDirectory(async path => {
        await prepare(path)
        const from = await copyOf(path, `${path}-from`)
        const expected = await reopened(path, everything)
        await copyOf(from, path)
        const steps = await stepsOf(path)
        expect(new Set(steps.map(({ operation }) => operation))).toEqual(
          new Set(['remove', 'create', 'write', 'sync', 'rename', 'syncFolder']),
        )
        for (let after = 0; after <= steps.length; after += 1) {
          await copyOf(from, path)
          const disk = new CrashDisk(nodeDisk(path), path)
          const store = await openDriver(path, {}, disk)
          disk.cutPowerAfter(after)
          await store.compact(all).catch(() => null)
          disk.cutPower()
          store.indexer.pause()
          await store.close().catch(() => null)
          await disk.settle(after * 7919)
          await withReader(path, async reader => expect(await everything(reader)).toEqual(expected))
          if (after % 2 === 0) await rm(join(path, 'index'), { recursive: true })
          await reopened(path, async again => {
            expect(await everything(again)).toEqual(expected)
            const names = await segmentsOf(path)
            expect(new Set(names.map(name => name.slice(0, 21))).size).toBe(names.length)
            await again.compact(all)
            expect(await everything(again)).toEqual(expected)
          })
          expect(await foundIn(path, [...gone, ...stays])).toEqual(stays.toSorted())
        }
      }),
    120_000,
  )

  it(
    'of the disk that refuses a step ends the compaction, and harms nothing',
    () =>
      withDirectory(async path => {
        await prepare(path)
        const from = await copyOf(path, `${path}-from`)
        const { length } = await stepsOf(path)
        for (let failing = 1; failing <= length; failing += 1) {
          await copyOf(from, path)
          let left = Infinity
          const disk = new FaultDisk(nodeDisk(path), () => {
            left -= 1
            return left === 0 ? { code: 'ENOSPC', done: failing % 2 === 0 ? 'half' : 'nothing' } : null
          })
          const store = await openDriver(path, {}, disk)
          const expected = await everything(store)
          left = failing
          const code = await codeOf(store.compact(all))
          expect([null, 'LOW_SPACE', 'OUTCOME_UNKNOWN', 'POISONED']).toContain(code)
          expect(await everything(store)).toEqual(expected)
          left = Infinity
          await store.close().catch(() => null)
          await reopened(path, async again => {
            await again.compact(all)
            expect(await everything(again)).toEqual(expected)
          })
          expect(await foundIn(path, gone)).toEqual([])
        }
      }),
    120_000,
  )
})

describe('files of a store that was compacted', () => {
  const compacted = (use: (path: string, from: string, expected: unknown) => Promise<void>): Promise<void> =>
    withDirectory(async path => {
      await prepare(path)
      const expected = await reopened(path, async store => {
        await store.compact(all)
        return everything(store)
      })
      await use(path, await copyOf(path, `${path}-from`), expected)
    })

  it('an older one that is still there is passed over, and deleted by the owner', () =>
    compacted(async (path, _, expected) => {
      const newer = (await segmentsOf(path)).find(name => name.endsWith('.1.seg'))!
      const older = newer.replace('.1.seg', '.0.seg')
      await copyFile(join(path, 'segments', newer), join(path, 'segments', older))
      await withReader(path, async reader => expect(await everything(reader)).toEqual(expected))
      await reopened(path, async store => expect(await everything(store)).toEqual(expected))
      expect(await segmentsOf(path)).not.toContain(older)
    }))

  it('an older one is not deleted where the header of the newer is damaged, nor read', () =>
    compacted(async (path, _, expected) => {
      const newer = (await segmentsOf(path)).find(name => name.endsWith('.1.seg'))!
      const older = newer.replace('.1.seg', '.0.seg')
      await writeFile(join(path, 'segments', older), 'what a salvage may look at')
      const bytes = await readFile(join(path, 'segments', newer))
      bytes[50]! ^= 1
      await writeFile(join(path, 'segments', newer), bytes)
      await reopened(path, async store => expect(await everything(store)).toEqual(expected))
      expect(await segmentsOf(path)).toContain(older)
    }))

  it('one that is missing is LOG_LOST, header alone or not; so is the successor of one that was written again', () =>
    compacted(async (path, from) => {
      const names = await segmentsOf(path)
      const last = names.findLastIndex(name => name.endsWith('.1.seg'))
      for (const missing of [...names.slice(0, last + 1).map(name => [name]), names.slice(last + 1)]) {
        await copyOf(from, path)
        for (const name of missing) await rm(join(path, 'segments', name))
        for (const hasIndex of [true, false]) {
          if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
          expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
        }
        expect(await codeOf(look(path))).toBe('LOG_LOST')
      }
    }))

  it("one under another's name, or exchanged for another, is noticed", () =>
    compacted(async (path, from) => {
      const [a, b] = (await segmentsOf(path)).filter(name => name.endsWith('.1.seg'))
      await rm(join(path, 'index'), { recursive: true })
      await rename(join(from, 'segments', a!), join(path, 'segments', b!))
      expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      await copyOf(from, path)
    }))

  it(
    'invariant 10: with a bit flipped anywhere in them, a record is right, or CORRUPT, or the store refuses',
    () =>
      compacted(async (path, from, expected) => {
        const records = async (store: LogStore): Promise<readonly string[]> => {
          const found: string[] = []
          for (const log of logs) {
            const { first, tip } = (await store.bounds(log))!
            found.push(`${first}..${tip}`)
            for (let seq = first; seq <= tip; seq += 1) {
              try {
                found.push(...(await contents(store, log, { from: seq, to: seq })))
              } catch (error) {
                if (!isTwinlogError(error, 'CORRUPT')) throw error
                found.push(`${seq} CORRUPT`)
              }
            }
          }
          return found
        }
        expect(expected).toBeDefined()
        const whole = await reopened(path, records)
        for (const name of (await segmentsOf(from)).filter(each => each.endsWith('.1.seg'))) {
          const original = await readFile(join(from, 'segments', name))
          for (let at = 0; at < original.length; at += 13) {
            for (const hasIndex of [true, false]) {
              await copyOf(from, path)
              const bytes = Buffer.from(original)
              bytes[at]! ^= 1 << (at % 8)
              await writeFile(join(path, 'segments', name), bytes)
              if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
              const store = await openDriver(path).catch((error: unknown) => {
                if (isTwinlogError(error, 'LOG_LOST')) return null
                throw error
              })
              if (store === null) expect(hasIndex).toBe(false)
              else {
                const found = await records(store)
                const lost = found.filter(each => each.endsWith('CORRUPT'))
                expect(found.filter(each => !lost.includes(each) && !whole.includes(each))).toEqual([])
                expect(found).toHaveLength(whole.length)
                expect(lost.length).toBeLessThanOrEqual(3)
                await append(store, inbox(alice), 'goes on')
                await store.close()
              }
            }
          }
        }
      }),
    240_000,
  )
})
