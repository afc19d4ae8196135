/**
 * Writes a sealed segment again, without what is dead, as a file of the next generation. That gets its name once all of it
 * is on disk; until then the old file counts, and from then on the new one, so that a crash at any point leaves one of
 * them whole. Nothing else is touched: appends and reads go on.
 */
import type { Disk, DiskFile } from './disk.ts'
import type { Evidence } from './evidence.ts'
import { SEGMENT_HEADER_BYTES } from './layout.ts'
import type { SegmentReading } from './recovery.ts'
import { encodeRemains, isIntact, remainsOf } from './remains.ts'
import { SEGMENT_FOLDER, segmentPath, unfinishedSegmentPath } from './segment-files.ts'
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts'
import { encodeMap, mapBytes, type MapRow } from './map-rows.ts'
import type { LogPoint } from './segment-scan.ts'
import { SegmentWalk } from './segment-walk.ts'

/** So much is written before it is synced: one sync of all at the end would hold up the appends' own. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024
const WRITE_BYTES = 1024 * 1024

/** Called with bytes that were read or written; may wait, and throws when the work is to stop. */
export type Pace = (bytes: number) => Promise<void>

export interface SegmentSurvey {
  readonly bytes: number
  /** What it would take, written again. */
  readonly bytesAfter: number
  /** It holds something that somebody asked to be gone, or bytes that no longer belong to the log. */
  readonly mustGo: boolean
  readonly isDamaged: boolean
}

const BEFORE_ALL: LogPoint = { segment: 0, offset: 0, commit: 0, chain: null }

/**
 * What writing the segment again would do.
 * @param cut where it ends
 * @param isWritten it takes frames now: what lies past the cut is on its way to be acknowledged
 */
export async function surveySegment(
  reading: SegmentReading,
  cut: LogPoint,
  isWritten: boolean,
  evidence: Evidence,
  pace: Pace,
): Promise<SegmentSurvey> {
  const walk = new SegmentWalk(reading)
  const { header, bytes } = await walk.look(cut.segment)
  let frames = 0
  let rows = 0
  let hasErased = false
  for await (const frame of walk.frames(cut.segment, BEFORE_ALL, cut)) {
    const remains = remainsOf(frame, evidence)
    if (!isIntact(frame, remains)) return { bytes, bytesAfter: bytes, mustGo: false, isDamaged: true }
    frames += remains.bytes
    rows += remains.entries.length
    hasErased ||= remains.hasErased
    await pace(frame.end.offset - frame.place.offset)
  }
  const hasDeadTail = header.generation === 0 && bytes > cut.offset && !isWritten
  const bytesAfter = SEGMENT_HEADER_BYTES + frames + mapBytes(rows)
  return { bytes, bytesAfter, mustGo: hasErased || hasDeadTail, isDamaged: false }
}

/**
 * Resolves with the new generation, under its name and on disk; null when the segment is damaged, and then nothing has
 * changed. The caller then reads it, and deletes the old one.
 * @param reclaimedThrough the last commit that `evidence` knows
 */
export async function rewriteSegment(
  reading: SegmentReading,
  cut: LogPoint,
  evidence: Evidence,
  reclaimedThrough: number,
  pace: Pace,
): Promise<{ readonly generation: number; readonly bytes: number } | null> {
  const { disk } = reading
  const { segment } = cut
  const { header } = await new SegmentWalk(reading).look(segment)
  const generation = header.generation + 1
  const path = unfinishedSegmentPath(segment, generation)
  await disk.remove(path)
  const file = await disk.create(path, { durable: false })
  try {
    const target = { file, header: { ...header, generation }, cut, reclaimedThrough }
    const bytes = await fill(reading, target, evidence, pace)
    await file.close()
    if (bytes === null) {
      await disk.remove(path)
      return null
    }
    await disk.rename(path, segmentPath(segment, generation))
    await disk.syncFolder(SEGMENT_FOLDER)
    return { generation, bytes }
  } catch (error) {
    await file.close().catch(() => {})
    await removeQuietly(disk, path)
    throw error
  }
}

/** What the new file is to be. */
interface Target {
  readonly file: DiskFile
  /** The old one's, with the new generation. */
  readonly header: SegmentHeader
  readonly cut: LogPoint
  readonly reclaimedThrough: number
}

/** Everything into the file, synced; returns its length, null when the segment is damaged. */
async function fill(
  reading: SegmentReading,
  { file, header, cut, reclaimedThrough }: Target,
  evidence: Evidence,
  pace: Pace,
): Promise<number | null> {
  const { checksum } = reading
  const walk = new SegmentWalk(reading)
  const output = new Output(file, SEGMENT_HEADER_BYTES, pace)
  const rows: MapRow[] = []
  let chain = header.cutChain
  let frameCount = 0
  for await (const frame of walk.frames(cut.segment, BEFORE_ALL, cut)) {
    await pace(frame.end.offset - frame.place.offset)
    const remains = remainsOf(frame, evidence)
    if (!isIntact(frame, remains)) return null
    if (remains.bytes === 0) continue
    const encoded = encodeRemains(frame, remains, output.end, chain, checksum)
    for (const row of encoded.rows) rows.push(row)
    chain = encoded.chain
    frameCount += 1
    await output.add(encoded.bytes)
  }
  const mapOffset = output.end
  await output.add(encodeMap(cut.segment, rows, checksum))
  await output.flush()
  const { commit: lastCommit, chain: chainOut } = cut
  const rewritten = {
    reclaimedThrough,
    lastCommit,
    chainOut: chainOut ?? 0n,
    frameCount,
    mapCount: rows.length,
    mapOffset,
  }
  await file.write(encodeSegmentHeader({ ...header, rewritten }, reading.storeId, checksum), 0)
  await file.sync()
  return output.end
}

/** Collects bytes and writes them in larger pieces. */
class Output {
  readonly #file: DiskFile
  readonly #pace: Pace
  #pieces: Buffer[] = []
  #waiting = 0
  #written: number
  #unsynced = 0

  constructor(file: DiskFile, offset: number, pace: Pace) {
    this.#file = file
    this.#written = offset
    this.#pace = pace
  }

  /** Where the next byte goes. */
  get end(): number {
    return this.#written + this.#waiting
  }

  async add(bytes: Buffer): Promise<void> {
    this.#pieces.push(bytes)
    this.#waiting += bytes.length
    if (this.#waiting >= WRITE_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    await this.#file.write(bytes, this.#written)
    this.#written += bytes.length
    this.#waiting = 0
    this.#unsynced += bytes.length
    if (this.#unsynced >= SYNC_EVERY_BYTES) {
      await this.#file.sync()
      this.#unsynced = 0
    }
    await this.#pace(bytes.length)
  }
}

async function removeQuietly(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path)
  } catch {
    // The next open removes it.
  }
}
