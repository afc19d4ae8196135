/**
 * The frames of a segment as annotated hex, and what may lie between and behind them: damage, a torn tail, what a
 * successor has cut off. Called by dump.ts. The rules are those of segment-scan.ts, which stops where this goes on.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { decodeEntry, type DecodedEntry, isPaddingZero, payloadOf } from '../record/entry.ts'
import { entryRows, type EntryVerdict, fieldRows, hexRows, restLine } from '../record/hex-dump.ts'
import { ENTRY_HEADER_BYTES, ENTRY_MAGIC, ENTRY_TYPE, KEY_BYTES, META_BYTES_MAX } from '../record/layout.ts'
import type { FileWindow } from './file-window.ts'
import { decodeFrameHeader, type FrameHeader } from './frame-header.ts'
import { BIRTH_FIELDS, FRAME_FIELDS, FRAME_HEADER_BYTES, FRAME_MAGIC } from './layout.ts'
import { movedEntryAt } from './rewritten-scan.ts'
import { findFrame, sumOf } from './segment-scan.ts'

const ENTRY_HEAD_BYTES = ENTRY_HEADER_BYTES + KEY_BYTES + META_BYTES_MAX
const CHUNK_BYTES = 64 * 1024

/** A whole entry, or a stretch that is none. */
interface Part {
  readonly from: number
  readonly to: number
  readonly entry: (DecodedEntry & EntryVerdict) | null
}

/** From one frame to the next, or to the end. */
interface Block {
  readonly from: number
  readonly to: number
  readonly header: (FrameHeader & { readonly chain: bigint }) | null
  /** The first readable frame behind an unreadable one. */
  readonly next: FrameHeader | null
  /** Where its first entry stands; `from` when nothing there looks like a frame's header. */
  readonly bodyAt: number
  readonly parts: readonly Part[]
}

/** What is known of the frame before. */
interface Before {
  readonly commit: number | null
  readonly chain: bigint | null
}

export class FrameDump {
  readonly #window: FileWindow
  readonly #segment: number
  readonly #checksum: Checksum
  readonly #bytesMax: number
  /** Bytes before each entry that say where it was born; 0: it was born where it stands. */
  readonly #prefix: number

  /** @param bytesMax of a payload or a stretch of damage, how much to show */
  constructor(window: FileWindow, segment: number, checksum: Checksum, bytesMax: number, prefix = 0) {
    this.#window = window
    this.#segment = segment
    this.#checksum = checksum
    this.#bytesMax = bytesMax
    this.#prefix = prefix
  }

  /**
   * The frames from `from` to `end`. `before`: the last commit before the first of them, and its chain; `durable`: the
   * last commit that is surely on disk.
   */
  async *rows(from: number, before: Before, end: number, durable: number): AsyncGenerator<string> {
    let { commit, chain } = before
    let isPastEnd = false
    for (let offset = from; offset < end;) {
      const block = await this.#block(offset, end)
      const wrong = this.#complaints(block, { commit, chain }, end)
      const isDurable = commit === null ? block.next !== null : commit < durable
      yield ''
      yield titleOf(block)
      if (isPastEnd) yield '# behind the torn tail: no part of the log'
      else if (wrong.length > 0 && isDurable) yield `# DAMAGED: ${wrong.join('; ')}`
      else if (wrong.length > 0) {
        yield `# TORN TAIL: ${wrong.join('; ')}; nobody vouches for it, so the log ends at offset ${offset}`
        isPastEnd = true
      } else if (!isDurable)
        yield '# no later frame vouches for it: unless the index does, the next open writes it again'
      yield* this.#blockRows(block)
      commit = block.header?.commit ?? (block.next === null ? null : block.next.commit - 1)
      chain = block.header?.chain ?? block.next?.previousChain ?? null
      offset = block.to
    }
  }

  /** What a successor has cut off. */
  async *deadRows(from: number, end: number): AsyncGenerator<string> {
    yield ''
    yield `# DEAD: ${end - from} bytes past the end that the next segment names; no part of the log`
    for (let offset = from; offset < end;) {
      const block = await this.#block(offset, end)
      yield titleOf(block)
      yield* this.#blockRows(block)
      offset = block.to
    }
  }

  async #block(from: number, end: number): Promise<Block> {
    const { buffer, at, length } = await this.#window.view(from, FRAME_HEADER_BYTES)
    const hasMagic = length >= FRAME_HEADER_BYTES && buffer.readUInt32BE(at) === FRAME_MAGIC
    const header = decodeFrameHeader(buffer, at, { segment: this.#segment, offset: from }, this.#checksum)
    const bodyAt = from + FRAME_HEADER_BYTES
    if (header !== null && bodyAt + header.bodyLength <= end) {
      const to = bodyAt + header.bodyLength
      return { from, to, header, next: null, bodyAt, parts: await this.#parts(bodyAt, to) }
    }
    const next = await findFrame(this.#window, this.#segment, from + 8, end, this.#checksum)
    const to = next?.offset ?? end
    const isHeader = bodyAt <= to && (hasMagic || (await this.#entryAt(bodyAt, to)) !== null)
    const start = isHeader ? bodyAt : from
    return { from, to, header, next: next?.header ?? null, bodyAt: start, parts: await this.#parts(start, to) }
  }

  /** What recovery would object to. */
  #complaints({ header, bodyAt, parts }: Block, before: Before, end: number): string[] {
    if (header === null) return ['no undamaged frame header']
    const entries = parts.flatMap(part => part.entry ?? [])
    const wrong: string[] = []
    // What was written again has gaps where nothing of a commit was left.
    const isNext = this.#prefix > 0 ? header.commit > (before.commit ?? 0) : header.commit === (before.commit ?? 0) + 1
    if (before.commit !== null && !isNext) wrong.push(`not commit ${before.commit + 1}`)
    if (before.chain !== null && header.previousChain !== before.chain) wrong.push('the chain is broken before it')
    if (bodyAt + header.bodyLength > end) wrong.push(`it should reach to offset ${bodyAt + header.bodyLength}`)
    const isInOrder =
      entries.length === parts.length &&
      entries.every((entry, i) =>
        this.#prefix > 0 ? entry.ordinal > (entries[i - 1]?.ordinal ?? -1) : entry.ordinal === i,
      )
    if (!isInOrder || entries.length !== header.entryCount || sumOf(entries, this.#checksum) !== header.entriesSum) {
      wrong.push('its entries are not the ones its header names')
    }
    const payloads = entries.filter(entry => !entry.isPayloadRight).length
    if (payloads > 0) wrong.push(`payloads that do not match their checksum: ${payloads}`)
    if (entries.some(entry => !entry.isPaddingRight)) wrong.push('padding that is not zero')
    return wrong
  }

  async *#blockRows({ from, bodyAt, header, parts }: Block): AsyncGenerator<string> {
    if (bodyAt > from) {
      const { buffer, at } = await this.#window.view(from, FRAME_HEADER_BYTES)
      const chain = header === null ? 'DAMAGED: does not match' : 'matches'
      yield* fieldRows(from, buffer, at, FRAME_FIELDS, { magic: 'text', previousChain: '', entriesSum: '', chain })
    }
    for (const part of parts) {
      if (part.entry === null) yield* this.#unreadableRows(part)
      else {
        const { buffer, at } = await this.#window.view(part.from, part.to - part.from)
        if (this.#prefix > 0) yield* fieldRows(part.from, buffer, at, BIRTH_FIELDS, {})
        const start = part.from + this.#prefix
        yield* entryRows(start, buffer, at + this.#prefix, part.entry, part.entry, this.#bytesMax)
      }
    }
  }

  async *#unreadableRows({ from, to }: Part): AsyncGenerator<string> {
    yield `# no undamaged entry: ${to - from} bytes`
    const end = Math.min(to, from + this.#bytesMax)
    for (let offset = from; offset < end; offset += CHUNK_BYTES) {
      const { buffer, at } = await this.#window.view(offset, Math.min(CHUNK_BYTES, end - offset))
      yield* hexRows(offset, buffer.subarray(at, at + Math.min(CHUNK_BYTES, end - offset)), 'unreadable', 'text')
    }
    yield* restLine(from, to - from, this.#bytesMax)
  }

  async #parts(from: number, to: number): Promise<Part[]> {
    const parts: Part[] = []
    let done = from
    for (let offset = from; offset < to;) {
      const entry = await this.#entryAt(offset, to)
      if (entry === null) {
        offset = await this.#nextCandidate(offset + 8, to)
        continue
      }
      if (done < offset) parts.push({ from: done, to: offset, entry: null })
      done = offset + this.#prefix + entry.length
      parts.push({ from: offset, to: done, entry })
      offset = done
    }
    if (done < to) parts.push({ from: done, to, entry: null })
    return parts
  }

  async #entryAt(offset: number, to: number): Promise<(DecodedEntry & EntryVerdict) | null> {
    const head = await this.#window.view(offset, Math.min(this.#prefix + ENTRY_HEAD_BYTES, to - offset))
    const place = { segment: this.#segment, offset }
    const entry =
      this.#prefix > 0
        ? movedEntryAt(head.buffer, head.at, this.#segment, this.#checksum)
        : decodeEntry(head.buffer, head.at, place, this.#checksum)
    if (entry === null || offset + this.#prefix + entry.length > to) return null
    const whole = await this.#window.view(offset, this.#prefix + entry.length)
    const [buffer, at] = [whole.buffer, whole.at + this.#prefix]
    const isPayloadRight =
      entry.payloadAt !== 0 ||
      entry.type === ENTRY_TYPE.keyOnly ||
      payloadOf(buffer, at, entry, this.#checksum) !== null
    return { ...entry, isPayloadRight, isPaddingRight: isPaddingZero(buffer, at, entry) }
  }

  /** The next multiple of 8 from `offset` on where an entry may begin. */
  async #nextCandidate(offset: number, to: number): Promise<number> {
    for (let from = offset; from < to;) {
      const { buffer, at, length } = await this.#window.view(from, 1)
      for (let i = 0; i < length && from + i < to; i += 8)
        if (this.#prefix > 0 || buffer[at + i] === ENTRY_MAGIC) return from + i
      if (length === 0) return to
      from += Math.ceil(length / 8) * 8
    }
    return to
  }
}

function titleOf({ from, to, header, parts }: Block): string {
  if (header === null) return `# ${to - from} bytes at offset ${from}`
  const entries = parts.filter(part => part.entry !== null).length
  const count = entries === 1 ? '1 entry' : `${entries} entries`
  return `# frame at offset ${from} · commit ${header.commit} · ${count} · ${to - from} bytes`
}
