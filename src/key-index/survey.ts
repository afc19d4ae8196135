/**
 * Looks at the files of a closed index before LevelDB does, because LevelDB passes over damage in silence, writes what
 * it then believes into new files, or ends the process. Here: CURRENT, the MANIFEST, the write-ahead log, and whether each
 * table is there at its full length. What the tables hold is checked by table-files.ts.
 */
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ManifestState, type TableFile } from './level-format.ts'
import { LevelLogReader, LOG_BLOCK_BYTES, type LogVerdict } from './level-log.ts'
import { readAt, tableName } from './table-files.ts'

const READ_BYTES = 32 * LOG_BLOCK_BYTES
const WRITE_AHEAD_LOG = /^(\d{6,})\.log$/

interface Survey {
  /** What is damaged, the first of it; null: nothing was found. */
  readonly damage: string | null
  /** The tables that the MANIFEST names, the oldest first. */
  readonly tables: readonly TableFile[]
}

export async function surveyIndex(directory: string): Promise<Survey> {
  const damaged = (damage: string): Survey => ({ damage, tables: [] })
  const manifest = await currentManifest(directory)
  if (manifest === null) return damaged('CURRENT names no MANIFEST')
  const state = new ManifestState()
  let isSound = true
  const verdict = await readLevelLog(join(directory, manifest), edit => void (isSound = state.apply(edit) && isSound))
  // A torn end, too, is damage here: LevelDB would take the list of its tables to be an older one.
  if (verdict !== 'whole' || !isSound) return damaged(`${manifest} is damaged`)
  for (const { name, number } of await writeAheadLogs(directory)) {
    if (number < state.logNumber) continue
    // Its torn end holds nothing but batches that are replayed.
    if ((await readLevelLog(join(directory, name), null)) === 'damaged') return damaged(`${name} is damaged`)
  }
  const tables = [...state.tables.values()].toSorted((a, b) => a.number - b.number)
  for (const { number, bytes } of tables) {
    const found = await sizeOf(join(directory, tableName(number)))
    if (found !== bytes) return damaged(`${tableName(number)} ${found === null ? 'is missing' : 'has another length'}`)
  }
  return { damage: null, tables }
}

/** LevelDB's write-ahead logs in a directory, the oldest first. */
export async function writeAheadLogs(directory: string): Promise<{ readonly name: string; readonly number: number }[]> {
  const found: { name: string; number: number }[] = []
  for (const name of await readdir(directory)) {
    const [, digits] = WRITE_AHEAD_LOG.exec(name) ?? []
    if (digits !== undefined) found.push({ name, number: Number(digits) })
  }
  return found.toSorted((a, b) => a.number - b.number)
}

/** Reads a file in LevelDB's log format. One that is not there, or can't be read to its end, is damaged. */
export async function readLevelLog(path: string, onRecord: ((record: Buffer) => void) | null): Promise<LogVerdict> {
  let file
  try {
    file = await open(path)
  } catch (error) {
    if (isLost(error)) return 'damaged'
    throw error
  }
  try {
    const reader = new LevelLogReader(onRecord)
    const { size } = await file.stat()
    for (let at = 0; at < size; at += READ_BYTES) {
      const chunk = await readAt(file, at, Math.min(READ_BYTES, size - at))
      for (let from = 0; from < chunk.length; from += LOG_BLOCK_BYTES)
        reader.take(chunk.subarray(from, from + LOG_BLOCK_BYTES))
      if (chunk.length < Math.min(READ_BYTES, size - at)) return 'damaged'
    }
    return reader.end()
  } finally {
    await file.close()
  }
}

async function currentManifest(directory: string): Promise<string | null> {
  try {
    const text = await readFile(join(directory, 'CURRENT'), 'latin1')
    return /^MANIFEST-\d{6,}\n$/.test(text) ? text.slice(0, -1) : null
  } catch (error) {
    if (isLost(error)) return null
    throw error
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isLost(error)) return null
    throw error
  }
}

/** Whether a file is not there, is none, or lies on a sector that is lost. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'EISDIR' || code === 'EIO'
}
