/**
 * Brings an index up to the end of the commit log: the stretch past its checkpoint, or all of the log into an empty
 * one.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { Head } from '../../key-index/values.ts'
import { type Change, changesOf } from '../change.ts'
import { IndexFold, logsOf } from './index-fold.ts'

const BATCH_CHANGES = 5000
const FRESH: Head = { first: 1, tip: 0 }

interface ReplayOptions {
  /** The lowest log number never used, as far as it is known. */
  readonly nextLog: number
  /** Ends it between two batches, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Told now and then, and at the end: commits replayed of so many. */
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Folds the frames after `from` into the index. Returns the lowest log number never used.
 * @throws LOG_LOST when a damaged commit's changes can't be known
 */
export async function replay(
  log: CommitLog,
  index: KeyIndex,
  from: LogPoint,
  { nextLog, signal, onProgress }: ReplayOptions,
): Promise<number> {
  const total = log.end.commit - from.commit
  const heads = new Map<number, Head | null>()
  let batch = index.batch()
  let fold = new IndexFold(batch, at => heads.get(at) ?? null)
  let next = nextLog
  let through: LogPoint = from
  const write = async (): Promise<void> => {
    signal?.throwIfAborted()
    fold.finish()
    const { segment, offset, commit, chain } = through
    await index.write(batch, { segment, offset, commit, chain: chain ?? 0n, nextLog: next })
    onProgress(commit - from.commit, total)
    heads.clear()
    batch = index.batch()
    fold = new IndexFold(batch, at => heads.get(at) ?? null)
  }
  for await (const frame of log.frames(from)) {
    const changes = [...changesOf(frame)]
    await learnHeads(changes, heads, index)
    for (const change of changes) {
      if (change.kind === 'actorAdded') next = Math.max(next, (change.number + 1) * 2)
      fold.apply(change)
    }
    through = frame.end
    if (fold.changes >= BATCH_CHANGES) await write()
  }
  if (fold.changes > 0) await write()
  else await batch.discard()
  if (total > 0) onProgress(total, total)
  return next
}

/**
 * The heads that the index has of the logs these changes touch. Null for one that should be there and is not: the log is
 * removed later on, or its range is damaged and will be mended when somebody asks for it.
 */
async function learnHeads(changes: readonly Change[], heads: Map<number, Head | null>, index: KeyIndex): Promise<void> {
  const unknown = new Set<number>()
  const born = new Set<number>()
  for (const change of changes) {
    const touched = change.kind === 'actorAdded' ? logsOf(change.number) : 'log' in change ? [change.log] : []
    for (const log of touched) if (!heads.has(log)) unknown.add(log)
    if (change.kind === 'actorAdded') for (const log of touched) born.add(log)
  }
  if (unknown.size === 0) return
  const logs = [...unknown]
  const found = await index.heads(logs)
  logs.forEach((log, i) => heads.set(log, found[i] ?? (born.has(log) ? FRESH : null)))
}
