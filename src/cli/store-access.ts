/** Opens the store for one command, and closes it whatever happens. */
import {
  isTwinlogError,
  type Bounds,
  type Box,
  type ErrorCode,
  type Log,
  type OpenOptions,
  type OpenProgress,
  type Store,
  type ToolOptions,
  type ToolProgress,
} from '../index.ts'
import { exitCodes, UsageError, type Context, type ExitCode } from './context.ts'
import { count } from './paint.ts'

/** The store could not be opened; `cause` says why. */
export class OpenFailure extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

export async function withStore<Result>(
  context: Context,
  path: string,
  options: OpenOptions,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(context, path, options)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/**
 * Read-only: works beside a running owner, and never creates anything. Where commits are so damaged that not all they
 * held is known, what was printed may lack records: that is said, and the command is not simply done.
 */
export function withStoreToRead(
  context: Context,
  path: string,
  use: (store: Store) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withStore(context, path, { readOnly: true, createIfMissing: false }, async store => {
    const code = await use(store)
    const { damagedCommits } = store.stats()
    if (damagedCommits === 0) return code
    const { status } = context
    await status.say(
      `${status.paint.red('CORRUPT')} ${count(damagedCommits)} damaged commits: some records may be missing`,
    )
    return code === exitCodes.done ? exitCodes.incomplete : code
  })
}

/** Runs a tool, drawing its progress; that there is no store to work on is told as for a store that can't be opened. */
export async function withTool<Result>(
  { status, signal }: Context,
  run: (options: ToolOptions & { readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  try {
    return await run({ signal, onProgress: progress => void status.progress(() => progressText(progress)) })
  } catch (error) {
    throw isTwinlogError(error) && notBegun.has(error.code) ? new OpenFailure(error) : error
  } finally {
    await status.settle()
  }
}

/** What stands in the way before a tool has done anything. */
const notBegun: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'STORE_NOT_FOUND',
  'FORMAT_UNSUPPORTED',
  'LOCKED',
  'NOT_A_BACKUP',
  'NOT_EMPTY',
])

function progressText({ task, doneBytes, totalBytes, bytesPerSecond, secondsLeft }: ToolProgress): string {
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const left = secondsLeft === null ? '' : `, ${Math.ceil(secondsLeft)} s left`
  return `${task}: ${mib(doneBytes)} of ${mib(totalBytes)} MiB, ${mib(bytesPerSecond)} MiB/s${left}`
}

/** For a command that changes what is there: the store's owner, and never its maker. */
export function withStoreToChange(
  context: Context,
  path: string,
  use: (store: Store) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withStore(context, path, { createIfMissing: false }, use)
}

/** @throws UsageError unless the caller said `--yes` */
export function assertMeant(yes: true | undefined, what: string): void {
  if (yes !== true) throw new UsageError(`${what} can't be undone: add --yes to do it.`)
}

export function logOf(store: Store, actor: string, box: Box): Log {
  return box === 'inbox' ? store.inbox(actor) : store.outbox(actor)
}

/** Undefined when the owner has removed the actor since it was listed. */
export async function boundsOf(log: Log): Promise<Bounds | undefined> {
  try {
    return await log.bounds()
  } catch (error) {
    if (isTwinlogError(error, 'NO_ACTOR')) return undefined
    throw error
  }
}

async function openStore(context: Context, path: string, options: OpenOptions): Promise<Store> {
  return opening(context, onProgress => context.open(path, { ...options, onProgress }))
}

/** Runs what opens a store, and shows how far it is. A failure is one of opening. */
export async function opening<Result>(
  { status }: Context,
  run: (onProgress: (progress: OpenProgress) => void) => Promise<Result>,
): Promise<Result> {
  try {
    return await run(({ task, done, total, unit, rate }) => {
      void status.progress(() => {
        const share = total === null ? count(done) : `${count(done)} of ${count(total)}`
        return `${task}: ${share} ${unit}, ${count(rate)} a second`
      })
    })
  } catch (error) {
    throw isTwinlogError(error) ? new OpenFailure(error) : error
  } finally {
    await status.settle()
  }
}
