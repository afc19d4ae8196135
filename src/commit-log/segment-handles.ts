/**
 * Open handles for reading the segment files of a store, a bounded number at a time. Where a segment was written again,
 * its handle knows where each entry went.
 */
import { TwinlogError } from '../errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import type { SegmentMap } from './segment-map.ts'
import { segmentPath } from './segment-files.ts'

const HANDLES_MAX = 64

/** Reads the map of a segment that was written again. */
type LoadMap = (file: DiskFile, segment: number, generation: number) => Promise<SegmentMap>

/** A segment's file, and where its entries went when it was written again. */
export interface SegmentFile {
  readonly file: DiskFile
  /** Null in generation 0: everything is where it was born. */
  readonly map: SegmentMap | null
}

interface Handle {
  readonly file: DiskFile
  readonly generation: number
  map: SegmentMap | null
  users: number
  /** Closed once nobody uses it: the segment has been written again. */
  isRetired: boolean
}

/** Open handles, the least recently used closed first, never while one is in use. */
export class SegmentFiles {
  readonly #disk: Disk
  readonly #loadMap: LoadMap
  readonly #handles = new Map<number, Handle>()
  readonly #uses = new Set<Promise<unknown>>()
  /** Of the segments that were written again. */
  readonly #generations = new Map<number, number>()
  #isClosed = false

  constructor(disk: Disk, loadMap: LoadMap) {
    this.#disk = disk
    this.#loadMap = loadMap
  }

  /** From now on the segment is read in this generation. */
  useGeneration(segment: number, generation: number): void {
    if ((this.#generations.get(segment) ?? 0) === generation) return
    this.#generations.set(segment, generation)
    const handle = this.#handles.get(segment)
    if (handle === undefined) return
    this.#handles.delete(segment)
    handle.isRetired = true
    if (handle.users === 0) void handle.file.close()
  }

  /** Whether `usingSync` can be called for the segment: its map, if it has one, is in memory. */
  isReady(segment: number): boolean {
    return !this.#generations.has(segment) || (this.#handles.get(segment)?.map ?? null) !== null
  }

  /** Runs `use` with the segment's file; `use` must not keep it. @throws CLOSED */
  async using<Result>(segment: number, use: (file: SegmentFile) => Promise<Result>): Promise<Result> {
    const handle = this.#open(segment)
    handle.users += 1
    const running = this.#ready(segment, handle).then(use)
    this.#uses.add(running)
    try {
      return await running
    } finally {
      this.#uses.delete(running)
      handle.users -= 1
      if (handle.isRetired && handle.users === 0) await handle.file.close()
    }
  }

  /** As `using`, for blocking reads, when it `isReady`. @throws CLOSED */
  usingSync<Result>(segment: number, use: (file: SegmentFile) => Result): Result {
    return use(this.#open(segment))
  }

  /** Lets reads under way finish first: a descriptor closed under one may be another file's by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#uses)
    const files = [...this.#handles.values()].map(handle => handle.file)
    this.#handles.clear()
    for (const file of files) await file.close()
  }

  async #ready(segment: number, handle: Handle): Promise<Handle> {
    if (handle.generation > 0) handle.map ??= await this.#loadMap(handle.file, segment, handle.generation)
    return handle
  }

  #open(segment: number): Handle {
    if (this.#isClosed) throw new TwinlogError('CLOSED', 'the store is closed', {})
    const known = this.#handles.get(segment)
    if (known !== undefined) {
      // While there is plenty of room, who was used last does not matter.
      if (this.#handles.size > HANDLES_MAX / 2) {
        this.#handles.delete(segment)
        this.#handles.set(segment, known)
      }
      return known
    }
    if (this.#handles.size >= HANDLES_MAX) this.#closeOldest()
    const generation = this.#generations.get(segment) ?? 0
    const file = this.#disk.open(segmentPath(segment, generation))
    const handle = { file, generation, map: null, users: 0, isRetired: false }
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
