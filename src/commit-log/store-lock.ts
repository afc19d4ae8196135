/**
 * One owner per store: a real lock of the operating system on the file `lock`, gone with its process. It is met by
 * other processes, workers, symlinks and other spellings of the path alike, because it belongs to the file.
 *
 * fs-native-extensions has binaries for Linux with glibc, macOS and Windows. On Linux with musl (Alpine) its binary does
 * not load; there an abstract Unix socket named after the lock file's device and inode takes its place. That one is
 * per network namespace, so two containers that share a volume meet only at the index's own lock (key-index/).
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TwinlogError } from '../errors.ts'
import { toTwinlogError } from './node-disk.ts'

export const LOCK_FILE = 'lock'
const RETRY_MS = 20

interface StoreLock {
  release(): Promise<void>
}

/** Takes hold of an open file descriptor's lock; null when another has it. */
type LockAttempt = (fd: number) => Promise<(() => Promise<void>) | null>

/**
 * @param waitMs how long to wait for another owner to let go; 0 answers at once
 * @throws LOCKED, READ_ONLY, IO_ERROR
 */
export async function lockStore(
  directory: string,
  waitMs: number,
  attempt: LockAttempt = platformLock(),
): Promise<StoreLock> {
  const deadline = performance.now() + waitMs
  const fd = openLockFile(directory)
  try {
    for (;;) {
      const release = await attempt(fd)
      if (release !== null) {
        return {
          async release() {
            await release()
            closeSync(fd)
          },
        }
      }
      if (performance.now() >= deadline)
        throw new TwinlogError('LOCKED', `${directory} is open elsewhere`, { path: directory })
      await delay(RETRY_MS)
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function openLockFile(directory: string): number {
  try {
    return openSync(join(directory, LOCK_FILE), constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch (error) {
    throw toTwinlogError(join(directory, LOCK_FILE), error)
  }
}

function platformLock(): LockAttempt {
  try {
    return nativeLock()
  } catch (error) {
    if (process.platform === 'linux') return socketLock
    throw new TwinlogError(
      'IO_ERROR',
      'this platform has no file lock that twinlog can use',
      { place: LOCK_FILE },
      error,
    )
  }
}

interface NativeLocks {
  tryLock(fd: number): boolean
  unlock(fd: number): void
}

function nativeLock(): LockAttempt {
  const native = createRequire(import.meta.url)('fs-native-extensions') as NativeLocks
  return async fd => (native.tryLock(fd) ? async () => native.unlock(fd) : null)
}

/** The lock where no native one loads (Linux only): the kernel ends it with the process. */
export async function socketLock(fd: number): Promise<(() => Promise<void>) | null> {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  // Any process may connect to the name: it must not hold up the release.
  const server = createServer(socket => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null)
      else reject(toTwinlogError(LOCK_FILE, error))
    })
    // Exclusive: else the workers of a cluster would share one listening socket.
    server.listen({ path: `\0twinlog:${dev}:${ino}`, exclusive: true }, () => {
      server.unref()
      resolve(() => new Promise<void>(closed => void server.close(() => closed())))
    })
  })
}
