/**
 * A disk that can lose power. It keeps book of what was synced; a crash leaves that in the directory, and of the rest
 * whatever a real disk might: all of it, none of it, or a part with holes in it.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk, DiskFile } from '../../src/commit-log/disk.ts'
import { TwinlogError } from '../../src/errors.ts'
import { randomFrom, type Random } from './random.ts'

const SECTOR_BYTES = 512

interface Write {
  readonly position: number
  readonly length: number
}

/** A file that was created since the disk was made: what of it is not surely on disk. */
interface Unsure {
  writes: readonly Write[]
  isNameSure: boolean
}

export class CrashDisk implements Disk {
  readonly #inner: Disk
  readonly #directory: string
  readonly #files = new Map<string, Unsure>()
  readonly #inFlight = new Set<Promise<unknown>>()
  #isDead = false
  #operationsLeft = Infinity

  /** @param inner the real disk of that directory */
  constructor(inner: Disk, directory: string) {
    this.#inner = inner
    this.#directory = directory
  }

  /** From here on nothing is written, and nothing succeeds any more. */
  cutPower(): void {
    this.#isDead = true
  }

  /** Lets so many more operations that change the disk begin. */
  cutPowerAfter(operations: number): void {
    this.#operationsLeft = operations
  }

  /** Leaves in the directory what a power cut might have left. Only after `cutPower`, and after the store let go. */
  async settle(seed: number): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    const random = randomFrom(seed)
    for (const [path, { writes, isNameSure }] of this.#files) {
      const file = join(this.#directory, path)
      if (!isNameSure && random(2) === 0) await rm(file, { force: true })
      else if (writes.length > 0) await writeFile(file, withLosses(await readFile(file), writes, random))
    }
  }

  list(folder: string): Promise<string[]> {
    return this.#inner.list(folder)
  }

  makeFolder(folder: string): Promise<void> {
    return this.#attempt(() => this.#inner.makeFolder(folder))
  }

  open(file: string): DiskFile {
    return this.#inner.open(file)
  }

  async create(path: string, options: { readonly durable: boolean }): Promise<DiskFile> {
    const file = await this.#attempt(() => this.#inner.create(path, options))
    const unsure: Unsure = { writes: [], isNameSure: false }
    this.#files.set(path, unsure)
    const sync = async (change: () => Promise<void>): Promise<void> => {
      const before = unsure.writes
      await this.#attempt(change)
      unsure.writes = unsure.writes.filter(write => !before.includes(write))
    }
    return {
      readSync: (...args) => file.readSync(...args),
      read: (...args) => file.read(...args),
      size: () => file.size(),
      close: () => file.close(),
      sync: () => sync(() => file.sync()),
      write: (bytes, position) => {
        unsure.writes = [...unsure.writes, { position, length: bytes.length }]
        const write = (): Promise<void> => file.write(bytes, position)
        return options.durable ? sync(write) : this.#attempt(write)
      },
    }
  }

  readWhole(file: string): Promise<Buffer | null> {
    return this.#inner.readWhole(file)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#attempt(() => this.#inner.rename(from, to))
    const unsure = this.#files.get(from) ?? { writes: [], isNameSure: false }
    unsure.isNameSure = false
    this.#files.delete(from)
    this.#files.set(to, unsure)
  }

  async remove(file: string): Promise<void> {
    await this.#attempt(() => this.#inner.remove(file))
    this.#files.delete(file)
  }

  async syncFolder(folder: string): Promise<void> {
    const within = [...this.#files].filter(([path]) => folderOf(path) === folder)
    await this.#attempt(() => this.#inner.syncFolder(folder))
    for (const [, unsure] of within) unsure.isNameSure = true
  }

  freeBytes(): Promise<number | null> {
    return this.#inner.freeBytes()
  }

  /** What is on its way when the power goes fails too: it may be there or not, but nobody was told that it is. */
  async #attempt<Value>(change: () => Promise<Value>): Promise<Value> {
    if (this.#operationsLeft <= 0) this.#isDead = true
    this.#operationsLeft -= 1
    this.#assertPower()
    const running = change()
    this.#inFlight.add(running)
    try {
      const value = await running
      this.#assertPower()
      return value
    } finally {
      this.#inFlight.delete(running)
    }
  }

  #assertPower(): void {
    if (this.#isDead) throw new TwinlogError('IO_ERROR', 'the power is gone', { place: this.#directory })
  }
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** The file as it may look: each sector that was not synced is there or zero; and the file may be shorter. */
function withLosses(bytes: Buffer, writes: readonly Write[], random: Random): Buffer {
  const left = Buffer.from(bytes)
  const start = Math.min(left.length, ...writes.map(({ position }) => position))
  const fate = random(3)
  if (fate === 0) return left.subarray(0, start)
  if (fate === 1) return left.subarray(0, start + random(left.length - start + 1))
  for (const { position, length } of writes) {
    // What was only asked for may not have reached the file at all.
    const end = Math.min(position + length, left.length)
    for (let at = position; at < end; at += SECTOR_BYTES - (at % SECTOR_BYTES)) {
      if (random(2) === 0) left.fill(0, at, Math.min(end, at + SECTOR_BYTES - (at % SECTOR_BYTES)))
    }
  }
  return left
}
