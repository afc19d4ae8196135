/** Walking over segments that were written again, and while they are. */
import { expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import type { Disk } from '../../src/commit-log/disk.ts'
import { readIdentity } from '../../src/commit-log/identity.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { findTail, LOG_START } from '../../src/commit-log/recovery.ts'
import { lastSegmentOf } from '../../src/commit-log/segment-files.ts'
import type { LogPoint, ScannedFrame } from '../../src/commit-log/segment-scan.ts'
import { framesBetween } from '../../src/commit-log/segment-walk.ts'
import { prepare, segmentsOf } from '../log-store/compact-fixtures.ts'
import { reopened, withDirectory } from '../log-store/embedded-store.ts'

interface Seen {
  readonly commit: number
  readonly entries: number
  readonly end: LogPoint
}

async function walk(disk: Disk, from: LogPoint = LOG_START): Promise<Seen[]> {
  const { storeId } = (await readIdentity(disk))!
  const reading = { disk, storeId, checksum: await Checksum.forStore(storeId) }
  const { end } = await findTail(reading, await lastSegmentOf(disk), null)
  const seen: Seen[] = []
  const frames: AsyncIterable<ScannedFrame> = framesBetween(reading, from, end)
  for await (const { commit, entries, end: after } of frames) seen.push({ commit, entries: entries.length, end: after })
  return seen
}

const compacted = (use: (path: string) => Promise<void>): Promise<void> =>
  withDirectory(async path => {
    await prepare(path)
    await reopened(path, store => store.compact({ deadShareMin: 0 }))
    expect((await segmentsOf(path)).some(name => name.endsWith('.1.seg'))).toBe(true)
    await use(path)
  })

it('goes on from any commit, whether anything of that one is left or not', () =>
  compacted(async path => {
    const disk = nodeDisk(path)
    const all = await walk(disk)
    const last = all.at(-1)!
    for (let commit = 0; commit <= last.commit; commit += 1) {
      // Where the index stood is a point of generation 0: only its segment and its commit say anything now.
      const at = all.find(each => each.end.commit >= commit)
      const from = { segment: commit === 0 ? 0 : at!.end.segment, offset: 4000, commit, chain: null }
      if (from.segment > 0 && !(await segmentsOf(path))[from.segment - 1]!.endsWith('.1.seg')) continue
      expect(await walk(disk, from)).toEqual(all.filter(each => each.commit > commit))
    }
  }))

it('finds a segment that was written again after its name was read', () =>
  // The name was read, the file was written again and deleted, and a walk that a reader had begun ended with ENOENT.
  compacted(async path => {
    const disk = nodeDisk(path)
    const expected = await walk(disk)
    let lists = 0
    const late: Disk = {
      ...disk,
      list: async folder => {
        lists += 1
        const names = await disk.list(folder)
        return lists % 2 === 0 ? names.map(name => name.replace('.1.seg', '.0.seg')) : names
      },
    }
    expect(await walk(late)).toEqual(expected)
    expect(lists).toBeGreaterThan(2)
  }))
