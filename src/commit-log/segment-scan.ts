/**
 * Reads the frames of one segment from front to back and tells three things apart: a frame, damage, and the end.
 * Called by recovery, replay, rebuild and the read-only driver.
 *
 * The rule: what was surely on disk must be there. A commit is surely on disk when a later frame, the successor's
 * header or the index's checkpoint says so; if it can't be read, that is damage. What nobody vouches for and can't be
 * read is a torn tail: it ends the log. Neither is guessed at.
 */
import type { Checksum } from '../bytes/checksum.ts'
import {
  decodeEntry,
  type DecodedEntry,
  type EntryType,
  isKnownEntry,
  isPaddingZero,
  payloadOf,
  type Place,
  saidLength,
} from '../record/entry.ts'
import { ENTRY_FIELDS, ENTRY_HEADER_BYTES, ENTRY_MAGIC } from '../record/layout.ts'
import { TwinlogError } from '../errors.ts'
import type { DiskFile } from './disk.ts'
import { FileWindow } from './file-window.ts'
import { decodeFrameHeader, type FrameHeader } from './frame-header.ts'
import { FRAME_HEADER_BYTES, FRAME_MAGIC } from './layout.ts'

/** A point between two frames. `chain` is null when the frame before it is damaged. */
export interface LogPoint {
  readonly segment: number
  readonly offset: number
  /** The last commit before this point. */
  readonly commit: number
  readonly chain: bigint | null
}

export interface ScannedFrame {
  readonly place: Place
  readonly end: LogPoint
  readonly commit: number
  readonly entries: readonly DecodedEntry[]
  /** Null when undamaged; `header` when all entries are known nevertheless; `entries` when some can't be known. */
  readonly damage: null | 'header' | 'entries'
  /** Where an entry of this frame stands in the file: where it was born, unless the segment was written again. */
  offsetOf(entry: DecodedEntry): number
  /** The entry's bytes as they stand in the file, not copied. Valid while the frame is the newest one yielded. */
  bytesOf(entry: DecodedEntry): Buffer
  /** A verified copy, or null when it is damaged. Valid while the frame is the newest one yielded. */
  payload(entry: DecodedEntry): Buffer | null
  /** Whether the bytes behind the payload are zero, as they must be. Valid as long as `payload`. */
  isPaddingRight(entry: DecodedEntry): boolean
}

/** How far a scan goes. */
interface ScanLimit {
  /** Where the successor's header says this segment ends; null for the last segment. */
  readonly cut: LogPoint | null
  /** The last commit that is surely on disk (`surveyDurable`); at the cut everything is. */
  readonly durableCommit: number
  /** Of what is surely on disk only such entries matter: a frame that says it has none comes without any, unchecked. */
  readonly onlyType?: EntryType
}

const MAGIC_BYTES = Buffer.alloc(4)
MAGIC_BYTES.writeUInt32BE(FRAME_MAGIC)

/**
 * Yields the frames after `from`. Returns where the readable frames end; past that is a torn tail or nothing.
 * A frame that nobody vouches for is only yielded when every byte of it is right.
 * @throws FORMAT_UNSUPPORTED for an undamaged entry of a kind that this version does not know
 */
export async function* scanSegment(
  file: DiskFile,
  from: LogPoint,
  limit: ScanLimit,
  checksum: Checksum,
): AsyncGenerator<ScannedFrame, LogPoint> {
  const window = new FileWindow(file)
  const endOffset = limit.cut?.offset ?? (await file.size())
  let point = from
  while (point.offset < endOffset) {
    const isDurable = limit.cut !== null || point.commit < limit.durableCommit
    const frame = await readFrame(window, point, endOffset, checksum, isDurable ? limit.onlyType : undefined)
    if (frame !== null && (isDurable || isWhole(frame))) {
      yield frame
      point = frame.end
      continue
    }
    if (!isDurable) return point
    const lost = await readDamaged(window, file, point, limit.cut, endOffset, checksum)
    yield lost
    point = lost.end
  }
  return point
}

/** The highest commit that a frame at or after `from` says was on disk: one pass over the last segment's headers. */
export async function surveyDurable(file: DiskFile, from: LogPoint, checksum: Checksum): Promise<number> {
  const window = new FileWindow(file)
  let durable = 0
  let offset = from.offset
  for (;;) {
    const found = await findFrame(window, from.segment, offset, Number.MAX_SAFE_INTEGER, checksum)
    if (found === null) return durable
    durable = Math.max(durable, found.header.durableCommit)
    offset = found.offset + FRAME_HEADER_BYTES + found.header.bodyLength
  }
}

/** The frame at `point`, its entries perhaps damaged; null when its header is not that of the next commit. */
async function readFrame(
  window: FileWindow,
  point: LogPoint,
  endOffset: number,
  checksum: Checksum,
  onlyType: EntryType | undefined,
): Promise<ScannedFrame | null> {
  const place = { segment: point.segment, offset: point.offset }
  const head = await window.view(place.offset, FRAME_HEADER_BYTES)
  const header = decodeFrameHeader(head.buffer, head.at, place, checksum)
  if (header === null || header.commit !== point.commit + 1) return null
  if (point.chain !== null && header.previousChain !== point.chain) return null
  const end = place.offset + FRAME_HEADER_BYTES + header.bodyLength
  if (end > endOffset) return null
  const view = await window.view(place.offset, end - place.offset)
  if (view.length < end - place.offset) return null
  const [bodyStart, bodyEnd] = [view.at + FRAME_HEADER_BYTES, view.at + end - place.offset]
  const frame = {
    place,
    end: { segment: point.segment, offset: end, commit: header.commit, chain: header.chain },
    commit: header.commit,
    ...inView(view, entry => entry.place.offset - place.offset, place, checksum),
  }
  if (onlyType !== undefined && !mayHold(onlyType, view.buffer, bodyStart, bodyEnd))
    return { ...frame, entries: [], damage: null }
  const { entries, contiguous } = readEntries(view.buffer, bodyStart, bodyEnd, place, checksum)
  const isRight = contiguous && entries.length === header.entryCount && sumOf(entries, checksum) === header.entriesSum
  return { ...frame, entries, damage: isRight ? null : 'entries' }
}

/** Whether entries may be of that type, or of none that is known: what they say of themselves is not checked. */
function mayHold(type: EntryType, buffer: Buffer, start: number, end: number): boolean {
  let at = start
  while (at + ENTRY_HEADER_BYTES <= end && buffer[at] === ENTRY_MAGIC && isKnownEntry(buffer, at)) {
    if (buffer[at + ENTRY_FIELDS.type.at] === type) return true
    at += saidLength(buffer, at)
  }
  return at !== end
}

type InView = Pick<ScannedFrame, 'offsetOf' | 'bytesOf' | 'payload' | 'isPaddingRight'>

/** How to get at the entries of a frame. @param within how far from the frame's start an entry stands */
export function inView(
  view: { readonly buffer: Buffer; readonly at: number },
  within: (entry: DecodedEntry) => number,
  frame: Place,
  checksum: Checksum,
): InView {
  return {
    offsetOf: entry => frame.offset + within(entry),
    bytesOf: entry => view.buffer.subarray(view.at + within(entry), view.at + within(entry) + entry.length),
    payload: entry => payloadOf(view.buffer, view.at + within(entry), entry, checksum),
    isPaddingRight: entry => isPaddingZero(view.buffer, view.at + within(entry), entry),
  }
}

/** What can be known of the bytes from `point` to the next readable frame, or to the cut. */
async function readDamaged(
  window: FileWindow,
  file: DiskFile,
  point: LogPoint,
  cut: LogPoint | null,
  endOffset: number,
  checksum: Checksum,
): Promise<ScannedFrame> {
  const place = { segment: point.segment, offset: point.offset }
  const next = await findFrame(window, point.segment, point.offset + 8, endOffset, checksum)
  const end: LogPoint = {
    segment: point.segment,
    offset: next?.offset ?? endOffset,
    commit: next === null ? (cut?.commit ?? point.commit + 1) : next.header.commit - 1,
    chain: next === null ? (cut?.chain ?? null) : next.header.previousChain,
  }
  const bytes = Math.min(end.offset, await file.size()) - place.offset
  const view = await window.view(place.offset, Math.max(0, bytes))
  const start = view.at + Math.min(FRAME_HEADER_BYTES, view.length)
  const body = readEntries(view.buffer, start, Math.max(start, view.at + bytes), place, checksum, view.at)
  // Nothing is missing at the end of the file, and what is there follows on without a gap. An empty frame is a header alone.
  const isThere = bytes === end.offset - place.offset && bytes >= FRAME_HEADER_BYTES
  const isKnown = isThere && body.contiguous && end.commit === point.commit + 1
  return {
    place,
    end,
    commit: end.commit,
    entries: body.entries,
    damage: isKnown ? 'header' : 'entries',
    ...inView(view, entry => entry.place.offset - place.offset, place, checksum),
  }
}

/** All entries in `buffer[start, end)`; `contiguous` when they follow one another from its start to its end. */
function readEntries(
  buffer: Buffer,
  start: number,
  end: number,
  frame: Place,
  checksum: Checksum,
  frameAt = start - FRAME_HEADER_BYTES,
): { entries: DecodedEntry[]; contiguous: boolean } {
  const entries: DecodedEntry[] = []
  let contiguous = true
  let at = start
  while (at < end) {
    const place = { segment: frame.segment, offset: frame.offset + at - frameAt }
    const entry = decodeEntry(buffer, at, place, checksum)
    if (entry === null || at + entry.length > end) {
      contiguous = false
      at = nextEntryCandidate(buffer, at, end)
      continue
    }
    if (!isKnownEntry(buffer, at)) {
      const where = `segment ${place.segment}, offset ${place.offset}`
      throw new TwinlogError('FORMAT_UNSUPPORTED', `an entry of a newer version at ${where}`, { place: where })
    }
    if (entry.ordinal !== entries.length) contiguous = false
    entries.push(entry)
    at += entry.length
  }
  return { entries, contiguous }
}

function nextEntryCandidate(buffer: Buffer, at: number, end: number): number {
  for (let next = at + 8; next < end; next += 8) if (buffer[next] === ENTRY_MAGIC) return next
  return end
}

/** The first undamaged frame header at or after `offset`. */
export async function findFrame(
  window: FileWindow,
  segment: number,
  offset: number,
  endOffset: number,
  checksum: Checksum,
): Promise<{ offset: number; header: FrameHeader } | null> {
  let at = offset
  while (at < endOffset) {
    const view = await window.view(at, FRAME_HEADER_BYTES)
    if (view.length < FRAME_HEADER_BYTES) return null
    const hit = view.buffer.indexOf(MAGIC_BYTES, view.at)
    const candidate = hit === -1 ? at + view.length - 3 : at + hit - view.at
    const place = { segment, offset: candidate }
    if (hit !== -1 && candidate < endOffset) {
      const whole = await window.view(candidate, FRAME_HEADER_BYTES)
      const header = decodeFrameHeader(whole.buffer, whole.at, place, checksum)
      if (header !== null) return { offset: candidate, header }
    }
    at = Math.max(at + 1, hit === -1 ? candidate : candidate + 1)
  }
  return null
}

/** Whether every byte of a frame is right: what nobody vouches for is taken only so. */
function isWhole(frame: ScannedFrame): boolean {
  if (frame.damage !== null) return false
  return frame.entries.every(
    entry => frame.isPaddingRight(entry) && (entry.payloadLength === 0 || frame.payload(entry) !== null),
  )
}

/** The checksum over the entries' header checksums, which a frame's header holds. */
export function sumOf(entries: readonly DecodedEntry[], checksum: Checksum): bigint {
  const sums = Buffer.allocUnsafe(entries.length * 8)
  entries.forEach((entry, i) => sums.writeBigUInt64BE(entry.headerSum, i * 8))
  return checksum.sum(sums)
}
