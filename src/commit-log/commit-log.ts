/**
 * The commit log: the truth of a store. One writer, one frame in flight; the next one fills meanwhile. Called by the
 * embedded driver, which decides what goes into a frame.
 *
 * The first failed write or sync poisons the log: nothing more is written until it is opened again, because after a
 * failed sync nobody knows what the disk holds.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { isTwinlogError, TwinlogError } from '../errors.ts'
import { CommitPlaces } from './commit-place.ts'
import type { DiskFile } from './disk.ts'
import { FrameBuilder, type Location, type SealedFrame } from './frame-builder.ts'
import type { StoreIdentity } from './identity.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import { createSegment } from './new-segment.ts'
import { RecentFrames } from './recent-frames.ts'
import { findTail, type SegmentReading, type Tail } from './recovery.ts'
import { type EntryRun, RecordReader } from './record-reader.ts'
import { copyFrame, uncertainFrames } from './rewrite.ts'
import { generationsOf, removeUnfinished, SEGMENT_FOLDER, segmentPath } from './segment-files.ts'
import { SegmentFiles } from './segment-handles.ts'
import { readMap } from './segment-map.ts'
import type { LogPoint, ScannedFrame } from './segment-scan.ts'
import { framesBetween } from './segment-walk.ts'
import type { CommitLogOptions } from './commit-log-options.ts'
import { removeSuperseded } from './superseded.ts'

/** What opening found past the end of what was surely on disk. */
interface TailReport {
  /** Commits that were there, whole, and have been written again to make them certain. */
  readonly rewrittenCommits: number
  /** Bytes of a torn write. */
  readonly droppedBytes: number
}

/** A segment that takes frames. Never one that an earlier `open` wrote. */
interface OpenSegment {
  readonly number: number
  readonly file: DiskFile
}

export class CommitLog {
  readonly #options: CommitLogOptions
  readonly reading: SegmentReading
  readonly #files: SegmentFiles
  readonly #recent: RecentFrames
  readonly #reader: RecordReader
  /** For reading on from a commit. */
  readonly places: CommitPlaces
  #pending: FrameBuilder
  #idle: FrameBuilder
  #segment: OpenSegment | null = null
  #end: LogPoint
  #durableCommit: number
  #poison: TwinlogError | null = null
  #syncing: Promise<void> | null = null
  #bytesWritten = 0
  #bytesInFlight = 0
  #isSealing = false
  /** The lowest log number never used; goes into the header of the next segment. Kept by the driver from `open` on. */
  nextLog = 2
  /** Told once, when the log is poisoned. */
  onPoison: (error: TwinlogError) => void = () => {}
  tailReport: TailReport = { rewrittenCommits: 0, droppedBytes: 0 }

  private constructor(options: CommitLogOptions, end: LogPoint) {
    this.#options = options
    this.reading = { disk: options.disk, storeId: options.identity.storeId, checksum: options.checksum }
    this.places = new CommitPlaces(this.reading)
    this.#files = new SegmentFiles(options.disk, (file, segment, generation) =>
      readMap(this.reading, file, segment, generation),
    )
    this.#recent = new RecentFrames(options.recentBytes)
    this.#reader = new RecordReader(this.#files, this.#recent, options.checksum)
    this.#pending = new FrameBuilder(options.checksum)
    this.#idle = new FrameBuilder(options.checksum)
    this.#end = end
    this.#durableCommit = end.commit
    this.#pending.reset({ segment: end.segment + 1, offset: SEGMENT_HEADER_BYTES })
  }

  /**
   * Finds the tail. What is there but not surely on disk is written again before anything is served.
   * @throws LOG_LOST, FORMAT_UNSUPPORTED
   */
  static async open(options: CommitLogOptions): Promise<CommitLog> {
    await removeUnfinished(options.disk)
    const reading = { disk: options.disk, storeId: options.identity.storeId, checksum: options.checksum }
    const generations = await generationsOf(options.disk)
    const tail = await findTail(reading, generations.length, options.checkpoint)
    const log = new CommitLog(options, tail.cut)
    log.tailReport = { rewrittenCommits: tail.end.commit - tail.cut.commit, droppedBytes: tail.droppedBytes }
    log.nextLog = Math.max(log.nextLog, tail.nextLog, options.checkpoint?.nextLog ?? 0)
    try {
      for (const [i, generation] of generations.entries()) log.#files.useGeneration(i + 1, generation)
      await removeSuperseded(reading, generations)
      if (tail.end.commit > tail.cut.commit) await log.#rewrite(tail)
      return log
    } catch (error) {
      await log.close()
      throw error
    }
  }

  get identity(): StoreIdentity {
    return this.#options.identity
  }

  get checksum(): Checksum {
    return this.#options.checksum
  }

  /** The frame that fills. */
  get pending(): FrameBuilder {
    return this.#pending
  }

  /** The point after the last acknowledged frame. */
  get end(): LogPoint {
    return this.#end
  }

  /** The last commit that is surely on disk. */
  get durableCommit(): number {
    return this.#durableCommit
  }

  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** Bytes of the frames that fill and fly. */
  get unwrittenBytes(): number {
    return this.#pending.bytes + this.#bytesInFlight
  }

  /** Why the log takes no more frames; null while it does. */
  get poison(): TwinlogError | null {
    return this.#poison
  }

  /**
   * Writes the pending frame. The next one begins at once; resolves when this one is acknowledged. One call at a time.
   * @throws the disk's error, once; the log is poisoned then
   */
  async commitPending(): Promise<SealedFrame> {
    this.#assertSound()
    const frame = this.#seal()
    const endOffset = frame.place.offset + frame.bytes.length
    this.#bytesInFlight = frame.bytes.length
    this.#pending.reset(this.#placeAfter(frame.place.segment, endOffset))
    try {
      const { segment: number } = frame.place
      const segment = this.#segment?.number === number ? this.#segment : await this.#beginNext(number)
      const writing = segment.file.write(frame.bytes, frame.place.offset)
      // While the disk is at work: nobody looks for the frame before it is acknowledged.
      this.#recent.add(frame.place, frame.bytes)
      await writing
    } catch (error) {
      throw this.#poisonBy(error)
    } finally {
      this.#bytesInFlight = 0
    }
    // A sync may have failed meanwhile.
    this.#assertSound()
    this.#accept(frame)
    if (this.#options.durability === 'disk') this.#durableCommit = frame.commit
    return frame
  }

  /** Makes everything acknowledged survive a power cut. Only with `durability: 'os'` is there anything to do. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing.catch(() => {})
    const commit = this.#end.commit
    if (commit <= this.#durableCommit || this.#segment === null) return
    this.#assertSound()
    this.#syncing = this.#segment.file.sync()
    try {
      await this.#syncing
    } catch (error) {
      throw this.#poisonBy(error)
    } finally {
      this.#syncing = null
    }
    this.#durableCommit = Math.max(this.#durableCommit, commit)
  }

  /** For reading the entries at these locations. */
  run(locations: readonly Location[]): EntryRun {
    return this.#reader.run(locations)
  }

  /** The frames after `from` up to `end`, or to the last acknowledged one. @throws LOG_LOST for a damaged segment header */
  frames(from: LogPoint, end: LogPoint = this.#end): AsyncGenerator<ScannedFrame> {
    return framesBetween(this.reading, from, end)
  }

  /** The frame after the pending one begins a new segment, so that the one that is written now gets a successor. */
  sealSegment(): void {
    this.#isSealing = true
  }

  /** From here on a segment is read in this generation, which is on disk; the one before is deleted. */
  async segmentRewritten(segment: number, generation: number): Promise<void> {
    const { disk } = this.#options
    this.#files.useGeneration(segment, generation)
    await disk.remove(segmentPath(segment, generation - 1))
    await disk.syncFolder(SEGMENT_FOLDER)
  }

  async close(): Promise<void> {
    await this.#files.close()
    await this.#segment?.file.close()
    this.#segment = null
  }

  /** Closes the pending frame; the other builder is the pending one from here on, and has yet to be told its place. */
  #seal(): SealedFrame {
    const builder = this.#pending
    const frame = builder.seal(this.#end.commit + 1, this.#durableCommit, this.#end.chain ?? 0n)
    this.#pending = this.#idle
    this.#idle = builder
    return frame
  }

  #accept(frame: SealedFrame): void {
    const { place, commit, chain, bytes } = frame
    this.#end = { segment: place.segment, offset: place.offset + bytes.length, commit, chain }
    this.#bytesWritten += bytes.length
  }

  #placeAfter(segment: number, offset: number): { segment: number; offset: number } {
    const isSealed = this.#isSealing || offset >= this.#options.segmentBytes
    this.#isSealing = false
    return !isSealed ? { segment, offset } : { segment: segment + 1, offset: SEGMENT_HEADER_BYTES }
  }

  /** A new segment to write to. What came before must be on disk by then. */
  async #beginNext(number: number): Promise<OpenSegment> {
    if (this.#options.durability === 'os') await this.sync()
    return this.#begin(number, async () => {})
  }

  async #begin(number: number, fill: (file: DiskFile) => Promise<void>): Promise<OpenSegment> {
    const { disk, identity, checksum, durability } = this.#options
    const file = await createSegment(
      { disk, identity, checksum, number, end: this.#end, nextLog: this.nextLog, durable: durability === 'disk' },
      fill,
    )
    const before = this.#segment
    this.#segment = { number, file }
    await before?.file.close()
    return this.#segment
  }

  /**
   * Writes the uncertain tail again, all of it into one new segment: as long as that has no name the old tail counts,
   * and from then on the new one, so that a crash at any point leaves every frame.
   */
  async #rewrite(tail: Tail): Promise<void> {
    await this.#begin(tail.cut.segment + 1, async file => {
      for await (const frame of uncertainFrames(this.reading, tail)) {
        copyFrame(frame, this.#pending)
        const { place, bytes } = this.#pending
        this.#idle.reset({ segment: place.segment, offset: place.offset + bytes })
        const sealed = this.#seal()
        await file.write(sealed.bytes, place.offset)
        this.#recent.add(place, sealed.bytes)
        this.#accept(sealed)
      }
    })
    this.#durableCommit = this.#end.commit
    this.#pending.reset(this.#placeAfter(this.#end.segment, this.#end.offset))
  }

  #assertSound(): void {
    if (this.#poison !== null) throw this.#poison
  }

  #poisonBy(error: unknown): TwinlogError {
    const cause = isTwinlogError(error)
      ? error
      : new TwinlogError('IO_ERROR', String(error), { place: SEGMENT_FOLDER }, error)
    if (this.#poison === null) {
      this.#poison = cause
      this.onPoison(cause)
    }
    return cause
  }
}
