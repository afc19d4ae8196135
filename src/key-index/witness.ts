/**
 * What an index that is about to be thrown away still says of how far it had come: if the commit log ends before that,
 * the log is what lost something. Read from LevelDB's files without LevelDB, so that their damage harms nothing; only
 * what matches its checksum counts.
 */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checksum } from '../bytes/checksum.ts'
import { checkpointKey } from './keys.ts'
import { decodeBlock, userKey } from './level-format.ts'
import { readLevelLog, writeAheadLogs } from './survey.ts'
import { readAt, readFirstBlock } from './table-files.ts'
import { decodePoint, type IndexPoint, isSealed, looksLikePoint, SEALED_POINT_BYTES, unseal } from './values.ts'

/** A block is closed once it has 4 KiB, and the first one's values are small. */
const FIRST_BYTES = 8192

/** The farthest point that any file in the directory says was reached; null when none says any, or there is no directory. */
export async function readWitness(directory: string, checksum: Checksum): Promise<IndexPoint | null> {
  let farthest: IndexPoint | null = null
  const offer = (sealed: Buffer): void => {
    if (!isSealed(checkpointKey(), sealed, checksum)) return
    const point = decodePoint(unseal(checkpointKey(), sealed, checksum))
    if (farthest === null || point.commit > farthest.commit) farthest = point
  }
  const names = await namesIn(directory)
  for (const name of names.filter(each => each.endsWith('.ldb'))) await offerTable(join(directory, name), offer)
  if (names.length > 0)
    for (const { name } of await writeAheadLogs(directory))
      await readLevelLog(join(directory, name), record => offer(lastValueOf(record)))
  return farthest
}

/** The checkpoint has the smallest key of all: it is in the first block of a table, or not in that table. */
async function offerTable(path: string, offer: (sealed: Buffer) => void): Promise<void> {
  const file = await open(path)
  try {
    const block = await readFirstBlock(file)
    const entries = block === null ? null : decodeBlock(block)
    if (entries === null) return offerAny(await readAt(file, 0, FIRST_BYTES), offer)
    for (const { key, value } of entries) if (userKey(key).equals(checkpointKey())) offer(value)
  } finally {
    await file.close()
  }
}

/**
 * Of a damaged block one value may be whole, and it has a checksum of its own. Its numbers begin with a zero: so hardly any
 * place is tried that is none, and could pass by chance.
 */
function offerAny(bytes: Buffer, offer: (sealed: Buffer) => void): void {
  for (let at = 0; at + SEALED_POINT_BYTES <= bytes.length; at += 1) {
    const sealed = bytes.subarray(at, at + SEALED_POINT_BYTES)
    if (looksLikePoint(sealed)) offer(sealed)
  }
}

/** A batch of news ends with the checkpoint. */
function lastValueOf(record: Buffer): Buffer {
  return record.subarray(Math.max(0, record.length - SEALED_POINT_BYTES))
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
