/** One slice of a log: whole, or as much of it as may hold up the event loop. */
import { expect, it, onTestFinished, vi } from 'vitest'
import type { DiskFile } from '../../src/commit-log/disk.ts'
import type { KeyIndex } from '../../src/key-index/key-index.ts'
import { LogState } from '../../src/log-store/embedded/log-state.ts'
import { readSlice } from '../../src/log-store/embedded/read-slice.ts'
import { add, commit, openLog } from '../commit-log/log-fixture.ts'
import { FaultDisk } from '../commit-log/fault-disk.ts'
import { MemoryDisk } from '../commit-log/memory-disk.ts'

/** Its reads take so long, of a time that passes only then. */
class SlowDisk extends FaultDisk {
  readMs = 0

  override open(path: string): DiskFile {
    const file = super.open(path)
    return Object.assign(Object.create(file) as DiskFile, {
      readSync: (...args: Parameters<DiskFile['readSync']>) => {
        vi.advanceTimersByTime(this.readMs)
        return file.readSync(...args)
      },
    })
  }
}

const RECORDS = 40

it('ends after 20 ms of reads that are each just quick enough to block; the next one goes on', async () => {
  // A page of records that lie far from each other could hold up the event loop for as many times 4 ms.
  const disk = new SlowDisk(new MemoryDisk())
  const log = await openLog(disk, { segmentBytes: 1024 * 1024 })
  const state = new LogState(2, { actor: 'alice', box: 'inbox' }, { first: 1, tip: 0 })
  for (let seq = 1; seq <= RECORDS; seq += 1) {
    state.append(add(log, 2, seq, 'x').location)
    add(log, 3, seq, 'between'.repeat(1000))
    await log.commitPending()
  }
  state.ackedTip = RECORDS
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  disk.readMs = 4
  const index = {} as KeyIndex
  const slice = await readSlice(state, { from: 1, to: RECORDS, limit: RECORDS }, log, index)
  expect(slice.records).toHaveLength(6)
  disk.readMs = 0
  const rest = await readSlice(state, { from: 7, to: RECORDS, limit: RECORDS }, log, index)
  expect(rest.records).toHaveLength(RECORDS - 6)
})

it('nor do look-ups that are each just quick enough: the rest goes through the thread pool', async () => {
  const log = await openLog(new MemoryDisk(), { segmentBytes: 1024 * 1024 })
  const written = await commit(
    log,
    1,
    Array.from({ length: RECORDS }, (_, i) => `record ${i}`),
  )
  const state = new LogState(2, { actor: 'alice', box: 'inbox' }, { first: 1, tip: RECORDS })
  const locationOf = (seq: number) => written[seq - 1]!.location
  const asked: (readonly number[])[] = []
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const index = {
    now: { location: (_: number, seq: number) => (vi.advanceTimersByTime(4), locationOf(seq)) },
    locations: async (_: number, sequences: readonly number[]) => (asked.push(sequences), sequences.map(locationOf)),
  } as unknown as KeyIndex
  const { records } = await readSlice(state, { from: 1, to: RECORDS, limit: RECORDS }, log, index)
  expect(records.map(({ seq }) => seq)).toEqual(written.map(({ seq }) => seq))
  expect(asked).toEqual([written.slice(6).map(({ seq }) => seq)])
})
