/**
 * A disk in memory, and a copy of it for the price of a map: a store can be opened ten thousand times, each time on a
 * disk that is damaged in another place.
 */
import type { Disk, DiskFile } from '../../src/commit-log/disk.ts'
import { TwinlogError } from '../../src/errors.ts'

interface Inode {
  /** Replaced, never changed: copies of the disk share it. */
  bytes: Buffer
}

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Inode>()

  copy(): MemoryDisk {
    const made = new MemoryDisk()
    for (const [path, { bytes }] of this.#files) made.#files.set(path, { bytes })
    return made
  }

  get paths(): string[] {
    return [...this.#files.keys()].toSorted()
  }

  bytes(path: string): Buffer {
    return this.#inode(path).bytes
  }

  /** Lets `change` have a copy of a file; what it returns, or the copy, becomes the file. */
  edit(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
    const inode = this.#inode(path)
    const bytes = Buffer.from(inode.bytes)
    inode.bytes = change(bytes) ?? bytes
  }

  flip(path: string, bit: number): void {
    this.edit(path, bytes => {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      return bytes
    })
  }

  async list(folder: string): Promise<string[]> {
    const prefix = `${folder}/`
    return this.paths.filter(path => path.startsWith(prefix)).map(path => path.slice(prefix.length))
  }

  async makeFolder(): Promise<void> {
    // A folder is there when a file is in it.
  }

  open(path: string): DiskFile {
    return fileOf(this.#inode(path))
  }

  async create(path: string): Promise<DiskFile> {
    if (this.#files.has(path)) throw new TwinlogError('IO_ERROR', 'EEXIST', { place: path })
    const inode = { bytes: Buffer.alloc(0) }
    this.#files.set(path, inode)
    return fileOf(inode)
  }

  async readWhole(path: string): Promise<Buffer | null> {
    return this.#files.get(path)?.bytes ?? null
  }

  async rename(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#inode(from))
    this.#files.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path)
  }

  async syncFolder(): Promise<void> {
    // Memory loses nothing.
  }

  async freeBytes(): Promise<number | null> {
    return null
  }

  #inode(path: string): Inode {
    const inode = this.#files.get(path)
    if (inode === undefined) throw new TwinlogError('IO_ERROR', 'ENOENT', { place: path })
    return inode
  }
}

function fileOf(inode: Inode): DiskFile {
  const readSync = (target: Buffer, targetAt: number, length: number, position: number): number =>
    position >= inode.bytes.length ? 0 : inode.bytes.copy(target, targetAt, position, position + length)
  return {
    readSync,
    read: async (...args) => readSync(...args),
    size: async () => inode.bytes.length,
    sync: async () => undefined,
    close: async () => undefined,
    write: async (bytes, position) => {
      const after = Buffer.alloc(Math.max(inode.bytes.length, position + bytes.length))
      inode.bytes.copy(after)
      bytes.copy(after, position)
      inode.bytes = after
    },
  }
}
