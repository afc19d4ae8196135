/**
 * Brings an index up to the end of the commit log: the stretch past its checkpoint, or all of the log into an empty
 * one.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { Head } from '../../key-index/values.ts'
import { type Change, changesOf } from '../change.ts'
import { actorOrder } from './actor-order.ts'
import { IndexFold, logsOf } from './index-fold.ts'

/** A batch has so many changes, about, or so many bytes of items and names. */
const BATCH_CHANGES = 10_000
const BATCH_BYTES = 8 * 1024 * 1024
/** How many heads are remembered from one batch to the next; a rebuild may meet more logs than fit into memory. */
const HEADS_MAX = 100_000
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
 * Folds the frames after `from` into the index, a batch while the next one is read. Returns the lowest log number never
 * used.
 * @throws LOG_LOST when a damaged commit's changes can't be known
 */
export async function replay(
  log: CommitLog,
  index: KeyIndex,
  from: LogPoint,
  { nextLog, signal, onProgress }: ReplayOptions,
): Promise<number> {
  const total = log.end.commit - from.commit
  if (total === 0) return nextLog
  const heads = new Map<number, Head | null>()
  let next = nextLog
  let changes: Change[] = []
  let bytes = 0
  let writing: Promise<void> = Promise.resolve()
  const write = async (some: readonly Change[], { segment, offset, commit, chain }: LogPoint): Promise<void> => {
    signal?.throwIfAborted()
    await learnHeads(some, heads, index)
    const batch = index.batch()
    const fold = new IndexFold(batch, heads)
    for (const at of actorOrder(some)) {
      const change = some[at]
      if (change?.kind === 'actorAdded') next = Math.max(next, (change.number + 1) * 2)
      if (change !== undefined) fold.apply(change)
    }
    fold.finish()
    await index.write(batch, { segment, offset, commit, chain: chain ?? 0n, nextLog: next })
    onProgress(commit - from.commit, total)
    if (heads.size > HEADS_MAX) heads.clear()
  }
  const begin = async (through: LogPoint): Promise<void> => {
    await writing
    writing = write(changes, through)
    // Whoever waits for it hears of it.
    writing.catch(() => {})
    changes = []
    bytes = 0
  }
  let through = from
  try {
    for await (const frame of log.frames(from)) {
      for (const change of changesOf(frame)) {
        changes.push(change)
        bytes += heldBytes(change)
      }
      through = frame.end
      if (changes.length >= BATCH_CHANGES || bytes >= BATCH_BYTES) await begin(through)
    }
    if (changes.length > 0) await begin(through)
  } finally {
    // What was begun ends before anybody else has the index.
    await writing.catch(() => {})
  }
  await writing
  onProgress(total, total)
  return next
}

function heldBytes(change: Change): number {
  if (change.kind === 'item') return change.key.length + (change.value?.length ?? 0)
  return 'id' in change ? change.id.length : 0
}

/**
 * The heads that the index has of the logs these changes touch. Null for one that should be there and is not: the log is
 * removed later on, or its range is damaged and will be mended when somebody asks for it.
 */
async function learnHeads(changes: readonly Change[], heads: Map<number, Head | null>, index: KeyIndex): Promise<void> {
  const unknown = new Set<number>()
  const born = new Set<number>()
  for (const change of changes) {
    if (change.kind === 'actorAdded') {
      for (const log of logsOf(change.number)) {
        born.add(log)
        if (!heads.has(log)) unknown.add(log)
      }
    } else if ('log' in change && !heads.has(change.log)) unknown.add(change.log)
  }
  if (unknown.size === 0) return
  const logs = [...unknown]
  const found = await index.heads(logs)
  logs.forEach((log, i) => heads.set(log, found[i] ?? (born.has(log) ? FRESH : null)))
}
