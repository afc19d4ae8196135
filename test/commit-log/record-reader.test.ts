/** Runs of entries: what lies together comes with one read, and every record is its own, in any order, at any pace. */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import type { CommitLog } from '../../src/commit-log/commit-log.ts'
import type { DiskFile } from '../../src/commit-log/disk.ts'
import type { EntryRun } from '../../src/commit-log/record-reader.ts'
import { TwinlogError } from '../../src/errors.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { FaultDisk } from './fault-disk.ts'
import { add, checksum, commit, openLog, type Written } from './log-fixture.ts'
import { MemoryDisk } from './memory-disk.ts'

/** Counts the reads of the files that are opened for reading, and how many of them wait together. */
class CountingDisk extends FaultDisk {
  reads = 0
  waitingMost = 0
  /** The place in its file that can't be read. */
  failsAt: number | null = null
  #waiting = 0

  override open(path: string): DiskFile {
    const file = super.open(path)
    const counted = (length: number, position: number): void => {
      this.reads += 1
      if (this.failsAt !== null && position <= this.failsAt && this.failsAt < position + length)
        throw new TwinlogError('IO_ERROR', 'EIO', { place: path })
    }
    return {
      readSync: (target, at, length, position) => {
        counted(length, position)
        return file.readSync(target, at, length, position)
      },
      read: async (target, at, length, position) => {
        this.#waiting += 1
        this.waitingMost = Math.max(this.waitingMost, this.#waiting)
        await turn()
        this.#waiting -= 1
        counted(length, position)
        return file.read(target, at, length, position)
      },
      write: (...args) => file.write(...args),
      sync: () => file.sync(),
      size: () => file.size(),
      close: () => file.close(),
    }
  }
}

function setPace(isHot: () => boolean): void {
  const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockImplementation(isHot)
  onTestFinished(() => pace.mockRestore())
}

/** A record whose body is an entry of its own, before it in the frame. */
function addShared(log: CommitLog, seq: number, text: string): Written {
  const payload = Buffer.from(text)
  const payloadSum = checksum.sum(payload)
  const { offset } = log.pending.add({ type: ENTRY_TYPE.payload, codec: 3, payloadSum, payload })
  const fields = { type: ENTRY_TYPE.append, codec: 3, log: 2, seq, receivedAt: 1, payloadSum, payloadAt: offset }
  return { log: 2, seq, text, commit: log.end.commit + 1, location: log.pending.add(fields) }
}

async function textsOf(run: EntryRun, count: number): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for (let i = 0; i < count; i += 1) found.push((await run.at(i))?.payload.toString())
  return found
}

it('records that lie together come with one read, forwards and backwards; others with one each', async () => {
  setPace(() => true)
  const disk = new CountingDisk(new MemoryDisk())
  const log = await openLog(disk, { segmentBytes: 1024 * 1024 })
  const near = await commit(
    log,
    1,
    Array.from({ length: 20 }, (_, i) => `near ${i}`),
  )
  await commit(log, 21, ['far'.repeat(10_000)])
  const [last] = await commit(log, 22, ['last'])
  for (const isCold of [false, true]) {
    setPace(() => !isCold)
    for (const records of [near, near.toReversed(), [near[3]!, near[9]!, near[1]!]]) {
      disk.reads = 0
      const run = log.run(records.map(({ location }) => location))
      expect(await textsOf(run, records.length)).toEqual(records.map(({ text }) => text))
      expect(disk.reads).toBe(1)
    }
    disk.reads = 0
    expect(await textsOf(log.run([last!.location, near[0]!.location]), 2)).toEqual(['last', 'near 0'])
    expect(disk.reads).toBe(2)
  }
})

it('where reads wait, eight of them do so at once, and one that fails is met at its own record', async () => {
  setPace(() => false)
  const disk = new CountingDisk(new MemoryDisk())
  const log = await openLog(disk, { segmentBytes: 1024 * 1024 })
  const written: Written[] = []
  for (let seq = 1; seq <= 40; seq += 2) {
    const [record] = await commit(log, seq, [`record ${seq}`, 'between'.repeat(1000)])
    written.push(record!)
  }
  const read = () => textsOf(log.run(written.map(({ location }) => location)), written.length)
  expect(await read()).toEqual(written.map(({ text }) => text))
  expect(disk).toMatchObject({ reads: 20, waitingMost: 8 })
  disk.failsAt = written[4]!.location.offset
  const run = log.run(written.map(({ location }) => location))
  expect(await textsOf(run, 4)).toEqual(written.slice(0, 4).map(({ text }) => text))
  await expect(run.at(4)).rejects.toMatchObject({ code: 'IO_ERROR' })
  disk.failsAt = null
  expect(await read()).toEqual(written.map(({ text }) => text))
})

it('a place that can not be read is met at the record that lies there, and not at those before it', async () => {
  // One read for all records of a page failed as a whole.
  const disk = new CountingDisk(new MemoryDisk())
  const log = await openLog(disk, { segmentBytes: 1024 * 1024 })
  const written = await commit(
    log,
    1,
    Array.from({ length: 9 }, (_, i) => `record ${i}`),
  )
  disk.failsAt = written[4]!.location.offset + 60
  for (const isHot of [true, false]) {
    setPace(() => isHot)
    for (const records of [written, written.toReversed()]) {
      const run = log.run(records.map(({ location }) => location))
      expect(await textsOf(run, 4)).toEqual(records.slice(0, 4).map(({ text }) => text))
      await expect((async () => run.at(4))()).rejects.toMatchObject({ code: 'IO_ERROR' })
    }
  }
})

it('gives each record as it was appended, whatever its size, from memory and from files, two runs at once', async () => {
  const size = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(4000, 4096, 5000, 300_000))
  const frames = fc.array(fc.array(fc.tuple(size, fc.boolean()), { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 8,
  })
  const recentBytes = fc.constantFrom(0, 2000, 1024 * 1024)
  const order = fc.infiniteStream(fc.nat())
  await fc.assert(
    fc.asyncProperty(
      frames,
      recentBytes,
      order,
      fc.infiniteStream(fc.boolean()),
      async (plan, recent, picks, paces) => {
        const log = await openLog(new MemoryDisk(), { segmentBytes: 20_000, recentBytes: recent })
        const written: Written[] = []
        for (const frame of plan) {
          for (const [bytes, isShared] of frame) {
            const seq = written.length + 1
            const text = `${seq} `.padEnd(bytes, String(seq % 10))
            written.push(isShared ? addShared(log, seq, text) : add(log, 2, seq, text))
          }
          await log.commitPending()
        }
        setPace(() => paces.next().value)
        const pick = () => Array.from(picks.take(12), i => written[i % written.length]!)
        const read = async (records: readonly Written[]) => {
          const found = await textsOf(log.run(records.map(({ location }) => location)), records.length)
          expect(found).toEqual(records.map(({ text }) => text))
        }
        await Promise.all([read(pick()), read(pick()), read(written), read(written.toReversed())])
        await log.close()
      },
    ),
  )
})

it('a run that reads on after another has read is not given the bytes of that one', async () => {
  // Blocking reads fill the same memory again and again.
  setPace(() => true)
  const log = await openLog(new MemoryDisk(), { segmentBytes: 1024 * 1024 })
  const some = await commit(log, 1, ['a', 'b', 'c'])
  const others = await commit(log, 4, ['d', 'e', 'f'])
  const [one, two] = [some, others].map(records => log.run(records.map(({ location }) => location)))
  const texts: (string | undefined)[] = []
  for (let i = 0; i < 3; i += 1) for (const run of [one, two]) texts.push((await run!.at(i))?.payload.toString())
  expect(texts).toEqual(['a', 'd', 'b', 'e', 'c', 'f'])
})
