/**
 * Reads the frames of a segment that was written again. It was complete and on disk before it got its name, and says
 * itself where it ends: so what can't be read is damage, and nothing is a torn tail. Its commits may have gaps, where
 * nothing of a commit is left.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { TwinlogError } from '../errors.ts'
import { decodeEntry, type DecodedEntry, isKnownEntry, type Place } from '../record/entry.ts'
import type { DiskFile } from './disk.ts'
import { FileWindow } from './file-window.ts'
import { decodeFrameHeader } from './frame-header.ts'
import { BIRTH_FIELDS, BIRTH_PREFIX_BYTES, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './layout.ts'
import { readMapRows } from './map-rows.ts'
import type { SegmentHeader } from './segment-header.ts'
import { findFrame, inView, type LogPoint, type ScannedFrame, sumOf } from './segment-scan.ts'

interface MovedEntries {
  readonly entries: DecodedEntry[]
  /** How far from the start of the frame each stands. */
  readonly within: ReadonlyMap<DecodedEntry, number>
  /** Whether they follow one another from the first byte to the last. */
  readonly contiguous: boolean
  /** Whether each stands behind the place where it was born, and not only the map says where that was. */
  readonly areNamed: boolean
}

/** What the segment's map says: where the entry was born that stands at an offset. */
type Births = ReadonlyMap<number, number>

const NO_BIRTHS: Births = new Map()

/** How a segment that was written again ends. */
interface MovedEnd {
  readonly mapOffset: number
  readonly mapCount: number
  readonly lastCommit: number
  readonly chainOut: bigint | null
}

/**
 * Yields the frames of commits after `afterCommit`, and what is damaged. The last `end` is that of the segment.
 * @throws FORMAT_UNSUPPORTED for an undamaged entry of a kind that this version does not know
 */
export async function* scanRewritten(
  file: DiskFile,
  header: SegmentHeader,
  checksum: Checksum,
  afterCommit = 0,
): AsyncGenerator<ScannedFrame> {
  const { firstSegment: segment, cutCommit, cutChain, rewritten } = header
  if (rewritten === null) throw new Error(`segment ${segment} was not written again`)
  const start = { segment, offset: SEGMENT_HEADER_BYTES, commit: cutCommit, chain: cutChain }
  for await (const frame of scanMoved(file, start, rewritten, checksum)) if (frame.commit > afterCommit) yield frame
}

/** The same where not the segment's header says what its frames lie between. */
export async function* scanMoved(
  file: DiskFile,
  start: LogPoint,
  { mapOffset, mapCount, lastCommit, chainOut }: MovedEnd,
  checksum: Checksum,
): AsyncGenerator<ScannedFrame> {
  const frames = new MovedFrames(file, { mapOffset, mapCount }, checksum)
  let point = start
  while (point.offset < mapOffset) {
    const frame = (await frames.at(point)) ?? (await frames.damagedAt(point, lastCommit))
    point = frame.end
    const end = point.offset < mapOffset ? point : { ...point, commit: lastCommit, chain: chainOut }
    yield { ...frame, end }
  }
}

class MovedFrames {
  readonly #file: DiskFile
  readonly #window: FileWindow
  readonly #map: { readonly mapOffset: number; readonly mapCount: number }
  readonly #checksum: Checksum
  #births: Births | null = null

  constructor(file: DiskFile, map: { readonly mapOffset: number; readonly mapCount: number }, checksum: Checksum) {
    this.#file = file
    this.#window = new FileWindow(file)
    this.#map = map
    this.#checksum = checksum
  }

  /** The frame at `point`, its entries perhaps damaged; null when its header is not that of the next frame. */
  async at(point: LogPoint): Promise<ScannedFrame | null> {
    const place = { segment: point.segment, offset: point.offset }
    const head = await this.#window.view(place.offset, FRAME_HEADER_BYTES)
    const header = decodeFrameHeader(head.buffer, head.at, place, this.#checksum)
    if (header === null || header.commit <= point.commit) return null
    if (point.chain !== null && header.previousChain !== point.chain) return null
    const bytes = FRAME_HEADER_BYTES + header.bodyLength
    if (place.offset + bytes > this.#map.mapOffset) return null
    const view = await this.#window.view(place.offset, bytes)
    if (view.length < bytes) return null
    const body = await this.#entries(view, bytes, place)
    const isRight =
      body.contiguous &&
      body.entries.length === header.entryCount &&
      sumOf(body.entries, this.#checksum) === header.entriesSum
    const { commit, chain } = header
    return {
      place,
      end: { segment: place.segment, offset: place.offset + bytes, commit, chain },
      commit,
      entries: body.entries,
      damage: isRight ? (body.areNamed ? null : 'header') : 'entries',
      ...inView(view, entry => body.within.get(entry) ?? 0, place, this.#checksum),
    }
  }

  /** What can be known of the bytes from `point` to the next readable frame, or to the end. */
  async damagedAt(point: LogPoint, lastCommit: number): Promise<ScannedFrame> {
    const { mapOffset } = this.#map
    const place = { segment: point.segment, offset: point.offset }
    const next = await findFrame(this.#window, place.segment, place.offset + 8, mapOffset, this.#checksum)
    const end: LogPoint = {
      segment: place.segment,
      offset: next?.offset ?? mapOffset,
      commit: next === null ? lastCommit : next.header.commit - 1,
      chain: next?.header.previousChain ?? null,
    }
    const bytes = Math.max(0, Math.min(end.offset, await this.#file.size()) - place.offset)
    const view = await this.#window.view(place.offset, bytes)
    const body = await this.#entries(view, bytes, place)
    // Behind one damaged header all bytes are entries: then nothing of them is missing.
    const isKnown = bytes === end.offset - place.offset && bytes >= FRAME_HEADER_BYTES && body.contiguous
    return {
      place,
      end,
      commit: end.commit,
      entries: body.entries,
      damage: isKnown ? 'header' : 'entries',
      ...inView(view, entry => body.within.get(entry) ?? 0, place, this.#checksum),
    }
  }

  /** The map is only asked where birth places don't say it all. */
  async #entries(view: View, bytes: number, frame: Place): Promise<MovedEntries> {
    const found = readMovedEntries(view, bytes, frame, NO_BIRTHS, this.#checksum)
    if (found.contiguous) return found
    this.#births ??= new Map(
      (await readMapRows(this.#file, this.#map, this.#checksum))?.map(row => [row.newOffset, row.birthOffset]),
    )
    return this.#births.size === 0 ? found : readMovedEntries(view, bytes, frame, this.#births, this.#checksum)
  }
}

type View = Awaited<ReturnType<FileWindow['view']>>

/** All entries of the frame of `bytes` bytes that `view` shows, each with the place where it was born. */
function readMovedEntries(
  { buffer, at }: View,
  bytes: number,
  frame: Place,
  births: Births,
  checksum: Checksum,
): MovedEntries {
  const { segment } = frame
  const entries: DecodedEntry[] = []
  const within = new Map<DecodedEntry, number>()
  let contiguous = true
  let areNamed = true
  let from = FRAME_HEADER_BYTES
  while (from < bytes) {
    const start = from + BIRTH_PREFIX_BYTES
    const named = movedEntryAt(buffer, at + from, segment, checksum)
    const birth = named === null ? births.get(frame.offset + start) : undefined
    const entry = birth === undefined ? named : decodeEntry(buffer, at + start, { segment, offset: birth }, checksum)
    if (entry === null || start + entry.length > bytes) {
      contiguous = false
      from += 8
      continue
    }
    if (!isKnownEntry(buffer, at + start)) {
      const where = `segment ${segment}, offset ${entry.place.offset}`
      throw new TwinlogError('FORMAT_UNSUPPORTED', `an entry of a newer version at ${where}`, { place: where })
    }
    if (entry.ordinal <= (entries.at(-1)?.ordinal ?? -1)) contiguous = false
    if (named === null) areNamed = false
    entries.push(entry)
    within.set(entry, start)
    from = start + entry.length
  }
  return { entries, within, contiguous, areNamed }
}

/** The entry whose birth place stands at `buffer[at]`; null when no undamaged one does. */
export function movedEntryAt(buffer: Buffer, at: number, segment: number, checksum: Checksum): DecodedEntry | null {
  if (at + BIRTH_PREFIX_BYTES > buffer.length) return null
  const place = {
    segment: buffer.readUInt32BE(at + BIRTH_FIELDS.birthSegment.at),
    offset: buffer.readUInt32BE(at + BIRTH_FIELDS.birthOffset.at),
  }
  return place.segment === segment ? decodeEntry(buffer, at + BIRTH_PREFIX_BYTES, place, checksum) : null
}
