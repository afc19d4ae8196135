/** Puts files of one directory into another: as a hard link where that is wanted and possible, else as a synced copy. */
import { link, open, rename, rm, stat } from 'node:fs/promises'

const CHUNK_BYTES = 4 * 1024 * 1024
/** What stands between a file that is being made and its name. */
const PART = '.part'
/** Another device; a file system without links, or with too many of them; a system that forbids it. */
const NO_LINK_CODES: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'ENOSYS',
  'EACCES',
])

/** Links the file; false where that can't be done. A file that has the name already is replaced. */
export async function linkFile(from: string, to: string): Promise<boolean> {
  const part = to + PART
  await rm(part, { force: true })
  try {
    await link(from, part)
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_LINK_CODES.has(String(error.code))) return false
    throw error
  }
  await rename(part, to)
  // Renaming does nothing where both names are the same file.
  await rm(part, { force: true })
  return true
}

/**
 * Copies the first `bytes` of a file, synced, and gives it its name last. Never a link, nor shared extents: a copy is
 * to survive what happens to the other.
 * @returns how many bytes there were to copy
 * @param onBytes told after each chunk; what it throws ends the copying
 */
export async function copyBytes(
  from: string,
  to: string,
  bytes: number,
  onBytes: (copied: number) => void,
): Promise<number> {
  const part = to + PART
  await rm(part, { force: true })
  const source = await open(from, 'r')
  try {
    const target = await open(part, 'wx', 0o600)
    let copied = 0
    try {
      const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, bytes)))
      while (copied < bytes) {
        const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, bytes - copied), copied)
        if (bytesRead === 0) break
        await target.writeFile(chunk.subarray(0, bytesRead))
        copied += bytesRead
        onBytes(copied)
      }
      await target.datasync()
    } finally {
      await target.close()
    }
    await rename(part, to)
    return copied
  } finally {
    await source.close()
  }
}

/** Null when there is none. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
