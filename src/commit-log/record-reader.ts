/** Reads entries by their location and verifies them, each with its payload, wherever that stands. */
import type { Checksum } from '../bytes/checksum.ts'
import { decodeEntry, type DecodedEntry, isKnownEntry, payloadOf, type Place } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import { corrupt, unsupported } from './damaged-entry.ts'
import { ENTRY_BYTES_MAX, EntryBytes, isCurrent, Scratch, type Span } from './entry-bytes.ts'
import type { Location } from './frame-builder.ts'
import type { RecentFrames } from './recent-frames.ts'
import type { SegmentFiles } from './segment-handles.ts'

/** The length of a shared body is in its own header: so much is read at first, which is all of most. */
const SHARED_BYTES_FIRST = 4096

export interface VerifiedEntry {
  readonly entry: DecodedEntry
  readonly payload: Buffer
}

type Found = VerifiedEntry | null

/** One run is used up before another blocks, or notices that its bytes are gone. */
const spanBytes = new Scratch()
const bodyBytes = new Scratch()

export class RecordReader {
  readonly #bytes: EntryBytes
  readonly #checksum: Checksum

  constructor(files: SegmentFiles, recent: RecentFrames, checksum: Checksum) {
    this.#bytes = new EntryBytes(files, recent)
    this.#checksum = checksum
  }

  /** One entry, as `EntryRun.at` gives it. */
  read(location: Location): Found | Promise<Found> {
    return this.run([location]).at(0)
  }

  /** For reading the entries at these locations, in their order. */
  run(locations: readonly Location[]): EntryRun {
    return new EntryRun(this.#bytes, this.#checksum, locations)
  }
}

/** Entries that are wanted one after the other: what lies close together in a file comes with one read. */
export class EntryRun {
  readonly #bytes: EntryBytes
  readonly #checksum: Checksum
  readonly #locations: readonly Location[]
  /** What was read, one behind the other, and which of the locations is the first in it. */
  #spans: Span[] = []
  #spansFrom = 0

  constructor(bytes: EntryBytes, checksum: Checksum, locations: readonly Location[]) {
    this.#bytes = bytes
    this.#checksum = checksum
    this.#locations = locations
  }

  /**
   * The entry that was born at the location with its payload, wherever they stand now, both verified; the caller owns the
   * payload. Null when it is gone: it was trimmed, redacted or removed, and its segment written again without it.
   * @throws CORRUPT with the place; FORMAT_UNSUPPORTED for an entry that only later versions can read
   */
  at(i: number): Found | Promise<Found> {
    const location = this.#locations[i]
    if (location === undefined) throw new Error(`there is no location ${i}`)
    const held = this.#held(i)
    if (held !== undefined) return this.#inSpan(held, i, location)
    if (location.length > ENTRY_BYTES_MAX) throw corrupt(location, 'its length')
    const recent = this.#bytes.recent(location)
    if (recent !== null) return this.#verified(recent, 0, location)
    const spans = this.#bytes.spans(this.#locations, i, spanBytes)
    return spans instanceof Promise ? spans.then(read => this.#hold(read, i, location)) : this.#hold(spans, i, location)
  }

  #hold(spans: Span[], i: number, location: Location): Found | Promise<Found> {
    this.#spans = spans
    this.#spansFrom = i
    return spans[0] === undefined ? null : this.#inSpan(spans[0], i, location)
  }

  /** The span that has the entry at that location. Those before it are not needed any more. */
  #held(i: number): Span | undefined {
    for (;;) {
      const [span] = this.#spans
      if (span === undefined || i < this.#spansFrom || !isCurrent(span)) return undefined
      if (i < this.#spansFrom + span.positions.length) return span
      this.#spansFrom += span.positions.length
      this.#spans.shift()
    }
  }

  #inSpan({ bytes, positions }: Span, i: number, location: Location): Found | Promise<Found> {
    const position = positions[i - this.#spansFrom]
    return position === null || position === undefined ? null : this.#verified(bytes, position, location)
  }

  #verified(bytes: Buffer, at: number, location: Location): Found | Promise<Found> {
    const entry = decodeEntry(bytes, at, location, this.#checksum)
    if (entry === null) throw corrupt(location, 'its header')
    if (!isKnownEntry(bytes, at)) throw unsupported(location)
    if (entry.type === ENTRY_TYPE.keyOnly) return null
    if (entry.payloadAt !== 0) return this.#withShared(entry, { segment: location.segment, offset: entry.payloadAt })
    const payload = payloadOf(bytes, at, entry, this.#checksum)
    if (payload === null) throw corrupt(location, 'its payload')
    return { entry, payload }
  }

  /** With the body that several appends of one frame refer to. */
  #withShared(entry: DecodedEntry, place: Place, length = SHARED_BYTES_FIRST): VerifiedEntry | Promise<VerifiedEntry> {
    const wanted = { ...place, length }
    const recent = this.#bytes.recent({ ...place, length: 1 })
    if (recent !== null) return this.#joined(entry, place, recent, 0, length)
    const spans = this.#bytes.spans([wanted], 0, bodyBytes)
    const join = ([span]: Span[]): VerifiedEntry | Promise<VerifiedEntry> => {
      const at = span?.positions[0]
      if (span === undefined || at === undefined || at === null)
        throw corrupt(place, 'the header of its shared payload')
      return this.#joined(entry, place, span.bytes, at, length)
    }
    return spans instanceof Promise ? spans.then(join) : join(spans)
  }

  #joined(
    entry: DecodedEntry,
    place: Place,
    bytes: Buffer,
    at: number,
    asked: number,
  ): VerifiedEntry | Promise<VerifiedEntry> {
    const head = decodeEntry(bytes, at, place, this.#checksum)
    if (head === null || head.payloadSum !== entry.payloadSum) throw corrupt(place, 'the header of its shared payload')
    if (head.length > asked && bytes.length - at < head.length) return this.#withShared(entry, place, head.length)
    const payload = payloadOf(bytes, at, head, this.#checksum)
    if (payload === null) throw corrupt(place, 'its shared payload')
    return { entry, payload }
  }
}
