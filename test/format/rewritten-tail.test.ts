/**
 * A store was killed right after it acknowledged commit 3, so no later frame vouches for that. The next open wrote it
 * again into a new segment: header first, under its final name, then the frame. A power cut between the two left a
 * header that declares the old place dead and a new place that was empty: the acknowledged commit was gone. So the new
 * segment takes its name only once all of the tail is in it.
 */
import { describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import type { Disk } from '../../src/commit-log/disk.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { decodeSegmentHeader } from '../../src/commit-log/segment-header.ts'
import { FixedStore, IDENTITY, inbox, outbox, recordsOf } from './fixed-store.ts'
import { vectorBytes } from './golden.ts'
import { afterFrame } from './segment-bytes.ts'
import { SMALL, tellOneMore } from './stories.ts'

/** Three commits, of which the third is whole and vouched for by nobody. */
function killedSegment(): Buffer {
  const whole = vectorBytes('damaged-header')
  whole[afterFrame(whole, 1) + 31]! ^= 1 << 2
  return whole.subarray(0, afterFrame(whole, 3))
}

/** A disk that does so many more changes and no other. */
function failingDisk(inner: Disk, changesLeft: number): Disk {
  let left = changesLeft
  const spend = (): void => {
    if (left === 0) throw new Error('the power is gone')
    left -= 1
  }
  return {
    ...inner,
    async create(path, options) {
      spend()
      const file = await inner.create(path, options)
      return {
        readSync: (...args) => file.readSync(...args),
        read: (...args) => file.read(...args),
        size: () => file.size(),
        close: () => file.close(),
        async write(bytes, position) {
          spend()
          await file.write(bytes, position)
        },
        async sync() {
          spend()
          await file.sync()
        },
      }
    },
    async rename(from, to) {
      spend()
      await inner.rename(from, to)
    },
    async syncFolder(folder) {
      spend()
      await inner.syncFolder(folder)
    },
  }
}

async function expectAll(store: FixedStore): Promise<void> {
  await store.read(async driver => {
    expect(await recordsOf(driver, inbox(SMALL))).toHaveLength(1)
    expect(await recordsOf(driver, outbox(SMALL))).toMatchObject([{ seq: 1, payload: Buffer.from([1, 2, 3]) }])
  })
}

describe('a tail that is written again', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('is not lost when the power goes after %i changes', changes =>
    FixedStore.with([killedSegment()], async store => {
      const opened = store.write(async () => {}, failingDisk(nodeDisk(store.directory), changes))
      await opened.catch((error: unknown) => expect(String(error)).toMatch(/the power is gone/))
      await expectAll(store)
      store.removeIndex()
      await store.write(async () => {})
      await expectAll(store)
    }),
  )

  it('is in a segment whose header knows every log number that was used', () =>
    FixedStore.with([killedSegment()], async store => {
      await store.write(tellOneMore)
      const checksum = await Checksum.forStore(IDENTITY.storeId)
      const header = decodeSegmentHeader(store.segment(2), IDENTITY.storeId, checksum, 'segment 2')
      expect(header).toMatchObject({ cutOffset: afterFrame(store.segment(1), 2), cutCommit: 2, nextLog: 4 })
    }))
})
