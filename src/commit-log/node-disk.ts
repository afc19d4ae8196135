/**
 * The real disk, over node:fs. Every failure becomes a typed error that names the place and keeps the cause.
 */
import { closeSync, constants, fdatasync, fstat, openSync, read, readSync, write } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isTwinlogError, TwinlogError } from '../errors.ts'
import type { Disk, DiskFile } from './disk.ts'

/**
 * On Linux a file opened O_DSYNC makes each write durable in one system call instead of two; elsewhere write and sync.
 */
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0

/** @param root the store's directory */
export function nodeDisk(root: string): Disk {
  const at = (path: string): string => join(root, path)
  return {
    list: folder =>
      attempt(at(folder), async () => {
        try {
          return await readdir(at(folder))
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return []
          throw error
        }
      }),
    makeFolder: folder => attempt(at(folder), async () => void (await mkdir(at(folder), { recursive: true }))),
    open(file) {
      try {
        return new NodeFile(at(file), openSync(at(file), constants.O_RDONLY), false)
      } catch (error) {
        throw toTwinlogError(at(file), error)
      }
    },
    create: (file, { durable }) =>
      attempt(at(file), async () => {
        const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (durable ? SYNCED_WRITES : 0)
        return new NodeFile(at(file), openSync(at(file), flags, 0o600), durable)
      }),
    readWhole: file =>
      attempt(at(file), async () => {
        try {
          return await readFile(at(file))
        } catch (error) {
          if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
          throw error
        }
      }),
    rename: (from, to) => attempt(at(to), () => rename(at(from), at(to))),
    remove: file => attempt(at(file), () => rm(at(file), { force: true, recursive: true })),
    syncFolder: folder => attempt(at(folder), () => syncFolder(at(folder))),
    freeBytes: () =>
      attempt(root, async () => {
        const space = await statfs(root)
        return space.bavail * space.bsize
      }),
  }
}

class NodeFile implements DiskFile {
  readonly #place: string
  readonly #fd: number
  readonly #durable: boolean

  constructor(place: string, fd: number, durable: boolean) {
    this.#place = place
    this.#fd = fd
    this.#durable = durable
  }

  readSync(target: Buffer, targetAt: number, length: number, position: number): number {
    try {
      return readSync(this.#fd, target, targetAt, length, position)
    } catch (error) {
      throw toTwinlogError(this.#place, error)
    }
  }

  read(target: Buffer, targetAt: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, target, targetAt, length, position, (error, bytes) => {
        if (error === null) resolve(bytes)
        else reject(toTwinlogError(this.#place, error))
      })
    })
  }

  write(bytes: Buffer, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let written = 0
      const goOn = (error: Error | null, count: number): void => {
        if (error !== null) return reject(toTwinlogError(this.#place, error))
        written += count
        if (written < bytes.length)
          return write(this.#fd, bytes, written, bytes.length - written, position + written, goOn)
        if (this.#durable && SYNCED_WRITES === 0) resolve(this.sync())
        else resolve()
      }
      goOn(null, 0)
    })
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, error => {
        if (error === null) resolve()
        else reject(toTwinlogError(this.#place, error))
      })
    })
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fstat(this.#fd, (error, stats) => {
        if (error === null) resolve(stats.size)
        else reject(toTwinlogError(this.#place, error))
      })
    })
  }

  async close(): Promise<void> {
    closeSync(this.#fd)
  }
}

/** A directory can't be opened for syncing on Windows; NTFS journals names by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function attempt<Result>(place: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw toTwinlogError(place, error)
  }
}

/** The typed error of a failed file operation: full disks and read-only places have codes of their own. */
export function toTwinlogError(place: string, error: unknown): TwinlogError {
  if (isTwinlogError(error)) return error
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TwinlogError('LOW_SPACE', `no space left for ${place}`, { path: place }, error)
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new TwinlogError('READ_ONLY', `${place} can't be written or read: ${code}`, { path: place }, error)
  }
  return new TwinlogError(
    'IO_ERROR',
    `${place}: ${error instanceof Error ? error.message : String(error)}`,
    { place },
    error,
  )
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
