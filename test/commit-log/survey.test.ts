/** The walk over a whole log, whatever state it is in: what is dead stays dead, and what is missing is told once. */
import { rmSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { FrameBuilder, type SealedFrame } from '../../src/commit-log/frame-builder.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { encodeSegmentHeader } from '../../src/commit-log/segment-header.ts'
import { surveyLog } from '../../src/commit-log/survey.ts'
import { CODEC_ID, ENTRY_TYPE } from '../../src/record/layout.ts'
import { FixedStore, IDENTITY } from '../format/fixed-store.ts'

let checksum: Checksum
beforeAll(async () => {
  checksum = await Checksum.forStore(IDENTITY.storeId)
})

/** Segments, written frame by frame: each frame holds one record with that text. */
class Writer {
  readonly segments: Buffer[] = []
  #commit = 0
  #chain = 0n

  begin(): this {
    const before = this.segments.at(-1)
    const header = {
      firstSegment: this.segments.length + 1,
      lastSegment: this.segments.length + 1,
      generation: 0,
      cutOffset: before?.length ?? 0,
      cutCommit: this.#commit,
      cutChain: this.#chain,
      nextLog: 4,
      timeline: 1,
      rewritten: null,
    }
    this.segments.push(encodeSegmentHeader(header, IDENTITY.storeId, checksum))
    return this
  }

  frame(text: string): this {
    const { commit, chain } = this.#seal(text)
    this.#commit = commit
    this.#chain = chain
    return this
  }

  /** A whole frame behind the segment's end, of the next commit: what a later segment was to cut off. */
  dead(text: string, begin: () => void): this {
    const at = this.segments.length - 1
    const alive = this.segments[at]!
    this.#seal(text)
    const withDead = this.segments[at]!
    this.segments[at] = alive
    begin()
    this.segments[at] = withDead
    return this
  }

  #seal(text: string): SealedFrame {
    const at = this.segments.length - 1
    const builder = new FrameBuilder(checksum)
    builder.reset({ segment: at + 1, offset: this.segments[at]!.length })
    const payload = Buffer.from(text)
    const seq = this.#commit + 1
    const fields = { type: ENTRY_TYPE.append, codec: CODEC_ID.bytes, log: 2, seq, payload }
    builder.add({ ...fields, payloadSum: checksum.sum(payload) })
    const frame = builder.seal(this.#commit + 1, this.#commit, this.#chain)
    this.segments[at] = Buffer.concat([this.segments[at]!, frame.bytes])
    return frame
  }
}

/** Each damage by its kind, each frame by its commit and text; `!` where it is damaged. */
async function told(directory: string): Promise<string[]> {
  const reading = { disk: nodeDisk(directory), storeId: IDENTITY.storeId, checksum }
  const lines: string[] = []
  for await (const step of (await surveyLog(reading)).steps()) {
    if (step.kind === 'damage') {
      const { kind, ...rest } = step.damage
      lines.push('from' in rest ? `${kind} ${rest.from}–${rest.to}` : kind)
    } else {
      const texts = step.frame.entries.map(entry => String(step.frame.payload(entry)))
      lines.push(`${step.frame.commit} ${texts.join()}${step.frame.damage === null ? '' : '!'}`)
    }
  }
  return lines
}

it('a frame behind the end of its segment is dead, also when the header that says so is damaged', async () => {
  const writer = new Writer().begin().frame('one').frame('two')
  writer.dead('never', () => writer.begin().frame('three').frame('four'))
  const frames = ['1 one', '2 two', '3 three', '4 four']
  await FixedStore.with(writer.segments, async ({ directory }) => expect(await told(directory)).toEqual(frames))
  writer.segments[1]![40]! ^= 1
  await FixedStore.with(writer.segments, async ({ directory }) => {
    expect(await told(directory)).toEqual(['1 one', '2 two', 'segment-header', '3 three', '4 four'])
  })
})

it('behind a missing segment, and a damaged header, the frames are whole and the missing commits are told', async () => {
  const writer = new Writer()
    .begin()
    .frame('one')
    .begin()
    .frame('two')
    .frame('three')
    .begin()
    .frame('four')
    .frame('five')
  await FixedStore.with(writer.segments, async store => {
    rmSync(store.path(2))
    const missing = ['1 one', 'segment-missing 2–2', 'commits-missing 2–3', '4 four', '5 five']
    expect(await told(store.directory)).toEqual(missing)
    const third = store.segment(3)
    third[40]! ^= 1
    writeFileSync(store.path(3), third)
    expect(await told(store.directory)).toEqual([...missing.slice(0, 2), 'segment-header', ...missing.slice(2)])
  })
})
