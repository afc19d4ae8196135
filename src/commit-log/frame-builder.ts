/**
 * The frame that fills while the one before it is on its way to the disk: entries are encoded straight into the bytes
 * that will be written. Two builders take turns (see commit-log.ts), so buffers are reused.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { encodeEntry, entryLength, type EntryFields, type Place } from '../record/entry.ts'
import { encodeFrameHeader } from './frame-header.ts'
import { FRAME_BYTES_TARGET, FRAME_HEADER_BYTES } from './layout.ts'

/** Where an entry lies: born at `segment`, `offset`, that many bytes long. */
export interface Location extends Place {
  readonly length: number
}

export interface SealedFrame {
  readonly place: Place
  readonly commit: number
  readonly chain: bigint
  /** Valid until the builder is reset. */
  readonly bytes: Buffer
}

const FIRST_BUFFER_BYTES = 256 * 1024
const FIRST_SUMS_BYTES = 8 * 1024

export class FrameBuilder {
  readonly #checksum: Checksum
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES)
  #sums: Buffer = Buffer.allocUnsafeSlow(FIRST_SUMS_BYTES)
  #sumsView = viewOf(this.#sums)
  #place: Place = { segment: 0, offset: 0 }
  #length = FRAME_HEADER_BYTES
  #entries = 0

  constructor(checksum: Checksum) {
    this.#checksum = checksum
  }

  get place(): Place {
    return this.#place
  }

  get isEmpty(): boolean {
    return this.#entries === 0
  }

  get bytes(): number {
    return this.#length
  }

  get entryCount(): number {
    return this.#entries
  }

  /** Empties the builder; the next frame will be born at `place`. */
  reset(place: Place): void {
    this.#place = place
    this.#length = FRAME_HEADER_BYTES
    this.#entries = 0
    if (this.#buffer.length > 2 * FRAME_BYTES_TARGET) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES)
  }

  /** Whether so many more entry bytes still belong into this frame. */
  hasRoom(bytes: number): boolean {
    return this.isEmpty || this.#length + bytes <= FRAME_BYTES_TARGET
  }

  /** Encodes one entry; returns where it will lie. */
  add(fields: EntryFields): Location {
    const bytes = entryLength(fields.key?.length ?? 0, fields.meta?.length ?? 0, fields.payload?.length ?? 0)
    this.#reserve(bytes)
    const at = this.#length
    const place = { segment: this.#place.segment, offset: this.#place.offset + at, length: bytes }
    const headerSum = encodeEntry(this.#buffer, at, place, this.#entries, fields, this.#checksum)
    this.#sumsView.setBigUint64(this.#entries * 8, headerSum)
    this.#entries += 1
    this.#length += bytes
    return place
  }

  /** Writes the frame's header. */
  seal(commit: number, durableCommit: number, previousChain: bigint): SealedFrame {
    const entriesSum = this.#checksum.sum(this.#sums.subarray(0, this.#entries * 8))
    const header = {
      flags: 0,
      bodyLength: this.#length - FRAME_HEADER_BYTES,
      entryCount: this.#entries,
      commit,
      durableCommit,
      previousChain,
      entriesSum,
    }
    const chain = encodeFrameHeader(this.#buffer, 0, this.#place, header, this.#checksum)
    return { place: this.#place, commit, chain, bytes: this.#buffer.subarray(0, this.#length) }
  }

  #reserve(bytes: number): void {
    if ((this.#entries + 1) * 8 > this.#sums.length) {
      this.#sums = grown(this.#sums, this.#sums.length * 2, this.#entries * 8)
      this.#sumsView = viewOf(this.#sums)
    }
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    this.#buffer = grown(this.#buffer, Math.max(needed, this.#buffer.length * 2), this.#length)
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

function grown(buffer: Buffer, bytes: number, used: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(bytes)
  buffer.copy(larger, 0, 0, used)
  return larger
}
