/** A disk that is full: appends are refused before anything breaks; trims and removals go through all the same. */
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, bob, inbox } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { FramePace } from '../../src/log-store/embedded/frame-pace.ts'
import { RESERVE_BYTES, RESERVE_FILE } from '../../src/log-store/embedded/reserve.ts'
import { codeOf, openDriver, withDirectory } from './embedded-store.ts'
import { failingAt, FaultDisk } from '../commit-log/fault-disk.ts'
import { SmallDisk } from './small-disk.ts'

const MIB = 1024 * 1024
const WATERMARK = 2 * MIB
const CAPACITY = 8 * MIB

const opened = (path: string, disk: SmallDisk): Promise<EmbeddedLogStore> =>
  openDriver(path, { freeBytesMin: WATERMARK, segmentBytes: MIB }, disk)

async function withSmallDisk(use: (path: string, disk: SmallDisk) => Promise<void>): Promise<void> {
  await withDirectory(path => use(path, new SmallDisk(nodeDisk(path), CAPACITY)))
}

const hasReserve = async (path: string): Promise<boolean> => (await readdir(path)).includes(RESERVE_FILE)

/** Two actors with three records each. */
async function begin(store: EmbeddedLogStore): Promise<void> {
  for (const actor of [alice, bob]) {
    await store.addActor(actor)
    for (let i = 1; i <= 3; i += 1) await append(store, inbox(actor), `${i}`)
  }
}

describe('a full disk', () => {
  it('takes trims and removals, in the space of the reserve', async () => {
    // The trim failed as the appends would have: the store was poisoned, and nothing could be made smaller.
    await withSmallDisk(async (path, disk) => {
      const store = await opened(path, disk)
      await begin(store)
      expect(await hasReserve(path)).toBe(true)
      disk.fill()

      expect(await store.trim(inbox(alice), 3)).toMatchObject({ first: 3, tip: 3 })
      expect(await hasReserve(path)).toBe(false)
      expect(await store.removeActor(bob)).toEqual({ removed: true })
      expect(await codeOf(append(store, inbox(alice), 'more'))).toBe('LOW_SPACE')
      expect(store.stats().state).toBe('open')
      await store.close()
    })
  })

  it('takes trims in a turn so long that a part of it would go ahead', async () => {
    // That part would have been written before the reserve was given up for it.
    const isDue = vi.spyOn(FramePace.prototype, 'isDue').mockReturnValue(true)
    onTestFinished(() => isDue.mockRestore())
    await withSmallDisk(async (path, disk) => {
      const store = await opened(path, disk)
      await begin(store)
      disk.fill()

      const trims = [2, 3, 4].map(before => store.trim(inbox(alice), before))
      expect((await Promise.all(trims)).map(bounds => bounds?.first)).toEqual([2, 3, 4])
      expect(store.stats().state).toBe('open')
      await store.close()
    })
  })

  it('opens a store, and takes trims then', async () => {
    await withSmallDisk(async (path, disk) => {
      const first = await opened(path, disk)
      await begin(first)
      await first.close()
      disk.fill()

      const store = await opened(path, disk)
      expect(await hasReserve(path)).toBe(false)
      expect(await codeOf(append(store, inbox(alice), 'more'))).toBe('LOW_SPACE')
      expect(await store.trim(inbox(alice), 2)).toMatchObject({ first: 2, tip: 3 })
      await store.close()
    })
  })

  it('keeps nobody from closing: the frame that vouches for the others finds room', async () => {
    // The tail, a whole frame that nobody vouched for, had to be written again by the next open, on a disk without room.
    await withSmallDisk(async (path, disk) => {
      const store = await opened(path, disk)
      await begin(store)
      disk.fill()
      await store.close()
      const next = await opened(path, disk)
      expect(await next.bounds(inbox(alice))).toMatchObject({ first: 1, tip: 3 })
      await next.close()
    })
  })

  it('is not met by appends, however fast they come or large they are', async () => {
    // Between two looks 8 MiB were written, twice what the host had asked to be left: the disk was full, and the store
    // poisoned, before anybody looked again.
    for (const bytes of [1000, 60_000, 1_500_000]) {
      await withSmallDisk(async (path, disk) => {
        const store = await opened(path, disk)
        await begin(store)
        const text = 'x'.repeat(bytes)
        const appends = Array.from({ length: CAPACITY / bytes }, () => codeOf(append(store, inbox(alice), text)))
        const codes = await Promise.all(appends)
        expect(new Set(codes)).toEqual(new Set([null, 'LOW_SPACE']))
        expect(disk.free).toBeGreaterThanOrEqual(WATERMARK)
        expect(store.stats().state).toBe('open')
        await store.close()
      })
    }
  })

  it('is filled only to the watermark by appends, and a store whose disk has room again goes on', async () => {
    await withSmallDisk(async (path, disk) => {
      const store = await opened(path, disk)
      await begin(store)
      disk.fill(WATERMARK - 1)
      await store.trim(inbox(alice), 2)
      expect(await hasReserve(path), 'there is room for a trim beside it').toBe(true)
      expect(await codeOf(append(store, inbox(alice), 'more'))).toBe('LOW_SPACE')
      disk.others = 0
      await store.trim(inbox(alice), 3)
      expect(await append(store, inbox(alice), 'more')).toMatchObject({ seq: 4 })
      await store.close()
    })
  })
})

describe('the reserve', () => {
  it('is made again once there is room for it beside the watermark', async () => {
    await withSmallDisk(async (path, disk) => {
      const first = await opened(path, disk)
      await begin(first)
      disk.fill()
      await first.trim(inbox(alice), 3)
      await first.close()
      disk.others = 0
      disk.fill(WATERMARK + RESERVE_BYTES - 1)
      await (await opened(path, disk)).close()
      expect(await hasReserve(path)).toBe(false)
      disk.others -= 1
      await (await opened(path, disk)).close()
      expect(await hasReserve(path)).toBe(true)
    })
  })

  it('is made anew when a crash left half of it', async () => {
    await withSmallDisk(async (path, disk) => {
      await (await opened(path, disk)).close()
      await truncate(join(path, RESERVE_FILE), RESERVE_BYTES / 2)
      await (await opened(path, disk)).close()
      const file = nodeDisk(path).open(RESERVE_FILE)
      expect(await file.size()).toBe(RESERVE_BYTES)
      await file.close()
    })
  })

  it('that cannot be made keeps no store from opening, and leaves nothing', async () => {
    await withDirectory(async path => {
      await (await openDriver(path)).close()
      for (const operation of [1, 2, 3, 4]) {
        const disk = new FaultDisk(nodeDisk(path), failingAt(operation, { code: 'ENOSPC', done: 'half' }))
        const store = await openDriver(path, { freeBytesMin: 1 }, disk)
        expect(store.stats().state).toBe('open')
        await store.close()
        expect(disk.steps.some(({ path: file }) => file === RESERVE_FILE)).toBe(true)
        await nodeDisk(path).remove(RESERVE_FILE)
      }
    })
  })

  it('is not there when no watermark is wanted', async () => {
    await withDirectory(async path => {
      await (await openDriver(path, { freeBytesMin: 0 })).close()
      expect(await hasReserve(path)).toBe(false)
    })
  })
})
