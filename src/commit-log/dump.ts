/**
 * A segment file as annotated hex: what `twinlog dump` prints. It judges as recovery judges, but shows everything and
 * stops at nothing: damage and a torn tail are lines like any other. It needs the file alone; where the next segment's
 * file lies beside it, that one's header says where this one ends.
 */
import { basename, dirname } from 'node:path'
import { Checksum } from '../bytes/checksum.ts'
import { readU64 } from '../bytes/integers.ts'
import { fieldRows, hexRows } from '../record/hex-dump.ts'
import type { Disk, DiskFile } from './disk.ts'
import { FileWindow } from './file-window.ts'
import { FrameDump } from './frame-dump.ts'
import {
  BIRTH_PREFIX_BYTES,
  FORMAT_VERSION,
  MAP_FIELDS,
  MAP_ROW_BYTES,
  SEGMENT_FIELDS as F,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
} from './layout.ts'
import { nodeDisk } from './node-disk.ts'
import { decodeSegmentHeader, parseSegmentFileName, segmentFileName, type SegmentHeader } from './segment-header.ts'
import { decodeMap, mapBytes } from './map-rows.ts'
import { surveyDurable } from './segment-scan.ts'

export interface DumpOptions {
  /** Every byte. Otherwise a payload, or a stretch of damage, of more than 256 bytes is cut short and the rest counted. */
  readonly all?: boolean
}

const BYTES_SHOWN = 256

/**
 * The lines of a segment file's annotated hex: `offset  hex  name  what it says`, comments after `#`. Never fails for
 * what the file holds. Works beside a running owner.
 * @throws IO_ERROR, READ_ONLY when the file can't be read
 */
export async function* dumpSegment(path: string, options: DumpOptions = {}): AsyncGenerator<string, void> {
  const disk = nodeDisk(dirname(path))
  const name = basename(path)
  const file = disk.open(name)
  try {
    const header = await headOf(file)
    yield `# ${name}: ${await file.size()} bytes`
    if (header.length === SEGMENT_HEADER_BYTES) yield* segmentRows(disk, file, name, header, options)
    else {
      yield '# DAMAGED: shorter than a segment header'
      yield* hexRows(0, header, 'unreadable', '')
    }
  } finally {
    await file.close()
  }
}

async function* segmentRows(
  disk: Disk,
  file: DiskFile,
  name: string,
  header: Buffer,
  options: DumpOptions,
): AsyncGenerator<string, void> {
  const storeId = header.subarray(F.storeId.at, F.storeId.at + F.storeId.bytes)
  const checksum = await Checksum.forStore(storeId)
  const isRight = isHeaderRight(header, checksum)
  yield* headerRows(header, isRight)

  const named = isRight ? null : parseSegmentFileName(name)
  const segment = named?.firstSegment ?? header.readUInt32BE(F.firstSegment.at)
  const size = await file.size()
  if (isRight && header.readUInt32BE(F.generation.at) > 0) {
    yield* rewrittenRows(file, header, name, storeId, checksum, options)
    return
  }
  const cut = await successorOf(disk, segment, storeId, checksum)
  yield cut === null
    ? '# the next segment is not beside it: each frame vouches for the commits before it'
    : `# segment ${segment + 1} says: this one ends at offset ${cut.cutOffset}, with commit ${cut.cutCommit}`

  const start = { segment, offset: SEGMENT_HEADER_BYTES, commit: 0, chain: null }
  const before = isRight
    ? { commit: readU64(header, F.cutCommit.at), chain: header.readBigUInt64BE(F.cutChain.at) }
    : { commit: null, chain: null }
  const end = Math.min(size, cut?.cutOffset ?? size)
  const durable = cut === null ? await surveyDurable(file, start, checksum) : cut.cutCommit
  const frames = new FrameDump(new FileWindow(file), segment, checksum, bytesMaxOf(options))
  yield* frames.rows(start.offset, before, end, durable)
  if (cut !== null && size < cut.cutOffset) yield `# DAMAGED: ${cut.cutOffset - size} bytes are missing at the end`
  if (end < size) yield* frames.deadRows(end, size)
}

/** A segment that was written again says itself where it ends, and how. */
async function* rewrittenRows(
  file: DiskFile,
  bytes: Buffer,
  name: string,
  storeId: Buffer,
  checksum: Checksum,
  options: DumpOptions,
): AsyncGenerator<string> {
  const header = decodeSegmentHeader(bytes, storeId, checksum, name)
  if (header === null || header.rewritten === null) return
  const { firstSegment, cutCommit, cutChain, rewritten } = header
  const { lastCommit, mapOffset, mapCount } = rewritten
  yield `# written again: up to commit ${lastCommit}, without what was dead at commit ${rewritten.reclaimedThrough}`
  const window = new FileWindow(file)
  const frames = new FrameDump(window, firstSegment, checksum, bytesMaxOf(options), BIRTH_PREFIX_BYTES)
  const size = await file.size()
  const end = mapOffset + mapBytes(mapCount)
  const before = { commit: cutCommit, chain: cutChain }
  yield* frames.rows(SEGMENT_HEADER_BYTES, before, Math.min(size, mapOffset), lastCommit)
  yield* mapRows(window, mapOffset, mapCount, checksum)
  if (size < end) yield `# DAMAGED: ${end - size} bytes are missing at the end`
  if (size > end) yield* frames.deadRows(end, size)
}

async function* mapRows(window: FileWindow, from: number, rows: number, checksum: Checksum): AsyncGenerator<string> {
  if (rows === 0) return
  const { buffer, at, length } = await window.view(from, mapBytes(rows))
  const map = buffer.subarray(at, at + Math.min(length, mapBytes(rows)))
  const isRight = decodeMap(map, rows, checksum) !== null
  yield ''
  yield `# map of ${rows} rows`
  for (let row = 0; (row + 1) * MAP_ROW_BYTES <= map.length && row < rows; row += 1)
    yield* fieldRows(from + row * MAP_ROW_BYTES, map, row * MAP_ROW_BYTES, MAP_FIELDS, {})
  const end = rows * MAP_ROW_BYTES
  yield* hexRows(
    from + end,
    map.subarray(end),
    'mapSum',
    isRight ? 'matches' : 'DAMAGED: the map is not what was written',
  )
}

function bytesMaxOf({ all }: DumpOptions): number {
  return all === true ? Infinity : BYTES_SHOWN
}

/** The bytes of a segment header, or as many as the file has. */
async function headOf(file: DiskFile): Promise<Buffer> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  return bytes.subarray(0, await file.read(bytes, 0, bytes.length, 0))
}

function isHeaderRight(header: Buffer, checksum: Checksum): boolean {
  const sum = checksum.sum(header.subarray(0, F.headerSum.at))
  return (
    header.subarray(0, SEGMENT_MAGIC.length).equals(SEGMENT_MAGIC) && sum === header.readBigUInt64BE(F.headerSum.at)
  )
}

function* headerRows(header: Buffer, isRight: boolean): Generator<string> {
  const version = header.readUInt16BE(F.version.at)
  yield '# segment header'
  if (!isRight) yield '# DAMAGED: if it is the store id that is wrong, no checksum below will match'
  else if (version > FORMAT_VERSION || header.readUInt32BE(F.criticalFlags.at) !== 0) {
    yield '# of a newer version: this version refuses it, and may misread what follows'
  }
  yield* fieldRows(0, header, 0, F, {
    magic: 'text',
    cutChain: '',
    ...(header.readUInt32BE(F.generation.at) > 0 ? { chainOut: '' } : {}),
    headerSum: isRight ? 'matches' : 'DAMAGED: the header is not what was written',
  })
}

/** The header of the next segment, when its file is beside this one and it is undamaged. */
async function successorOf(
  disk: Disk,
  segment: number,
  storeId: Buffer,
  checksum: Checksum,
): Promise<SegmentHeader | null> {
  const names = (await disk.list('')).map(file => parseSegmentFileName(file))
  const generations = names.map(name => (name?.firstSegment === segment + 1 ? name.generation : -1))
  const generation = Math.max(...generations)
  if (generation < 0) return null
  const name = segmentFileName({ firstSegment: segment + 1, lastSegment: segment + 1, generation })
  try {
    const file = disk.open(name)
    try {
      const header = decodeSegmentHeader(await headOf(file), storeId, checksum, name)
      return header?.firstSegment === segment + 1 ? header : null
    } finally {
      await file.close()
    }
  } catch {
    return null
  }
}
