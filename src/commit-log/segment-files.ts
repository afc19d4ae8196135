/**
 * The segment files of a store: which exist, and open handles for reading them, a bounded number at a time.
 */
import { TwinlogError } from '../errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import { parseSegmentFileName, segmentFileName } from './segment-header.ts'

export const SEGMENT_FOLDER = 'segments'
/** A segment gets its real name once its header is on disk; what still has this ending never held anything. */
const UNFINISHED = '.tmp'
const HANDLES_MAX = 64

interface Handle {
  readonly file: DiskFile
  users: number
}

export function segmentPath(segment: number): string {
  return `${SEGMENT_FOLDER}/${segmentFileName({ firstSegment: segment, lastSegment: segment, generation: 0 })}`
}

export function unfinishedSegmentPath(segment: number): string {
  return segmentPath(segment) + UNFINISHED
}

/**
 * The numbers of the segments whose files are there, in order.
 * @throws FORMAT_UNSUPPORTED for files that only later versions write
 */
export async function segmentsOf(disk: Disk): Promise<readonly number[]> {
  const numbers: number[] = []
  for (const file of await disk.list(SEGMENT_FOLDER)) {
    const name = parseSegmentFileName(file)
    if (name === null) continue
    if (name.generation !== 0 || name.lastSegment !== name.firstSegment) {
      throw new TwinlogError('FORMAT_UNSUPPORTED', `${file} was written by a newer version of twinlog`, { place: file })
    }
    numbers.push(name.firstSegment)
  }
  return numbers.toSorted((a, b) => a - b)
}

/**
 * The number of the last segment, 0 when there is none.
 * @throws LOG_LOST when a number below it is missing; FORMAT_UNSUPPORTED for files that only later versions write
 */
export async function lastSegmentOf(disk: Disk): Promise<number> {
  const numbers = await segmentsOf(disk)
  numbers.forEach((number, i) => {
    if (number === i + 1) return
    const place = segmentPath(i + 1)
    throw new TwinlogError('LOG_LOST', `segment file ${place} is missing`, { place })
  })
  return numbers.length
}

/** Deletes segment files whose creation a crash cut short. */
export async function removeUnfinished(disk: Disk): Promise<void> {
  for (const file of await disk.list(SEGMENT_FOLDER)) {
    if (file.endsWith(`.seg${UNFINISHED}`)) await disk.remove(`${SEGMENT_FOLDER}/${file}`)
  }
}

/** Open handles, the least recently used closed first, never while one is in use. */
export class SegmentFiles {
  readonly #disk: Disk
  readonly #handles = new Map<number, Handle>()
  readonly #uses = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Runs `use` with the segment's file; `use` must not keep it. @throws CLOSED */
  async using<Result>(segment: number, use: (file: DiskFile) => Promise<Result>): Promise<Result> {
    const handle = this.#open(segment)
    handle.users += 1
    const running = use(handle.file)
    this.#uses.add(running)
    try {
      return await running
    } finally {
      this.#uses.delete(running)
      handle.users -= 1
    }
  }

  /** As `using`, for blocking reads. @throws CLOSED */
  usingSync<Result>(segment: number, use: (file: DiskFile) => Result): Result {
    return use(this.#open(segment).file)
  }

  /** Lets reads under way finish first: a descriptor closed under one may be another file's by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#uses)
    const files = [...this.#handles.values()].map(handle => handle.file)
    this.#handles.clear()
    for (const file of files) await file.close()
  }

  #open(segment: number): Handle {
    if (this.#isClosed) throw new TwinlogError('CLOSED', 'the store is closed', {})
    const known = this.#handles.get(segment)
    if (known !== undefined) {
      this.#handles.delete(segment)
      this.#handles.set(segment, known)
      return known
    }
    if (this.#handles.size >= HANDLES_MAX) this.#closeOldest()
    const handle = { file: this.#disk.open(segmentPath(segment)), users: 0 }
    this.#handles.set(segment, handle)
    return handle
  }

  #closeOldest(): void {
    for (const [segment, handle] of this.#handles) {
      if (handle.users > 0) continue
      this.#handles.delete(segment)
      void handle.file.close()
      return
    }
  }
}
