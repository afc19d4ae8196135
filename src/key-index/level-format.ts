/**
 * LevelDB's file formats, as far as checking them needs: blocks and footer of a table, records of a log (its write-ahead
 * log and its MANIFEST), edits of a MANIFEST. Pure: bytes in, and null or a verdict for whatever is not as LevelDB writes
 * it. inspect-files.ts reads the files. Frozen with LevelDB 1.20, which classic-level 3 bundles; later ones write the same.
 */
import { crc32c } from '../bytes/crc32c.ts'
import { decodeSnappy } from './snappy.ts'

export const FOOTER_BYTES = 48
/** What follows a block: its type and its checksum. */
export const TRAILER_BYTES = 5
/** Never change: LevelDB's numbers. */
const BLOCK_TYPE = { plain: 0, snappy: 1 } as const
const FOOTER_MAGIC = Buffer.from('57fb808b247547db', 'hex')
const MASK_DELTA = 0xa282_ead8
/** What follows a key of the index in LevelDB: a number, and whether it was put or deleted. */
const KEY_SUFFIX_BYTES = 8
const VARINT_BYTES_MAX = 8

/** Where a block lies in its table; its trailer comes after it. */
export interface BlockHandle {
  readonly offset: number
  readonly bytes: number
}

export interface Footer {
  readonly metaIndex: BlockHandle
  readonly index: BlockHandle
}

/** Null when it is none, or contradicts the size of its file: the index block lies right before it. */
export function decodeFooter(footer: Buffer, fileBytes: number): Footer | null {
  if (footer.length !== FOOTER_BYTES || !footer.subarray(FOOTER_BYTES - 8).equals(FOOTER_MAGIC)) return null
  const reader = new Reader(footer.subarray(0, FOOTER_BYTES - 8))
  const metaIndex = reader.handle()
  const index = reader.handle()
  if (reader.isBroken || reader.rest().some(byte => byte !== 0)) return null
  const isTiled = endOf(metaIndex) === index.offset && endOf(index) === fileBytes - FOOTER_BYTES
  return isTiled ? { metaIndex, index } : null
}

/** Where the next block begins. */
export function endOf({ offset, bytes }: BlockHandle): number {
  return offset + bytes + TRAILER_BYTES
}

/** Whether a block, given with its trailer, is what LevelDB wrote. */
export function isBlockWhole(block: Buffer): boolean {
  const end = block.length - TRAILER_BYTES
  return end >= 0 && unmasked(block.readUInt32LE(end + 1)) === crc32c(block, 0, end + 1)
}

/** What a block, given with its trailer, holds; null when it is damaged. */
export function blockContents(block: Buffer): Buffer | null {
  if (!isBlockWhole(block)) return null
  const end = block.length - TRAILER_BYTES
  const contents = block.subarray(0, end)
  if (block[end] === BLOCK_TYPE.plain) return contents
  return block[end] === BLOCK_TYPE.snappy ? decodeSnappy(contents) : null
}

/** Keys and values of a block's contents, in order; null when it makes no sense. */
export function decodeBlock(block: Buffer): { readonly key: Buffer; readonly value: Buffer }[] | null {
  const entries: { key: Buffer; value: Buffer }[] = []
  let key = Buffer.alloc(0)
  const isRight = readEntries(block, (reader, shared, unshared, valueBytes) => {
    key = Buffer.concat([key.subarray(0, shared), reader.bytes(unshared)])
    entries.push({ key, value: reader.bytes(valueBytes) })
    return true
  })
  return isRight ? entries : null
}

/** The blocks that an index block, or a metaindex block, lists; null when it makes no sense. */
export function decodeHandles(block: Buffer): BlockHandle[] | null {
  const handles: BlockHandle[] = []
  // A large table lists thousands: nothing is made of their keys.
  const isRight = readEntries(block, (reader, _, unshared, valueBytes) => {
    reader.skip(unshared)
    const end = reader.at + valueBytes
    handles.push(reader.handle())
    return reader.at === end
  })
  return isRight ? handles : null
}

/** Gives each entry's lengths, with its key's own bytes next to be read; whether all of them make sense. */
function readEntries(
  block: Buffer,
  take: (reader: Reader, sharedBytes: number, unsharedBytes: number, valueBytes: number) => boolean,
): boolean {
  if (block.length < 4) return false
  const restarts = block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) return false
  const reader = new Reader(block.subarray(0, end))
  let keyBytes = 0
  while (!reader.isAtEnd) {
    const shared = reader.varint()
    const unshared = reader.varint()
    const valueBytes = reader.varint()
    if (shared > keyBytes || !take(reader, shared, unshared, valueBytes) || reader.isBroken) return false
    keyBytes = shared + unshared
  }
  return true
}

/** Whether these blocks lie side by side from `from` to `to`, so that every byte of them has a checksum. */
export function doTile(handles: readonly BlockHandle[], from: number, to: number): boolean {
  let at = from
  for (const handle of handles) {
    if (handle.offset !== at) return false
    at = endOf(handle)
  }
  return at === to
}

/** The key that was put or deleted, as the index knows it. */
export function userKey(internal: Buffer): Buffer {
  return internal.subarray(0, Math.max(0, internal.length - KEY_SUFFIX_BYTES))
}

/** A table that a MANIFEST names. */
export interface TableFile {
  readonly number: number
  readonly bytes: number
  /** The smallest key in it, as the index knows it. */
  readonly smallest: Buffer
}

const EDIT = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const

/** What the edits of a MANIFEST add up to. */
export class ManifestState {
  readonly tables = new Map<number, TableFile>()
  /** The oldest write-ahead log that counts. */
  logNumber = 0

  /** Takes an edit in; false when it makes no sense. */
  apply(edit: Buffer): boolean {
    const reader = new Reader(edit)
    while (!reader.isBroken && !reader.isAtEnd) {
      const tag = reader.varint()
      if (tag === EDIT.comparator) reader.bytes(reader.varint())
      else if (tag === EDIT.logNumber) this.logNumber = reader.varint()
      else if (tag === EDIT.nextFile || tag === EDIT.lastSequence || tag === EDIT.previousLog) reader.varint()
      else if (tag === EDIT.compactPointer) {
        reader.varint()
        reader.bytes(reader.varint())
      } else if (tag === EDIT.deletedFile) {
        reader.varint()
        this.tables.delete(reader.varint())
      } else if (tag === EDIT.newFile) this.#add(reader)
      else return false
    }
    return !reader.isBroken
  }

  #add(reader: Reader): void {
    reader.varint()
    const number = reader.varint()
    const bytes = reader.varint()
    const smallest = userKey(reader.bytes(reader.varint()))
    reader.bytes(reader.varint())
    if (!reader.isBroken) this.tables.set(number, { number, bytes, smallest })
  }
}

/** A block's and a record's checksum as it is stored. LevelDB masks it, so that a checksum over checksums stays one. */
export function unmasked(stored: number): number {
  const rotated = (stored - MASK_DELTA) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/** Reads on from where it stands; once something does not fit it is broken, and gives zeros and nothing. */
class Reader {
  readonly #source: Buffer
  at = 0
  isBroken = false

  constructor(source: Buffer) {
    this.#source = source
  }

  get isAtEnd(): boolean {
    return this.at === this.#source.length
  }

  /** An unsigned number of at most 2^53 - 1, seven bits a byte, the lowest first, in as few bytes as it takes. */
  varint(): number {
    let value = 0
    let place = 1
    for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
      const byte = this.#source[this.at]
      if (byte === undefined) break
      this.at += 1
      value += (byte & 0x7f) * place
      place *= 0x80
      if (byte >= 0x80) continue
      if (!Number.isSafeInteger(value) || (byte === 0 && i > 0)) break
      return value
    }
    this.isBroken = true
    return 0
  }

  bytes(count: number): Buffer {
    this.skip(count)
    return this.isBroken ? Buffer.alloc(0) : this.#source.subarray(this.at - count, this.at)
  }

  skip(count: number): void {
    if (count > this.#source.length - this.at) this.isBroken = true
    if (!this.isBroken) this.at += count
  }

  handle(): BlockHandle {
    return { offset: this.varint(), bytes: this.varint() }
  }

  rest(): Buffer {
    return this.#source.subarray(this.at)
  }
}
