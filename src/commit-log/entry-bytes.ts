/**
 * The bytes of entries, by where they were born: from the newest frames in memory, else from the file. Blocking while
 * that is quick, and through the thread pool for a while after it was not. Nothing is verified here.
 */
import { ReadPace } from '../bytes/read-pace.ts'
import { entryLength } from '../record/entry.ts'
import { KEY_BYTES, META_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../record/layout.ts'
import { corrupt } from './damaged-entry.ts'
import type { DiskFile } from './disk.ts'
import type { Location } from './frame-builder.ts'
import type { RecentFrames } from './recent-frames.ts'
import type { SegmentFile, SegmentFiles } from './segment-handles.ts'

/** Entries that are wanted one after the other come with one read when they lie together in so many bytes, */
const SPAN_BYTES = 256 * 1024
/** with no more than so many between two of them: about what copying costs as much as another read. */
const GAP_BYTES = 4096
/** Reads that wait at the same time, for one reader: a cold disk is as quick with several as with one. */
const COLD_READS = 8
/** And no more of them once they are so many bytes together. */
const COLD_BYTES = COLD_READS * SPAN_BYTES
/** The longest that an entry can be. */
export const ENTRY_BYTES_MAX = entryLength(KEY_BYTES, META_BYTES_MAX, PAYLOAD_BYTES_MAX)

/** Entries that came with one read. */
export interface Span {
  readonly bytes: Buffer
  /** Where each of the entries begins in `bytes`, null for one that is gone. */
  readonly positions: readonly (number | null)[]
  /** Whose memory it is, and the how-manieth use of that; null: its own. */
  readonly scratch: Scratch | null
  readonly use: number
}

/** Memory that blocking reads fill again and again. */
export class Scratch {
  #bytes: Buffer = Buffer.alloc(0)
  #uses = 0

  /** What is in it from now on. */
  get use(): number {
    return this.#uses
  }

  /** For so many bytes; what was in it is gone. More than a span is not kept. */
  take(length: number): Buffer {
    this.#uses += 1
    if (length > SPAN_BYTES) return Buffer.allocUnsafeSlow(length)
    if (this.#bytes.length < length)
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(SPAN_BYTES, Math.max(length, 2 * this.#bytes.length)))
    return this.#bytes
  }
}

/** Whether the bytes of a span are still those that were read. */
export function isCurrent({ scratch, use }: Span): boolean {
  return scratch === null || scratch.use === use
}

/** Where to read. */
interface Extent {
  readonly start: number
  readonly length: number
  readonly positions: readonly (number | null)[]
}

export class EntryBytes {
  readonly #files: SegmentFiles
  readonly #recent: RecentFrames
  readonly #pace = new ReadPace()

  constructor(files: SegmentFiles, recent: RecentFrames) {
    this.#files = files
    this.#recent = recent
  }

  /** From the newest frames, at least the bytes of `location`; null when they are not there. Valid for this turn. */
  recent(location: Location): Buffer | null {
    return this.#recent.get(location, location.length)
  }

  /**
   * From the file: the entry at `locations[i]`, and those after it that lie close to it. Into `scratch` where it blocks;
   * where it waits, several such spans at once, one behind the other. Where the file can't be read, the entry alone: what
   * is wrong with its neighbours is not its concern.
   */
  spans(locations: readonly Location[], i: number, scratch: Scratch): Span[] | Promise<Span[]> {
    const segment = locations[i]?.segment ?? 0
    if (!this.#pace.isHot || !this.#files.isReady(segment)) return this.#readCold(segment, locations, i)
    return this.#pace.run(() =>
      this.#files.usingSync(segment, from => {
        const extent = extentOf(from, locations, i)
        try {
          return [readSpanSync(from.file, extent, scratch)]
        } catch (error) {
          if (extent.positions.length === 1) throw error
          return [readSpanSync(from.file, extentOf(from, locations.slice(0, i + 1), i), scratch)]
        }
      }),
    )
  }

  #readCold(segment: number, locations: readonly Location[], i: number): Promise<Span[]> {
    return this.#files.using(segment, async from => {
      const reads: Promise<Span>[] = []
      let bytes = 0
      for (let at = i; at < locations.length && reads.length < COLD_READS && bytes < COLD_BYTES;) {
        if (at > i && !canBeFound(from, locations[at], segment)) break
        const extent = extentOf(from, locations, at)
        reads.push(readSpan(from.file, extent))
        at += extent.positions.length
        bytes += extent.length
      }
      const spans: Span[] = []
      for (const read of await Promise.allSettled(reads)) {
        // It is read again, when its turn comes.
        if (read.status === 'rejected') break
        spans.push(read.value)
      }
      return spans.length > 0 ? spans : [await readSpan(from.file, extentOf(from, locations.slice(0, i + 1), i))]
    })
  }
}

function readSpanSync(file: DiskFile, { start, length, positions }: Extent, scratch: Scratch): Span {
  const target = scratch.take(length)
  const count = length === 0 ? 0 : file.readSync(target, 0, length, start)
  return { bytes: target.subarray(0, count), positions, scratch, use: scratch.use }
}

async function readSpan(file: DiskFile, { start, length, positions }: Extent): Promise<Span> {
  const target = Buffer.allocUnsafe(length)
  const count = length === 0 ? 0 : await file.read(target, 0, length, start)
  return { bytes: target.subarray(0, count), positions, scratch: null, use: 0 }
}

/** Whether the segment says where the entry stands, or that it is gone. */
function canBeFound({ map }: SegmentFile, location: Location | undefined, segment: number): boolean {
  if (location?.segment !== segment || location.length > ENTRY_BYTES_MAX) return false
  return map === null || map.isComplete || map.offsetOf(location.offset) !== null
}

/** @throws CORRUPT for the entry at `i`, when it may be there, and only its trace is lost */
function extentOf(segment: SegmentFile, locations: readonly Location[], i: number): Extent {
  const offsets: (number | null)[] = []
  let start = 0
  let end = 0
  for (let at = i; at < locations.length; at += 1) {
    const location = locations[at]
    if (location === undefined || location.segment !== locations[i]?.segment) break
    const offset = segment.map === null ? location.offset : segment.map.offsetOf(location.offset)
    if (offset === null) {
      if (segment.map?.isComplete === false) {
        if (at > i) break
        throw corrupt(location, 'the segment that was written again')
      }
    } else if (end === 0) {
      start = offset
      end = offset + location.length
    } else {
      const gap = Math.max(offset - end, start - (offset + location.length))
      const [low, high] = [Math.min(start, offset), Math.max(end, offset + location.length)]
      if (gap > GAP_BYTES || high - low > SPAN_BYTES) break
      start = low
      end = high
    }
    offsets.push(offset)
  }
  return { start, length: end - start, positions: offsets.map(offset => (offset === null ? null : offset - start)) }
}
