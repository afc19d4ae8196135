/** The writer: one frame in flight, the first failure is the last, and what `os` acknowledged is synced before it counts. */
import { describe, expect, it, vi } from 'vitest'
import type { CommitLog } from '../../src/commit-log/commit-log.ts'
import { segmentPath } from '../../src/commit-log/segment-files.ts'
import { FaultDisk, failingAt, type Step } from './fault-disk.ts'
import { add, codeOf, commit, openLog, texts } from './log-fixture.ts'
import { MemoryDisk } from './memory-disk.ts'

/** How the steps of a run look: `write 1`, `sync 1.tmp`. */
function summary(steps: readonly Step[]): string[] {
  return steps.map(({ operation, path }) => {
    const [, segment, unfinished] = /^segments\/0*(\d+)-\d+\.0\.seg(\.tmp)?$/.exec(path) ?? []
    return segment === undefined ? operation : `${operation} ${segment}${unfinished ?? ''}`
  })
}

/** Appends until a segment is full and one more frame lies in the next. */
async function fillTwoSegments(log: CommitLog): Promise<void> {
  for (let seq = 1; log.end.segment < 2; seq += 1) await commit(log, seq, ['x'.repeat(100)])
}

describe('a segment', () => {
  it('has its name only once its header is on disk, and takes frames only once its name is', async () => {
    const disk = new FaultDisk(new MemoryDisk())
    const log = await openLog(disk)
    await commit(log, 1, ['one'])
    expect(summary(disk.steps)).toEqual([
      'create 1.tmp',
      'write 1.tmp',
      'sync 1.tmp',
      'rename 1',
      'syncFolder',
      'write 1.tmp',
    ])
  })

  it('with durability os, is synced before the next one begins, whose header vouches for it', async () => {
    const disk = new FaultDisk(new MemoryDisk())
    const log = await openLog(disk, { durability: 'os', segmentBytes: 600 })
    await fillTwoSegments(log)
    const steps = summary(disk.steps)
    expect(steps.indexOf('sync 1.tmp', steps.indexOf('rename 1'))).toBeGreaterThan(0)
    expect(steps.indexOf('sync 1.tmp', steps.indexOf('rename 1'))).toBeLessThan(steps.indexOf('create 2.tmp'))
  })

  it('is synced while it is rolled without either going wrong', async () => {
    // Whoever asks for a sync must not meet the file of the segment that is being closed.
    const log = await openLog(new MemoryDisk(), { durability: 'os', segmentBytes: 300 })
    for (let seq = 1; seq <= 50; seq += 1) {
      add(log, 2, seq, `record ${seq}`)
      await Promise.all([log.sync(), log.commitPending(), log.sync(), Promise.resolve().then(() => log.sync())])
    }
    await log.sync()
    expect(log.durableCommit).toBe(50)
    expect(await texts(log)).toHaveLength(50)
  })
})

describe('the first failure', () => {
  it('of any write, sync, create or rename poisons the log: nothing touches the disk again, and it is told once', async () => {
    const clean = new FaultDisk(new MemoryDisk())
    await fillTwoSegments(await openLog(clean, { segmentBytes: 600 }))
    for (const { number } of clean.steps) {
      const disk = new FaultDisk(new MemoryDisk(), failingAt(number, { code: 'EIO', done: 'nothing' }))
      const log = await openLog(disk, { segmentBytes: 600 })
      log.onPoison = vi.fn<typeof log.onPoison>()
      expect(await codeOf(fillTwoSegments(log))).toBe('IO_ERROR')
      expect(log.poison).toMatchObject({ code: 'IO_ERROR' })
      add(log, 2, 100, 'late')
      expect(await codeOf(log.commitPending())).toBe('IO_ERROR')
      await log.close()
      expect(disk.steps).toHaveLength(number)
      expect(log.onPoison).toHaveBeenCalledOnce()
    }
  })

  it('of a sync with durability os is never retried, and no frame follows it', async () => {
    // After a failed fsync the kernel may drop what it could not write and say yes the next time.
    const disk = new FaultDisk(new MemoryDisk(), step =>
      step.operation === 'sync' && step.number > 3 ? { code: 'EIO', done: 'nothing' } : null,
    )
    const log = await openLog(disk, { durability: 'os' })
    await commit(log, 1, ['one'])
    const both = [codeOf(log.sync()), codeOf(log.sync())]
    expect(await Promise.all(both)).toEqual(['IO_ERROR', 'IO_ERROR'])
    add(log, 2, 2, 'two')
    expect(await codeOf(log.commitPending())).toBe('IO_ERROR')
    expect(await codeOf(log.sync())).toBe('IO_ERROR')
    expect(summary(disk.steps).filter(step => step === 'sync 1.tmp')).toHaveLength(2)
    expect(summary(disk.steps).at(-1)).toBe('sync 1.tmp')
    expect(log.durableCommit).toBe(0)
    expect(await texts(log)).toEqual(['one'])
  })

  it('does not make what is on disk less durable: sync has nothing to do, and says so', async () => {
    const memory = new MemoryDisk()
    const disk = new FaultDisk(memory, failingAt(7, { code: 'ENOSPC', done: 'half' }))
    const log = await openLog(disk)
    await commit(log, 1, ['one'])
    expect(await codeOf(commit(log, 2, ['two']))).toBe('LOW_SPACE')
    expect(await codeOf(log.sync())).toBeNull()
    expect(await texts(await openLog(memory))).toEqual(['one'])
  })

  it('while a segment begins closes the file it had opened', async () => {
    const open = new Set<string>()
    const memory = new MemoryDisk()
    const counting = new FaultDisk(memory, failingAt(3, { code: 'EIO', done: 'nothing' }))
    const create = counting.create.bind(counting)
    counting.create = async (path, options) => {
      const file = await create(path, options)
      open.add(path)
      return Object.assign(file, { close: async () => void open.delete(path) })
    }
    const log = await openLog(counting)
    expect(await codeOf(commit(log, 1, ['one']))).toBe('IO_ERROR')
    await log.close()
    expect([...open]).toEqual([])
  })
})

it('no segment that an earlier open wrote is touched by a later one', async () => {
  const disk = new MemoryDisk()
  const seen = new Map<string, Buffer>()
  for (let round = 0; round < 5; round += 1) {
    const log = await openLog(disk)
    await commit(log, round + 1, [`round ${round}`])
    await log.close()
    for (const [path, bytes] of seen) expect(disk.bytes(path), path).toEqual(bytes)
    for (const path of disk.paths) seen.set(path, disk.bytes(path))
  }
  expect(disk.paths).toContain(segmentPath(5))
})
