/**
 * Reads single entries by their location and verifies them: from the newest frames in memory, else from the file.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { ReadPace } from '../bytes/read-pace.ts'
import { TwinlogError } from '../errors.ts'
import { decodeEntry, type DecodedEntry, entryLength, isKnownEntry, payloadOf, type Place } from '../record/entry.ts'
import { ENTRY_HEADER_BYTES, ENTRY_TYPE, KEY_BYTES, META_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../record/layout.ts'
import type { Location } from './frame-builder.ts'
import type { RecentFrames } from './recent-frames.ts'
import { segmentPath } from './segment-files.ts'
import type { SegmentFile, SegmentFiles } from './segment-handles.ts'

const ENTRY_BYTES_MAX = entryLength(KEY_BYTES, META_BYTES_MAX, PAYLOAD_BYTES_MAX)

export interface VerifiedEntry {
  readonly entry: DecodedEntry
  readonly payload: Buffer
}

export class RecordReader {
  readonly #files: SegmentFiles
  readonly #recent: RecentFrames
  readonly #checksum: Checksum
  readonly #pace = new ReadPace()

  constructor(files: SegmentFiles, recent: RecentFrames, checksum: Checksum) {
    this.#files = files
    this.#recent = recent
    this.#checksum = checksum
  }

  /**
   * The entry that was born at `location` with its payload, wherever they stand now, both verified. Null when it is gone:
   * it was trimmed, redacted or removed, and its segment written again without it.
   * @throws CORRUPT with the place; FORMAT_UNSUPPORTED for an entry that only later versions can read
   */
  read(location: Location): VerifiedEntry | null | Promise<VerifiedEntry | null> {
    return this.#use(location, bytes => {
      if (bytes === null) return null
      const entry = decodeEntry(bytes, 0, location, this.#checksum)
      if (entry === null) throw corrupt(location, 'its header')
      if (!isKnownEntry(bytes, 0)) throw unsupported(location)
      if (entry.type === ENTRY_TYPE.keyOnly) return null
      if (entry.payloadAt !== 0) return this.#readShared(entry, location.segment)
      const payload = payloadOf(bytes, 0, entry, this.#checksum)
      if (payload === null) throw corrupt(location, 'its payload')
      return { entry, payload }
    })
  }

  /** The body that several appends of one frame refer to. Its length is not in the append: its header comes first. */
  async #readShared(entry: DecodedEntry, segment: number): Promise<VerifiedEntry> {
    const place = { segment, offset: entry.payloadAt }
    const head = await this.#use({ ...place, length: ENTRY_HEADER_BYTES }, bytes =>
      bytes === null ? null : decodeEntry(bytes, 0, place, this.#checksum),
    )
    if (head === null || head.payloadSum !== entry.payloadSum) throw corrupt(place, 'the header of its shared payload')
    const payload = await this.#use({ ...place, length: head.length }, bytes =>
      bytes === null ? null : payloadOf(bytes, 0, head, this.#checksum),
    )
    if (payload === null) throw corrupt(place, 'its shared payload')
    return { entry, payload }
  }

  /** Hands the bytes that were born at `location` to `use`, which must take what it needs before it returns. */
  #use<Result>(location: Location, use: (bytes: Buffer | null) => Result | Promise<Result>): Result | Promise<Result> {
    if (location.length > ENTRY_BYTES_MAX) throw corrupt(location, 'its length')
    const recent = this.#recent.get(location, location.length)
    if (recent !== null) return use(recent.subarray(0, location.length))
    if (!this.#pace.isHot || !this.#files.isReady(location.segment)) return this.#readCold(location).then(use)
    const target = Buffer.allocUnsafe(location.length)
    const count = this.#pace.run(() =>
      this.#files.usingSync(location.segment, segment => {
        const offset = offsetIn(segment, location)
        return offset === null ? null : segment.file.readSync(target, 0, location.length, offset)
      }),
    )
    return use(count === null ? null : target.subarray(0, count))
  }

  async #readCold(location: Location): Promise<Buffer | null> {
    const target = Buffer.allocUnsafe(location.length)
    const count = await this.#files.using(location.segment, async segment => {
      const offset = offsetIn(segment, location)
      return offset === null ? null : segment.file.read(target, 0, location.length, offset)
    })
    return count === null ? null : target.subarray(0, count)
  }
}

/** Null when the entry is gone. @throws CORRUPT when it may be there, and only its trace is lost */
function offsetIn({ map }: SegmentFile, location: Place): number | null {
  if (map === null) return location.offset
  const offset = map.offsetOf(location.offset)
  if (offset === null && !map.isComplete) throw corrupt(location, 'the segment that was written again')
  return offset
}

function unsupported(place: Place): TwinlogError<'FORMAT_UNSUPPORTED'> {
  const where = placeName(place)
  return new TwinlogError('FORMAT_UNSUPPORTED', `an entry of a newer version at ${where}`, { place: where })
}

function placeName({ segment, offset }: Place): string {
  return `${segmentPath(segment)}, offset ${offset}`
}

function corrupt(place: Place, what: string): TwinlogError<'CORRUPT'> {
  const where = placeName(place)
  return new TwinlogError('CORRUPT', `a record is damaged: ${what} does not match its checksum at ${where}`, {
    place: where,
  })
}
