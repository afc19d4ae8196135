/** What a command has to do with: `main.ts` gives it the process, a test gives it its own streams and store. */
import type { Readable, Writable } from 'node:stream'
import type { backup, diff, DumpOptions, OpenOptions, rebuildIndex, restore, salvage, Store, verify } from '../index.ts'
import type { Output } from './output.ts'
import type { Paint } from './paint.ts'
import type { Status } from './status.ts'

/** Stable: scripts rely on them. docs/cli.md lists them. */
export const exitCodes = {
  done: 0,
  /** Done, but some input was refused, damage was found, it was stopped midway, or what was asked for is not there. */
  incomplete: 1,
  usage: 2,
  notOpened: 3,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export interface Surroundings {
  readonly stdin: Readable
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
  readonly open: (path: string, options: OpenOptions) => Promise<Store>
  readonly dumpSegment: (file: string, options: DumpOptions) => AsyncIterable<string>
  readonly tools: Tools
}

/** The tools for damage and copies, as the public API has them. */
interface Tools {
  readonly rebuildIndex: typeof rebuildIndex
  readonly verify: typeof verify
  readonly backup: typeof backup
  readonly restore: typeof restore
  readonly salvage: typeof salvage
  readonly diff: typeof diff
}

export interface Context extends Pick<Surroundings, 'stdin' | 'signal' | 'open' | 'dumpSegment' | 'tools'> {
  /** Data, and nothing else. */
  readonly out: Output
  /** Refusals, errors and progress. */
  readonly status: Status
  /** Whether people see `out` as it is written. */
  readonly isTerminal: boolean
  /** For what goes to `out`. */
  readonly paint: Paint
}

/** The command line is well formed and yet can't be carried out as it stands. */
export class UsageError extends Error {}
