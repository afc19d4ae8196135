/**
 * A disk that holds so many bytes and no more, and can be filled by somebody else. Over a real directory; LevelDB's files
 * do not go through it.
 */
import type { Disk, DiskFile } from '../../src/commit-log/disk.ts'
import { toTwinlogError } from '../../src/commit-log/node-disk.ts'

export class SmallDisk implements Disk {
  readonly #inner: Disk
  readonly #sizes = new Map<string, number>()
  readonly #open = new Map<string, { path: string }>()
  /** Bytes for everybody. */
  capacity: number
  /** What others take up. */
  others = 0

  constructor(inner: Disk, capacity: number) {
    this.#inner = inner
    this.capacity = capacity
  }

  get free(): number {
    let used = this.others
    for (const size of this.#sizes.values()) used += size
    return Math.max(0, this.capacity - used)
  }

  /** Somebody else takes all but `left`. */
  fill(left = 0): void {
    this.others += this.free - left
  }

  async freeBytes(): Promise<number> {
    return this.free
  }

  async create(path: string, options: { readonly durable: boolean }): Promise<DiskFile> {
    const file = await this.#inner.create(path, options)
    // The file is its name's, and follows it when that changes.
    const entry = { path }
    this.#sizes.set(path, 0)
    this.#open.set(path, entry)
    return {
      readSync: (...args) => file.readSync(...args),
      read: (...args) => file.read(...args),
      size: () => file.size(),
      close: () => file.close(),
      sync: () => file.sync(),
      write: async (bytes, position) => {
        const size = this.#sizes.get(entry.path) ?? 0
        const grows = Math.max(0, position + bytes.length - size)
        if (grows > this.free) throw toTwinlogError(entry.path, Object.assign(new Error('full'), { code: 'ENOSPC' }))
        await file.write(bytes, position)
        this.#sizes.set(entry.path, size + grows)
      },
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#inner.rename(from, to)
    this.#sizes.set(to, this.#sizes.get(from) ?? 0)
    this.#sizes.delete(from)
    const entry = this.#open.get(from)
    if (entry === undefined) return
    entry.path = to
    this.#open.delete(from)
    this.#open.set(to, entry)
  }

  async remove(file: string): Promise<void> {
    await this.#inner.remove(file)
    this.#sizes.delete(file)
  }

  list = (folder: string): Promise<string[]> => this.#inner.list(folder)
  makeFolder = (folder: string): Promise<void> => this.#inner.makeFolder(folder)
  open = (file: string): DiskFile => this.#inner.open(file)
  readWhole = (file: string): Promise<Buffer | null> => this.#inner.readWhole(file)
  syncFolder = (folder: string): Promise<void> => this.#inner.syncFolder(folder)
}
