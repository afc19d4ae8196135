/**
 * The golden vectors: the engine writes what they say, and reads what they say. They are frozen with the format: from
 * the first release on, old ones stay and are still read. `npm run vectors` rewrites them.
 */
import { describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { dumpSegment } from '../../src/commit-log/dump.ts'
import { encodeIdentity, IDENTITY_FILE } from '../../src/commit-log/identity.ts'
import { IDENTITY_FIELDS } from '../../src/commit-log/layout.ts'
import { fieldRows } from '../../src/record/hex-dump.ts'
import { FixedStore, IDENTITY } from './fixed-store.ts'
import { blockUnder, replaceBlock } from './document-tables.ts'
import { bytesOf, collect, expectVector, isRewriting, readVector, vectorNames } from './golden.ts'
import { afterFrame, flipBit, segmentOf } from './segment-bytes.ts'
import { LOST_STORY, tellCompaction, tellEverything, tellExample, tellOneMore, tellThreeCommits } from './stories.ts'

/** The dump of a segment is the vector, and the vector's rows are the segment. */
async function expectSegment(
  name: string,
  head: readonly string[],
  store: FixedStore,
  segment = 1,
  generation = 0,
): Promise<void> {
  const lines = await collect(dumpSegment(store.path(segment, generation), { all: true }))
  expect(bytesOf(lines).equals(store.segment(segment, generation))).toBe(true)
  expectVector(name, head, lines)
}

/** The segment that three commits and a clean close leave. */
const threeCommits = (): Promise<Buffer> =>
  FixedStore.with([], async store => {
    await store.write(tellThreeCommits)
    return store.segment(1)
  })

describe('the engine writes', () => {
  it('identity', async () => {
    const bytes = encodeIdentity(IDENTITY, await Checksum.plain())
    const notes = { magic: 'text', createdAt: `${IDENTITY.createdAt}`, sum: 'matches' }
    expectVector(
      'identity',
      [`The identity file, ${IDENTITY_FILE}, of the store whose segments the other vectors are.`],
      [...fieldRows(0, bytes, 0, IDENTITY_FIELDS, notes)],
    )
  })

  it('example: the smallest store worth a picture, which docs/format.md shows', () =>
    FixedStore.with([], async store => {
      await store.write(tellExample)
      const head = ['An actor is added, its inbox gets one JSON record with a dedupe key, the store is closed.']
      await expectSegment('example', head, store)

      const text = readVector('example').trimEnd()
      const inDocument = blockUnder('A worked example')
      if (isRewriting) replaceBlock(inDocument, text)
      else expect(inDocument).toBe(text)
    }))

  it('lost: what a salvaged store says of records that are gone', async () =>
    FixedStore.with([segmentOf(LOST_STORY, await Checksum.forStore(IDENTITY.storeId))], store =>
      expectSegment('lost', ['The first two records of an inbox are lost, the third is there.'], store),
    ))

  it('every-entry: every type that is written, every codec, with and without key, meta and payload', () =>
    FixedStore.with([], async store => {
      await store.write(tellEverything)
      const head = ['Every type of entry that version 1 writes, but for lost: see test/format/stories.ts.']
      await expectSegment('every-entry', head, store)
    }))

  it('rewritten-1 and rewritten-2: the same, without what was dead, and the segment behind it', () =>
    FixedStore.with([], async store => {
      await store.write(async driver => {
        await tellEverything(driver)
        await tellCompaction(driver)
      })
      const first = [
        'The segment of every-entry after a compaction. Each entry stands behind the place where it was born.',
      ]
      await expectSegment('rewritten-1', first, store, 1, 1)
      const second = ['What the compaction began, so that the segment before it has an end.']
      await expectSegment('rewritten-2', second, store, 2)
    }))

  it('cut-1 and cut-2: a segment whose successor says where it ends', async () => {
    const whole = await threeCommits()
    // The process is killed while it writes commit 4: of its frame's header, half is there.
    const killed = whole.subarray(0, afterFrame(whole, 3) + 32)
    await FixedStore.with([killed], async store => {
      await store.write(tellOneMore)
      const first = [
        'The first of two segments. Nobody vouched for commit 3, so the next open wrote it again, into the second',
        'segment, whose header cuts this one after commit 2. What lies past the cut is dead.',
      ]
      await expectSegment('cut-1', first, store, 1)
      const second = ['The second of two segments: commit 3, which was written again, and what came after it.']
      await expectSegment('cut-2', second, store, 2)
    })
  })
})

describe('the engine meets', () => {
  it('torn-tail: a frame of which only a part is there, at the end', async () => {
    const whole = await threeCommits()
    await FixedStore.with([whole.subarray(0, afterFrame(whole, 3) - 5)], store =>
      expectSegment(
        'torn-tail',
        ['The last frame, commit 3, lacks its last 5 bytes: the log ends with commit 2.'],
        store,
      ),
    )
  })

  it('damaged-header: a frame whose header has a flipped bit, and whose entries are whole', async () => {
    const whole = await threeCommits()
    const at = afterFrame(whole, 1) + 24 + 7
    await FixedStore.with([flipBit(whole, at, 2)], store =>
      expectSegment('damaged-header', [`Commit 2 has a flipped bit at offset ${at}, in its frame's header.`], store),
    )
  })

  it('damaged-entry: a frame whose only entry has a flipped bit', async () => {
    const whole = await threeCommits()
    const at = afterFrame(whole, 1) + 64 + 20
    await FixedStore.with([flipBit(whole, at, 0)], store =>
      expectSegment('damaged-entry', [`Commit 2 has a flipped bit at offset ${at}, in its entry's header.`], store),
    )
  })

  it('damaged-payload: an entry whose payload has a flipped bit', async () => {
    const whole = await threeCommits()
    const at = afterFrame(whole, 1) + 64 + 56 + 16 + 3
    await FixedStore.with([flipBit(whole, at, 5)], store =>
      expectSegment('damaged-payload', [`Commit 2 has a flipped bit at offset ${at}, in its entry's payload.`], store),
    )
  })
})

it('every vector is written by a test', () => {
  expect(vectorNames()).toEqual(
    [
      'cut-1',
      'cut-2',
      'damaged-entry',
      'damaged-header',
      'damaged-payload',
      'every-entry',
      'example',
      'identity',
      'index',
      'lost',
      'rewritten-1',
      'rewritten-2',
      'torn-tail',
    ].toSorted(),
  )
})
