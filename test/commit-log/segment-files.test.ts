/** Handles for reading: a bounded number of them, and none closed under somebody who reads. */
import { describe, expect, it } from 'vitest'
import type { Disk, DiskFile } from '../../src/commit-log/disk.ts'
import { SegmentFiles } from '../../src/commit-log/segment-handles.ts'
import { codeOf } from './log-fixture.ts'

/** A disk whose files know whether they are open. */
function tracked(): { disk: Disk; open: Set<DiskFile> } {
  const open = new Set<DiskFile>()
  const disk = {
    open: () => {
      const file = { close: async () => void open.delete(file) } as DiskFile
      open.add(file)
      return file
    },
  } as unknown as Disk
  return { disk, open }
}

const noMap = (): never => {
  throw new Error('no segment was written again')
}

/** A promise, and what resolves it. */
function gate(): { closed: Promise<void>; open: () => void } {
  let open = (): void => undefined
  const closed = new Promise<void>(resolve => {
    open = resolve
  })
  return { closed, open }
}

describe('handles of segments', () => {
  it('are kept, 64 of them, and the least recently used goes first', async () => {
    const { disk, open } = tracked()
    const files = new SegmentFiles(disk, noMap)
    const kept = files.usingSync(1, ({ file }) => file)
    for (let segment = 2; segment <= 64; segment += 1) files.usingSync(segment, () => null)
    expect(files.usingSync(1, ({ file }) => file)).toBe(kept)
    for (let segment = 65; segment <= 200; segment += 1) {
      files.usingSync(segment, () => null)
      files.usingSync(1, () => null)
    }
    expect(open.size).toBe(64)
    expect(open.has(kept)).toBe(true)
  })

  it('stay open for every reader, however many read at once', async () => {
    // With 64 segments being read, the one handle nobody used yet was the new one: it was closed before its first read.
    const { disk, open } = tracked()
    const files = new SegmentFiles(disk, noMap)
    const { closed, open: finish } = gate()
    const readers = Array.from({ length: 80 }, (_, i) =>
      files.using(i + 1, async ({ file }) => {
        await closed
        expect(open.has(file)).toBe(true)
      }),
    )
    expect(files.usingSync(100, ({ file }) => open.has(file))).toBe(true)
    finish()
    await Promise.all(readers)
  })

  it('close only after the reads under way, and open no more', async () => {
    // Closed under a read in the thread pool, the descriptor's number may already be another file's: the read came back
    // with foreign bytes, and a good record was called corrupt. A read after close opened a handle nobody closed.
    const { disk, open } = tracked()
    const files = new SegmentFiles(disk, noMap)
    const { closed, open: finish } = gate()
    const reading = files.using(1, async ({ file }) => {
      await closed
      return open.has(file)
    })
    files.usingSync(2, () => null)
    const ended = files.close()
    expect(await codeOf(files.using(1, async () => null))).toBe('CLOSED')
    expect(() => files.usingSync(3, () => null)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    finish()
    expect(await reading).toBe(true)
    await ended
    expect(open.size).toBe(0)
  })
})
