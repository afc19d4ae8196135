/** What verify reports of each kind of damage, and of what is none. */
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { alice, append, bob, inbox } from '../../src/log-store/conformance/suite.ts'
import { encodeSegmentHeader } from '../../src/commit-log/segment-header.ts'
import { encodeItem, encodePair } from '../../src/record/bodies.ts'
import type { EntryFields } from '../../src/record/entry.ts'
import { CODEC_ID, ENTRY_TYPE } from '../../src/record/layout.ts'
import type { FindingCode } from '../../src/tools/findings.ts'
import type { ToolProgress } from '../../src/tools/progress.ts'
import { verify } from '../../src/tools/verify.ts'
import { FixedStore, IDENTITY } from '../format/fixed-store.ts'
import { afterFrame, segmentOf } from '../format/segment-bytes.ts'
import { damage, fill, segment } from '../log-store/embedded-damage.ts'
import { filesBelow, openDriver, reopened, withDirectory, withStore } from '../log-store/embedded-store.ts'

/** Runs `look` on a closed store of several segments, after `harm`. */
async function harmed(harm: (path: string) => Promise<unknown>, look: (path: string) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    await reopened(path, fill)
    for (let n = 0; n < 3; n += 1) await reopened(path, store => append(store, inbox(bob), `filler ${n}`))
    await harm(path)
    await look(path)
  })
}

const codes = async (path: string): Promise<string[]> => (await verify(path)).findings.map(({ code }) => code)

describe('a healthy store', () => {
  it('is clean, and verify changes no byte of it', () =>
    harmed(
      async () => {},
      async path => {
        const before = await filesBelow(path)
        const report = await verify(path)
        expect(report).toMatchObject({
          isClean: true,
          findings: [],
          missing: [],
          actors: 2,
          records: 11,
          segments: 4,
          tornTail: null,
        })
        expect(await filesBelow(path)).toEqual(before)
      },
    ))

  it('is clean while its owner appends', () =>
    withStore({}, async (store, path) => {
      await store.addActor(alice)
      const appends: Promise<unknown>[] = []
      for (let n = 0; n < 40; n += 1) {
        for (let i = 0; i < 10; i += 1) appends.push(append(store, inbox(alice), `${n} ${'x'.repeat(300)}`))
        const report = await verify(path)
        expect(report.findings).toEqual([])
      }
      await Promise.all(appends)
      expect(await verify(path)).toMatchObject({ isClean: true, records: 400 })
    }))

  it('may end in a torn write, which is told and is no damage', () =>
    harmed(
      path => appendFile(segment(path, 4), 'torn'.repeat(10)),
      async path => {
        const { isClean, tornTail } = await verify(path)
        expect([isClean, tornTail?.bytes, tornTail?.file]).toEqual([true, 40, segment('', 4)])
      },
    ))

  it('may declare records lost', async () => {
    const lost = [
      [{ type: ENTRY_TYPE.actorAdded, log: 2, payload: Buffer.from(alice) }],
      [{ type: ENTRY_TYPE.lost, log: 2, seq: 3, payload: encodePair(1, 3) }],
    ]
    await FixedStore.with([segmentOf(lost, await Checksum.forStore(IDENTITY.storeId))], async ({ directory }) => {
      expect(await verify(directory)).toMatchObject({ isClean: true, missing: [] })
    })
  })
})

describe('damage is told with its place and what it costs', () => {
  it('a payload: its record', () =>
    harmed(
      path => damage(path, 'second'),
      async path => {
        const { findings, missing } = await verify(path)
        const about = { actor: alice, box: 'inbox', sequences: { from: 2, to: 2 } }
        expect(findings).toMatchObject([{ code: 'RECORD_DAMAGED', file: segment('', 1), costs: 'records', ...about }])
        expect(findings[0]!.offset).toBeGreaterThan(128)
        expect(missing).toEqual([{ actor: alice, box: 'inbox', from: 2, to: 2 }])
      },
    ))

  it('a shared payload: each of its records, and it is not told twice', () =>
    harmed(
      path => damage(path, 'shared body'),
      async path => {
        const { findings, missing } = await verify(path)
        expect(findings.map(({ code, actor, box }) => [code, actor, box])).toEqual([
          ['RECORD_DAMAGED', alice, 'inbox'],
          ['RECORD_DAMAGED', bob, 'outbox'],
        ])
        expect(missing).toHaveLength(2)
      },
    ))

  it('an entry: its record is missing, as the next one shows', () =>
    harmed(
      path => damage(path, 'second', -20),
      async path => {
        expect(await verify(path)).toMatchObject({
          findings: [
            { code: 'COMMIT_DAMAGED', costs: 'unknown' },
            { code: 'RECORDS_MISSING', actor: alice, box: 'inbox', sequences: { from: 2, to: 2 }, costs: 'records' },
          ],
          missing: [{ actor: alice, box: 'inbox', from: 2, to: 2 }],
        })
      },
    ))

  it('a removed segment file, a cut one, a damaged header, an identity file', async () => {
    await harmed(
      path => rm(segment(path, 2)),
      async path => expect(await codes(path)).toEqual(['SEGMENT_MISSING', 'COMMITS_MISSING', 'RECORDS_MISSING']),
    )
    await harmed(
      path => truncate(segment(path, 2), 200),
      async path => expect(await codes(path)).toEqual(['COMMIT_DAMAGED', 'RECORDS_MISSING']),
    )
    await harmed(
      path => damage(path, 'TWINSEG'),
      async path => expect(await codes(path)).toEqual(['SEGMENT_HEADER_DAMAGED']),
    )
    await harmed(
      path => writeFile(join(path, 'twinlog.id'), 'nothing of the kind'),
      async path => expect(await codes(path)).toEqual(['IDENTITY_DAMAGED']),
    )
  })

  it('a single commit that was all of its segment', () =>
    withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        for (let n = 0; n < 3; n += 1) await append(store, inbox(alice), `${n} ${'x'.repeat(4096)}`)
      })
      await rm(segment(path, 2))
      expect(await verify(path)).toMatchObject({
        findings: [
          { code: 'SEGMENT_MISSING', file: segment('', 2) },
          { code: 'COMMITS_MISSING', commits: { from: 3, to: 3 }, costs: 'unknown' },
          { code: 'RECORDS_MISSING', sequences: { from: 2, to: 2 } },
        ],
        missing: [{ actor: alice, box: 'inbox', from: 2, to: 2 }],
      })
    }))

  it('the header of a commit: nothing is lost', () =>
    harmed(
      async path => {
        const bytes = await readFile(segment(path))
        bytes[afterFrame(bytes, 2) + 9]! ^= 1
        await writeFile(segment(path), bytes)
      },
      async path => {
        expect(await verify(path)).toMatchObject({
          findings: [{ code: 'COMMIT_HEADER_DAMAGED', costs: 'nothing', commits: { from: 3, to: 3 } }],
          missing: [],
        })
      },
    ))

  it('a segment of another past: the one before it ends otherwise than it says', async () => {
    const checksum = await Checksum.forStore(IDENTITY.storeId)
    const first = segmentOf([[{ type: ENTRY_TYPE.actorAdded, log: 2, payload: Buffer.from(alice) }]], checksum)
    const header = {
      firstSegment: 2,
      lastSegment: 2,
      generation: 0,
      cutOffset: first.length,
      cutCommit: 2,
      cutChain: 12345n,
      nextLog: 4,
      timeline: 1,
      rewritten: null,
    }
    const second = encodeSegmentHeader(header, IDENTITY.storeId, checksum)
    await FixedStore.with([first, second], async ({ directory }) => {
      expect(await codes(directory)).toEqual(['CHAIN_BROKEN'])
    })
  })

  it('one log alone, or one actor: what concerns others is left out', () =>
    harmed(
      path => damage(path, 'shared body'),
      async path => {
        expect((await verify(path, { actor: alice })).findings).toMatchObject([{ actor: alice }])
        expect((await verify(path, { actor: bob, box: 'outbox' })).findings).toMatchObject([{ actor: bob }])
        expect(await verify(path, { actor: bob, box: 'inbox' })).toMatchObject({ isClean: true, missing: [] })
      },
    ))
})

describe('whole entries that contradict each other', () => {
  let checksum: Checksum
  beforeAll(async () => {
    checksum = await Checksum.forStore(IDENTITY.storeId)
  })

  const added = { type: ENTRY_TYPE.actorAdded, log: 2, payload: Buffer.from(alice) }
  const record = (seq: number, more: Partial<EntryFields> = {}): Omit<EntryFields, 'payloadSum'> => ({
    type: ENTRY_TYPE.append,
    codec: CODEC_ID.bytes,
    log: 2,
    seq,
    ...more,
  })
  const trim = (first: number, tip: number) => ({
    type: ENTRY_TYPE.bounds,
    log: 2,
    seq: tip,
    payload: encodePair(first, tip),
  })
  const repeated = Buffer.alloc(16, 7)

  it.each<[FindingCode, Omit<EntryFields, 'payloadSum'>[]]>([
    ['SEQUENCE_REPEATED', [added, record(1), record(1)]],
    ['KEY_REPEATED', [added, record(1, { key: repeated }), record(2, { key: repeated })]],
    ['RECORDS_MISSING', [added, record(1), record(3)]],
    ['BOUNDS_WRONG', [added, record(1), record(2), trim(1, 1)]],
    ['BOUNDS_WRONG', [added, record(1), record(2), trim(3, 2), trim(2, 2)]],
    ['LOG_UNKNOWN', [record(1)]],
    ['LOG_UNKNOWN', [added, { type: ENTRY_TYPE.actorRemoved, log: 2, payload: added.payload }, record(1)]],
    ['ENTRY_UNKNOWN', [added, { type: ENTRY_TYPE.bounds, log: 2, payload: Buffer.alloc(3) }]],
  ])('%s', async (code, entries) => {
    await FixedStore.with([segmentOf([entries], checksum)], async ({ directory }) => {
      expect(await codes(directory)).toEqual([code])
    })
  })

  it('a record that refers to a shared payload which is not its own is damaged, as it is to a reader', async () => {
    const shared = { type: ENTRY_TYPE.payload, codec: CODEC_ID.bytes, payload: Buffer.from('of another') }
    const payloadAt = 128 + 64 + Math.ceil((56 + alice.length) / 8) * 8
    await FixedStore.with([segmentOf([[added, shared, record(1, { payloadAt })]], checksum)], async store => {
      expect(await codes(store.directory)).toEqual(['RECORD_DAMAGED'])
      const read = store.read(driver => driver.read(inbox(alice), { from: 1, to: 1, limit: 1 }))
      await expect(read).rejects.toMatchObject({ code: 'CORRUPT' })
    })
  })

  it('one key in two logs, and the items, are nothing wrong', async () => {
    const item = { type: ENTRY_TYPE.itemPut, payload: encodeItem(Buffer.from('i'), 1, Buffer.from('v')) }
    const entries = [added, record(1, { key: repeated }), record(1, { log: 3, key: repeated }), item]
    await FixedStore.with([segmentOf([entries], checksum)], async ({ directory }) => {
      expect(await codes(directory)).toEqual([])
    })
  })

  it('bytes that hold nothing are not zero, a payload that nobody uses', async () => {
    const shared = { type: ENTRY_TYPE.payload, codec: CODEC_ID.bytes, payload: Buffer.from('unused!!') }
    const bytes = segmentOf([[added], [shared]], checksum)
    bytes[afterFrame(bytes, 1) - 1]! ^= 1
    bytes[bytes.indexOf('unused')]! ^= 1
    await FixedStore.with([bytes], async ({ directory }) => {
      expect(await codes(directory)).toEqual(['PADDING_DAMAGED', 'PAYLOAD_DAMAGED'])
    })
  })
})

describe('how it runs', () => {
  it('tells how far it is, and each finding as it comes', () =>
    harmed(
      path => damage(path, 'second'),
      async path => {
        const progress: ToolProgress[] = []
        const findings: string[] = []
        await verify(path, {
          onProgress: each => progress.push(each),
          onFinding: ({ code }) => findings.push(code),
        })
        expect(findings).toEqual(['RECORD_DAMAGED'])
        const { bytes } = await verify(path)
        expect(progress[0]).toMatchObject({ task: 'verify', doneBytes: 0, totalBytes: bytes })
        expect(progress.at(-1)).toMatchObject({ doneBytes: bytes, totalBytes: bytes, secondsLeft: 0 })
      },
    ))

  it('ends with the reason of its signal', () =>
    harmed(
      async () => {},
      async path => {
        const reason = new Error('enough')
        await expect(verify(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
        const later = new AbortController()
        await expect(verify(path, { signal: later.signal, onProgress: () => later.abort(reason) })).rejects.toBe(reason)
      },
    ))

  it('refuses what is no store, and arguments that make no sense', () =>
    withDirectory(async path => {
      await expect(verify(path)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND', path })
      await (await openDriver(path)).close()
      expect(await verify(path)).toMatchObject({ isClean: true, commit: 0, segments: 0 })
      await expect(verify('')).rejects.toThrow(TypeError)
      await expect(verify(path, { box: 'inbox' })).rejects.toThrow(TypeError)
      await expect(verify(path, { actor: alice, box: 'postbox' as never })).rejects.toThrow(TypeError)
      await expect(verify(path, { actr: alice } as never)).rejects.toThrow(TypeError)
      await expect(verify(path, { signal: {} as never })).rejects.toThrow(TypeError)
    }))
})
