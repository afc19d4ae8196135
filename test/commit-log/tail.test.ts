/** The end of the log: a torn write is dropped, damage is not, and what nobody vouches for is written again first. */
import { describe, expect, it } from 'vitest'
import { SEGMENT_HEADER_BYTES } from '../../src/commit-log/layout.ts'
import { findTail, readSegmentHeader } from '../../src/commit-log/recovery.ts'
import { segmentPath } from '../../src/commit-log/segment-files.ts'
import { ENTRY_FIELDS, ENTRY_HEADER_BYTES, ENTRY_TYPE } from '../../src/record/layout.ts'
import { add, checksum, codeOf, commit, openLog, reading, replayed, texts } from './log-fixture.ts'
import { FaultDisk, stoppingAt, type Done } from './fault-disk.ts'
import { MemoryDisk } from './memory-disk.ts'

const first = segmentPath(1)

/** A log of three frames, and where the last of them begins and ends. */
async function threeFrames(segmentBytes = 4096): Promise<{ disk: MemoryDisk; start: number; end: number }> {
  const disk = new MemoryDisk()
  const log = await openLog(disk, { segmentBytes })
  await commit(log, 1, ['one', 'two'])
  await commit(log, 3, ['three'])
  const start = log.end.offset
  await commit(log, 4, ['four', 'five'])
  const end = log.end.offset
  if (segmentBytes < end) await commit(log, 6, ['six'])
  await log.close()
  return { disk, start, end }
}

describe('a torn tail', () => {
  it('cut at any byte of the last frame loses that frame and no other, and says how many bytes were dropped', async () => {
    // Power goes while a frame is written: any prefix of it may be on disk. It was never acknowledged.
    const { disk, start, end } = await threeFrames()
    for (let length = start; length < end; length += 1) {
      const torn = disk.copy()
      torn.edit(first, bytes => bytes.subarray(0, length))
      const log = await openLog(torn)
      expect(await texts(log)).toEqual(['one', 'two', 'three'])
      expect(log.tailReport.droppedBytes).toBe(length - start)
    }
  })

  it('zeroed or overwritten from any byte on loses that frame and no other', async () => {
    // The file's length reached the disk before the data did: the rest reads as zeros, or as what lay there before.
    const { disk, start, end } = await threeFrames()
    for (const filling of [0, 0xa5]) {
      for (let from = start; from < end; from += 1) {
        const torn = disk.copy()
        torn.edit(first, bytes => bytes.fill(filling, from))
        const log = await openLog(torn)
        const isChanged = !torn.bytes(first).subarray(0, end).equals(disk.bytes(first))
        expect(await texts(log)).toEqual(['one', 'two', 'three', ...(isChanged ? [] : ['four', 'five'])])
        expect(log.tailReport.droppedBytes).toBe(isChanged ? end - start : 0)
      }
    }
  })

  it('of a new frame never hides behind the dead bytes of an old one: appends go into a new segment', async () => {
    const { disk, start } = await threeFrames()
    disk.edit(first, bytes => bytes.subarray(0, start + 20))
    const before = disk.bytes(first)
    const log = await openLog(disk)
    await commit(log, 4, ['other'])
    await log.close()
    expect(disk.bytes(first)).toEqual(before)
    expect(await texts(await openLog(disk))).toEqual(['one', 'two', 'three', 'other'])
  })
})

describe('damage is never taken for the end', () => {
  it('a damaged byte in a frame that a later one vouches for keeps every later record', async () => {
    const { disk, end } = await threeFrames()
    const whole = ['one', 'two', 'three', 'four', 'five']
    for (let at = SEGMENT_HEADER_BYTES; at < end; at += 1) {
      const damaged = disk.copy()
      damaged.edit(first, bytes => bytes.fill(bytes[at]! ^ 0x55, at, at + 1))
      const log = await openLog(damaged)
      const found = await texts(log).catch((error: unknown) => error)
      if (Array.isArray(found) && log.tailReport.droppedBytes === 0) {
        // A frame header or a payload was hit: nothing is lost but, at most, the value of one record.
        expect(found.map((text, i) => text ?? whole[i])).toEqual(whole)
      } else if (Array.isArray(found)) expect(found).toEqual(['one', 'two', 'three'])
      else expect(found).toMatchObject({ code: 'LOG_LOST' })
    }
  })

  it('a segment with a successor that is cut short anywhere is LOG_LOST on replay, entry borders included', async () => {
    // A file system check shortened a sealed segment. At an entry's border all that is left of its last frame is
    // right, and replay took it for a frame with a damaged header: the records after the border were silently gone.
    const { disk, end } = await threeFrames(500)
    expect(disk.bytes(first)).toHaveLength(end)
    for (let length = SEGMENT_HEADER_BYTES; length < end; length += 1) {
      const short = disk.copy()
      short.edit(first, bytes => bytes.subarray(0, length))
      expect(await codeOf(openLog(short).then(replayed))).toBe('LOG_LOST')
    }
  })

  it('a segment that ends before the checkpoint, or is missing, is LOG_LOST', async () => {
    const { disk, end } = await threeFrames()
    const checkpoint = { segment: 1, offset: end, commit: 3, chain: 0n, nextLog: 2 }
    const short = disk.copy()
    short.edit(first, bytes => bytes.subarray(0, end - 1))
    expect(await codeOf(openLog(short, { checkpoint }))).toBe('LOG_LOST')
    expect(await codeOf(openLog(new MemoryDisk(), { checkpoint }))).toBe('LOG_LOST')
    for (let round = 0; round < 3; round += 1) {
      const log = await openLog(disk)
      await commit(log, 6 + round, ['more'])
      await log.close()
    }
    for (const missing of [1, 2, 3]) {
      const gap = disk.copy()
      await gap.remove(segmentPath(missing))
      expect(await codeOf(openLog(gap))).toBe('LOG_LOST')
    }
  })
})

/** What `kill -9` leaves of a log that was written with durability `os`: frames that nobody vouches for. */
async function uncertain(): Promise<{ disk: MemoryDisk; expected: string[] }> {
  const disk = new MemoryDisk()
  const log = await openLog(disk, { durability: 'os', segmentBytes: 1024 * 1024 })
  const expected = Array.from({ length: 12 }, (_, i) => `record ${i} ${'x'.repeat(100)}`)
  for (const [i, text] of expected.entries()) {
    await commit(log, i + 1, [text])
    if (i === 3) await log.sync()
  }
  await log.close()
  return { disk, expected }
}

describe('the uncertain tail', () => {
  it('is written again into a new segment, synced and named, before it is served', async () => {
    const { disk, expected } = await uncertain()
    const before = disk.bytes(first)
    const faults = new FaultDisk(disk)
    const log = await openLog(faults)
    expect(log.tailReport.rewrittenCommits).toBeGreaterThan(5)
    expect(await texts(log)).toEqual(expected)
    expect(disk.bytes(first)).toEqual(before)
    const last = faults.steps.slice(-3).map(step => [step.operation, step.path])
    expect(last).toEqual([
      ['sync', `${segmentPath(2)}.tmp`],
      ['rename', segmentPath(2)],
      ['syncFolder', 'segments'],
    ])
  })

  it('survives a crash at any operation of the rewriting, and another one after that', async () => {
    // The new segment got its name first and its frames one by one after that. Its header cuts the old tail off, so a
    // crash in between lost every frame that was not copied yet, acknowledged ones among them.
    const { disk, expected } = await uncertain()
    const clean = new FaultDisk(disk.copy())
    await openLog(clean)
    for (const done of ['nothing', 'half', 'all'] satisfies Done[]) {
      for (let step = 1; step <= clean.steps.length; step += 1) {
        const crashed = disk.copy()
        expect(await codeOf(openLog(new FaultDisk(crashed, stoppingAt(step, done))))).not.toBeNull()
        await openLog(new FaultDisk(crashed, stoppingAt(step + 1, done))).catch(() => null)
        expect(await texts(await openLog(crashed))).toEqual(expected)
      }
    }
  })

  it('fits into one segment however small segments are now', async () => {
    const { disk, expected } = await uncertain()
    const log = await openLog(disk, { segmentBytes: 4096 / 8 })
    expect(disk.paths).toEqual([first, segmentPath(2)])
    await commit(log, 13, ['thirteen'])
    expect(disk.paths).toEqual([first, segmentPath(2), segmentPath(3)])
    expect(await texts(await openLog(disk))).toEqual([...expected, 'thirteen'])
  })

  it('keeps a log number that was given out: the header of the new segment is above all of them', async () => {
    // The header said 2, as if no actor had ever been added.
    const disk = new MemoryDisk()
    const log = await openLog(disk)
    log.pending.add({
      type: 4,
      log: 10,
      payloadSum: reading(disk).checksum.sum(Buffer.from('a')),
      payload: Buffer.from('a'),
    })
    log.nextLog = 12
    await log.commitPending()
    await log.close()
    const next = await openLog(disk)
    expect(next.nextLog).toBe(12)
    const header = await readSegmentHeader(reading(disk), disk.open(segmentPath(2)), 2)
    expect(header.nextLog).toBe(12)
  })
})

it('a segment whose creation was cut short is removed by the next open, and its number is used again', async () => {
  const { disk } = await threeFrames()
  const before = await openLog(disk)
  await before.close()
  disk.edit((await disk.create(`${segmentPath(3)}.tmp`), `${segmentPath(3)}.tmp`), () => Buffer.alloc(50))
  const log = await openLog(disk)
  expect(disk.paths.filter(path => path.endsWith('.tmp'))).toEqual([])
  await commit(log, 6, ['six'])
  expect((await texts(log)).at(-1)).toBe('six')
})

describe('the end of a log', () => {
  /** Four frames, the second of which says that actor 7 was added; how the tail is read depends on who vouches for it. */
  async function withActor(): Promise<{ disk: MemoryDisk; at: number }> {
    const disk = new MemoryDisk()
    const log = await openLog(disk)
    await commit(log, 1, ['one'])
    add(log, 2, 2, 'two')
    const payload = Buffer.from('actor')
    const number = 7 * 2
    const what = { type: ENTRY_TYPE.actorAdded, log: number, payloadSum: checksum.sum(payload), payload }
    const { offset } = log.pending.add(what)
    add(log, 2, 3, 'three')
    await log.commitPending()
    await commit(log, 4, ['four'])
    await commit(log, 5, ['five'])
    await log.close()
    return { disk, at: offset }
  }

  it('tells which log numbers are taken, wherever in it an actor was added', async () => {
    // Of frames that are surely on disk only such entries are looked at: missing one would give its numbers again.
    const { disk } = await withActor()
    expect((await findTail(reading(disk), 1, null)).nextLog).toBe(16)
    expect((await openLog(disk)).nextLog).toBe(16)
  })

  it('with an entry of a newer kind is refused before anything is written', async () => {
    const { disk, at } = await withActor()
    disk.edit(first, bytes => {
      bytes[at + ENTRY_FIELDS.type.at] = 200
      const end = at + ENTRY_HEADER_BYTES
      const birth = Buffer.alloc(8)
      birth.writeUInt32BE(1, 0)
      birth.writeUInt32BE(at, 4)
      const sum = checksum.sum(Buffer.concat([birth, bytes.subarray(at, at + ENTRY_FIELDS.headerSum.at)]))
      bytes.writeBigUInt64BE(sum, end - 8)
      return bytes
    })
    const before = disk.bytes(first)
    expect(await codeOf(openLog(disk))).toBe('FORMAT_UNSUPPORTED')
    expect(await disk.list('segments')).toHaveLength(1)
    expect(disk.bytes(first)).toEqual(before)
  })
})
