/**
 * Opens the index and brings it up to the end of the commit log. It is derived: what can't be opened, can't be read or
 * makes no sense is thrown away and made anew.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checksum } from '../../bytes/checksum.ts'
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { LOG_START } from '../../commit-log/recovery.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import { isTwinlogError, TwinlogError } from '../../errors.ts'
import { KeyIndex, type OpenedCheckpoint } from '../../key-index/key-index.ts'
import { isLevelLocked, toIndexError } from '../../key-index/level-database.ts'
import { replay, type ReplayProgress } from './replay.ts'

interface OpenedIndex {
  readonly directory: string
  readonly checksum: Checksum
  /** Another one once the first was thrown away. */
  index: KeyIndex
  /** Null: it is empty. */
  readonly checkpoint: OpenedCheckpoint | null
}

/** @throws LOCKED; LOW_SPACE, READ_ONLY and IO_ERROR when it is not the index that is to blame */
export async function openIndex(directory: string, checksum: Checksum): Promise<OpenedIndex> {
  let index: KeyIndex | null = null
  try {
    if (existsSync(join(directory, 'CURRENT')) && !KeyIndex.isCondemned(directory)) {
      index = await KeyIndex.open(directory, checksum)
      const checkpoint = await index.checkpoint()
      if (checkpoint !== null) return { directory, checksum, index, checkpoint }
    }
  } catch (error) {
    if (isLevelLocked(error))
      throw new TwinlogError('LOCKED', `${directory} is open elsewhere`, { path: directory }, error)
    const typed = toIndexError(directory, error)
    if (!isTwinlogError(typed, 'IO_ERROR')) throw typed
  }
  await index?.close()
  return { directory, checksum, index: await newIndex(directory, checksum), checkpoint: null }
}

/**
 * Brings the index up to the end of the log. `from`: what was replayed came after it.
 * @throws LOG_LOST when the log ends before what the index holds, or a commit to be replayed can't be known
 */
export async function catchUp(
  log: CommitLog,
  opened: OpenedIndex,
  onReplay: ReplayProgress,
): Promise<{ readonly from: LogPoint; readonly rebuilt: boolean }> {
  const { checkpoint } = opened
  if (checkpoint !== null && log.end.commit < checkpoint.point.commit) throw lostBehind(checkpoint.point)
  const from = checkpoint?.wholeThrough ?? null
  if (from !== null) {
    try {
      log.nextLog = await replay(log, opened.index, from, log.nextLog, onReplay)
      return { from, rebuilt: false }
    } catch (error) {
      const typed = toIndexError(opened.directory, error)
      if (!isTwinlogError(typed, 'IO_ERROR') || typed === error) throw typed
    }
  }
  if (checkpoint !== null) await startAnew(opened)
  try {
    log.nextLog = await replay(log, opened.index, LOG_START, log.nextLog, onReplay)
  } catch (error) {
    throw toIndexError(opened.directory, error)
  }
  return { from: LOG_START, rebuilt: log.end.commit > 0 }
}

async function startAnew(opened: OpenedIndex): Promise<void> {
  await opened.index.close()
  opened.index = await newIndex(opened.directory, opened.checksum)
}

async function newIndex(directory: string, checksum: Checksum): Promise<KeyIndex> {
  try {
    await rm(directory, { recursive: true, force: true })
    return await KeyIndex.open(directory, checksum)
  } catch (error) {
    throw toIndexError(directory, error)
  }
}

function lostBehind({ segment, offset }: LogPoint): TwinlogError<'LOG_LOST'> {
  const place = `segment ${segment}, offset ${offset}`
  return new TwinlogError('LOG_LOST', `the commit log ends before ${place}, which its index has reached`, { place })
}
