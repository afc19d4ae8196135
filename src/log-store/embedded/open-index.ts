/**
 * Opens the index and brings it up to the end of the commit log. It is derived: what is damaged, can't be opened or
 * makes no sense is made anew, once the commit log is known to reach as far as it did, and goes when the new one is
 * complete. So whatever ends that, the next open knows as much as this one.
 */
import type { Checksum } from '../../bytes/checksum.ts'
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { LOG_START } from '../../commit-log/recovery.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import { isTwinlogError, TwinlogError } from '../../errors.ts'
import { markCondemned } from '../../key-index/condemned.ts'
import { type Inspection, inspectIndex } from '../../key-index/inspect.ts'
import { KeyIndex, type OpenedCheckpoint } from '../../key-index/key-index.ts'
import { isLevelLocked, toIndexError } from '../../key-index/level-database.ts'
import {
  bringIndexBack,
  dropIndexes,
  dropOldIndex,
  hasOldIndex,
  oldIndexOf,
  setIndexAside,
} from '../../key-index/set-aside.ts'
import type { IndexPoint } from '../../key-index/values.ts'
import { readWitness } from '../../key-index/witness.ts'
import { changesOf } from '../change.ts'
import { replay } from './replay.ts'

/** Told now and then about long work: so much is done, of so much. Scrubbing counts bytes, the others commits. */
export type OnIndexWork = (task: 'scrub' | 'replay' | 'rebuild', done: number, total: number) => void

/** A rebuild that was asked for. */
export interface RebuildRequest {
  /** Even if the commit log ends before what the index says it had reached. */
  readonly force: boolean
  readonly signal: AbortSignal | undefined
}

interface IndexOpening {
  readonly directory: string
  readonly checksum: Checksum
  /** Tables of at most so many bytes together are checked before LevelDB is opened, more of them while the store serves. */
  readonly scrubFirstBytesMax: number
  readonly rebuild: RebuildRequest | null
  readonly onWork: OnIndexWork
}

interface OpenedIndex {
  readonly opening: IndexOpening
  /** Null: it is to be made anew. */
  index: KeyIndex | null
  inspection: Inspection
  /** Null: it is empty. */
  readonly checkpoint: OpenedCheckpoint | null
  /** A point that the commit log must reach: the checkpoint, or what an index that goes away still says. */
  readonly reached: IndexPoint | null
}

/** @throws LOCKED; LOW_SPACE, READ_ONLY and IO_ERROR when it is not the index that is to blame */
export async function openIndex(opening: IndexOpening): Promise<OpenedIndex> {
  const { directory, checksum, rebuild } = opening
  try {
    const inspection = await inspect(opening)
    const opened = inspection.reason === null ? await tryOpen(opening, inspection) : inspection.reason
    const isForced = rebuild?.force === true
    const before = isForced || !hasOldIndex(directory) ? null : await readWitness(oldIndexOf(directory), checksum)
    if (typeof opened !== 'string') return { ...opened, reached: farther(opened.reached, before) }
    const reached = isForced ? null : farther(await readWitness(directory, checksum), before)
    const made = { ...inspection, reason: opened, unchecked: null }
    return { opening, index: null, inspection: made, checkpoint: null, reached }
  } catch (error) {
    if (isLevelLocked(error))
      throw new TwinlogError('LOCKED', `${directory} is open elsewhere`, { path: directory }, error)
    throw toIndexError(directory, error)
  }
}

function farther(a: IndexPoint | null, b: IndexPoint | null): IndexPoint | null {
  if (a === null || b === null) return a ?? b
  return b.commit > a.commit ? b : a
}

async function inspect({ directory, scrubFirstBytesMax, rebuild, onWork }: IndexOpening): Promise<Inspection> {
  if (rebuild !== null) return { reason: 'it was asked for', checked: null, unchecked: null }
  return inspectIndex(directory, scrubFirstBytesMax, (done, total) => onWork('scrub', done, total))
}

/** The open index, or why it is to be made anew. */
async function tryOpen(opening: IndexOpening, inspection: Inspection): Promise<OpenedIndex | string> {
  const { directory, checksum } = opening
  let index: KeyIndex | null = null
  let reason = 'it has no checkpoint'
  try {
    index = await KeyIndex.open(directory, checksum)
    const checkpoint = await index.checkpoint()
    if (checkpoint !== null) return { opening, index, inspection, checkpoint, reached: checkpoint.point }
  } catch (error) {
    if (isLevelLocked(error) || !isTwinlogError(toIndexError(directory, error), 'IO_ERROR')) {
      await inspection.unchecked?.close()
      await index?.close()
      throw error
    }
    reason = `LevelDB could not open it: ${messageOf(error)}`
  }
  await inspection.unchecked?.close()
  await index?.close()
  return reason
}

interface CaughtUp {
  readonly index: KeyIndex
  /** What was replayed came after it. */
  readonly from: LogPoint
  /** Why the index was made anew; null when it was not. */
  readonly rebuiltFor: string | null
}

/**
 * Brings the index up to the end of the log.
 * @throws LOG_LOST when the log ends before what the index holds, or a commit to be replayed can't be known, and then the
 *   index is the one that was; the reason of the rebuild's signal
 */
export async function catchUp(log: CommitLog, opened: OpenedIndex): Promise<CaughtUp> {
  const { directory } = opened.opening
  try {
    const caughtUp = await tryCatchUp(log, opened).catch(async (error: unknown) => {
      if (!isTwinlogError(error, 'LOW_SPACE') || !hasOldIndex(directory)) throw error
      await makeRoom(log, opened)
      return tryCatchUp(log, opened)
    })
    await dropOldIndex(directory).catch((error: unknown) => {
      throw toIndexError(directory, error)
    })
    return caughtUp
  } catch (error) {
    if (isTwinlogError(error, 'LOG_LOST')) {
      await abandonIndex(opened)
      // Where it has to stay aside, the next open asks it there.
      await bringIndexBack(directory).catch(() => {})
    }
    throw error
  }
}

/**
 * A store on a full disk must open, or nothing in it could ever be trimmed. Where the old index and the new one don't
 * both fit, the old one goes, when all of the log can be read. @throws LOG_LOST
 */
async function makeRoom(log: CommitLog, opened: OpenedIndex): Promise<void> {
  for await (const frame of log.frames(LOG_START)) for (const _ of changesOf(frame)) continue
  await abandonIndex(opened)
  await dropIndexes(opened.opening.directory)
}

async function tryCatchUp(log: CommitLog, opened: OpenedIndex): Promise<CaughtUp> {
  const { checkpoint, reached, index, opening } = opened
  if (reached !== null && log.end.commit < reached.commit) throw lostBehind(reached)
  let reason =
    opened.inspection.reason ?? (index === null ? 'it was not complete' : 'its ledger has lost its beginning')
  const from = checkpoint?.wholeThrough ?? null
  if (index !== null && from !== null) {
    try {
      await replayInto(index, log, from, opening, 'replay')
      return { index, from, rebuiltFor: null }
    } catch (error) {
      const typed = toIndexError(opening.directory, error)
      if (!isTwinlogError(typed, 'IO_ERROR') || typed === error) throw typed
      reason = `LevelDB could not read or write it: ${messageOf(error)}`
    }
  }
  const made = await startAnew(opened, reason)
  // Whatever ended the process before went with the old one.
  made.served()
  try {
    await replayInto(made, log, LOG_START, opening, 'rebuild')
  } catch (error) {
    opening.rebuild?.signal?.throwIfAborted()
    throw toIndexError(opening.directory, error)
  }
  return { index: made, from: LOG_START, rebuiltFor: log.end.commit > 0 ? reason : null }
}

async function replayInto(
  index: KeyIndex,
  log: CommitLog,
  from: LogPoint,
  { rebuild, onWork }: IndexOpening,
  task: 'replay' | 'rebuild',
): Promise<void> {
  log.nextLog = await replay(log, index, from, {
    nextLog: log.nextLog,
    signal: rebuild?.signal,
    onProgress: (done, total) => onWork(task, done, total),
  })
}

/** Lets go of what was opened; what was asked for failed. */
export async function abandonIndex(opened: OpenedIndex): Promise<void> {
  const { inspection, index } = opened
  opened.inspection = { ...inspection, unchecked: null }
  opened.index = null
  await inspection.unchecked?.close()
  await index?.close()
}

async function startAnew(opened: OpenedIndex, reason: string): Promise<KeyIndex> {
  const { directory, checksum, rebuild } = opened.opening
  await abandonIndex(opened)
  rebuild?.signal?.throwIfAborted()
  try {
    // Should it come back, LevelDB must not be given it again.
    if (rebuild === null) markCondemned(directory, reason)
    await setIndexAside(directory)
    opened.index = await KeyIndex.create(directory, checksum)
    return opened.index
  } catch (error) {
    throw toIndexError(directory, error)
  }
}

function lostBehind({ segment, offset }: LogPoint): TwinlogError<'LOG_LOST'> {
  const place = `segment ${segment}, offset ${offset}`
  return new TwinlogError('LOG_LOST', `the commit log ends before ${place}, which its index has reached`, { place })
}

function messageOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  if (cause instanceof Error) return cause.message
  return error instanceof Error ? error.message : String(error)
}
