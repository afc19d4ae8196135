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
import { readFirstBlock } from './table-files.ts'
import { decodePoint, type IndexPoint, isSealed, SEALED_POINT_BYTES, unseal } from './values.ts'

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
    for (const { key, value } of (block === null ? null : decodeBlock(block)) ?? [])
      if (userKey(key).equals(checkpointKey())) offer(value)
  } finally {
    await file.close()
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
