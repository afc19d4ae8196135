/**
 * Opens LevelDB: the home of `level` (which opens it) and `classic-level` (for what only LevelDB has). Keys and values
 * are bytes. The settings are measured ones: docs/decisions/ says why.
 */
import { existsSync } from 'node:fs'
import type { ClassicLevel } from 'classic-level'
import { Level } from 'level'
import { isTwinlogError, TwinlogError } from '../errors.ts'

export type Database = ClassicLevel<Buffer, Buffer>

const MIB = 1024 * 1024

/** What LevelDB holds in memory, in bytes. */
interface LevelMemory {
  readonly writeBufferSize: number
  readonly cacheSize: number
}

const indexMemory: LevelMemory = { writeBufferSize: 48 * MIB, cacheSize: 32 * MIB }

/**
 * LevelDB creates a new database, and deletes the old one's tables, when CURRENT is missing: so it may only create
 * where there is no database.
 */
export async function openLevel(directory: string, memory: LevelMemory = indexMemory): Promise<Database> {
  const database = new Level<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  }) as unknown as Database
  await database.open({
    createIfMissing: !existsSync(directory),
    compression: false,
    maxFileSize: 16 * MIB,
    ...memory,
  })
  return database
}

/** Whether `error` says that another process has the database. */
export function isLevelLocked(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if ('code' in at && at.code === 'LEVEL_LOCKED') return true
  return false
}

/** Whether `error` says that LevelDB can't read what it wrote. */
export function isLevelDamaged(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (('code' in at && at.code === 'LEVEL_CORRUPTION') || /no such file/i.test(at.message)) return true
  return false
}

/** The typed error of a failed operation of LevelDB, which tells what the system said only in its words. */
export function toIndexError(place: string, error: unknown): TwinlogError {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (isTwinlogError(at)) return at
    const code = 'code' in at ? at.code : undefined
    if (code === 'ENOSPC' || /no space left|quota exceeded/i.test(at.message))
      return new TwinlogError('LOW_SPACE', `no space left for ${place}`, { path: place }, error)
    if (code === 'EROFS' || code === 'EACCES' || /permission denied|read-only file system/i.test(at.message))
      return new TwinlogError('READ_ONLY', `${place} can't be written or read`, { path: place }, error)
  }
  return new TwinlogError('IO_ERROR', `the index at ${place} failed`, { place }, error)
}
