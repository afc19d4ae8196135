/** What a reader of version 1 must refuse, whole and with right checksums as it is: newer things, and bodies that are none. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import type { EntryFields } from '../../src/record/entry.ts'
import { encodePair } from '../../src/record/bodies.ts'
import { ENTRY_TYPE, LOST_SEQUENCES_MAX } from '../../src/record/layout.ts'
import { FixedStore, IDENTITY, inbox, outbox } from './fixed-store.ts'
import { segmentOf } from './segment-bytes.ts'
import { append, SMALL, tellExample } from './stories.ts'

let checksum: Checksum
beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
})

/** A segment of two commits: this entry, and one that vouches for it. */
const segmentWith = (fields: Omit<EntryFields, 'payloadSum'>): Buffer => segmentOf([[fields]], checksum)

const opened = (segment: Buffer): Promise<unknown> => FixedStore.with([segment], store => store.write(async () => {}))
const lookedAt = (segment: Buffer): Promise<unknown> => FixedStore.with([segment], store => store.read(async () => {}))

describe('entries', () => {
  it.each([11, 255])('type %i is refused', async type => {
    const segment = segmentWith({ type: type as never, log: 2, payload: Buffer.alloc(16) })
    await expect(opened(segment)).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
    await expect(lookedAt(segment)).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
  })

  /** An entry whose flags an indexed store has got since: only its own bytes tell. */
  const readWithFlags = (flags: number): Promise<unknown> =>
    FixedStore.with([], async store => {
      await store.write(async driver => {
        await tellExample(driver)
        await append(driver, outbox(SMALL), 'bytes', 'x')
      })
      const bytes = store.segment(1)
      const at = 336
      bytes[at + 2] = flags
      const place = Buffer.from('0000000100000150', 'hex')
      const sum = checksum.sum(Buffer.concat([place, bytes.subarray(at, at + 48), bytes.subarray(at + 56, at + 72)]))
      bytes.writeBigUInt64BE(sum, at + 48)
      writeFileSync(store.path(1), bytes)
      let slice: unknown
      await store.write(async driver => {
        slice = await driver.read(inbox(SMALL), { from: 1, to: 1, limit: 1 })
      })
      return slice
    })

  it('a critical flag is refused, also where the entry is read by itself', async () => {
    for (const flag of [0x10, 0x20, 0x40, 0x80]) {
      await expect(readWithFlags(flag)).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
    }
  })

  it('any other flag is passed over', async () => {
    expect(await readWithFlags(0x0f)).toMatchObject({ records: [{ seq: 1, payload: Buffer.from('{"type":"Note"}') }] })
  })

  it.each([
    ['bounds', { type: ENTRY_TYPE.bounds, log: 2, payload: Buffer.alloc(15) }],
    ['lost, backwards', { type: ENTRY_TYPE.lost, log: 2, payload: encodePair(2, 1) }],
    ['lost, without a beginning', { type: ENTRY_TYPE.lost, log: 2, payload: encodePair(0, 1) }],
    ['lost, too long', { type: ENTRY_TYPE.lost, log: 2, payload: encodePair(1, LOST_SEQUENCES_MAX + 1) }],
    ['an item that is too short', { type: ENTRY_TYPE.itemPut, payload: Buffer.alloc(9) }],
    ['an item whose key is longer than it', { type: ENTRY_TYPE.itemDelete, payload: Buffer.alloc(14, 1) }],
  ])('a body that is none is damage: %s', async (_, fields) => {
    await expect(opened(segmentWith(fields))).rejects.toMatchObject({ code: 'LOG_LOST' })
    await lookedAt(segmentWith(fields))
  })
})

describe('segment files', () => {
  it.each(['0000000002-0000000003.0.seg', '0000000001-0000000002.1.seg'])('%s is refused', name =>
    FixedStore.with([], async store => {
      await store.write(tellExample)
      writeFileSync(join(store.directory, 'segments', name), store.segment(1))
      await expect(store.write(async () => {})).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
      await expect(store.read(async () => {})).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
    }),
  )

  it('one that was never finished is nothing', () =>
    FixedStore.with([], async store => {
      await store.write(tellExample)
      writeFileSync(join(store.directory, 'segments', '0000000002-0000000002.0.seg.tmp'), 'anything')
      await store.read(async driver => {
        expect(await driver.bounds(inbox(SMALL))).toMatchObject({ tip: 1 })
      })
      await store.write(async driver => {
        expect(await driver.bounds(inbox(SMALL))).toMatchObject({ tip: 1 })
      })
    }))

  it("one under another's name is damaged", () =>
    FixedStore.with([], async store => {
      await store.write(tellExample)
      writeFileSync(store.path(2), store.segment(1))
      store.removeIndex()
      await expect(store.write(async () => {})).rejects.toMatchObject({ code: 'LOG_LOST' })
    }))
})
