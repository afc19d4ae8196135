/** The command line: argv in, an exit code out. Nothing here or below touches `process`. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { isTwinlogError } from '../index.ts'
import { addBackup } from './commands/backup.ts'
import { addCat } from './commands/cat.ts'
import { addCompact } from './commands/compact.ts'
import { addDiff } from './commands/diff.ts'
import { addConsumers } from './commands/consumers.ts'
import { addDump } from './commands/dump.ts'
import { addErase } from './commands/erase.ts'
import { addExport } from './commands/export.ts'
import { addFollow } from './commands/follow.ts'
import { addImport } from './commands/import.ts'
import { addLs } from './commands/ls.ts'
import { addRebuild } from './commands/rebuild.ts'
import { addRedact } from './commands/redact.ts'
import { addRestore } from './commands/restore.ts'
import { addSalvage } from './commands/salvage.ts'
import { addStats } from './commands/stats.ts'
import { addTrim } from './commands/trim.ts'
import { addVerify } from './commands/verify.ts'
import { exitCodes, UsageError, type Context, type ExitCode, type Surroundings } from './context.ts'
import { Output, OutputClosed } from './output.ts'
import { paintFor, printable } from './paint.ts'
import { Status } from './status.ts'
import { OpenFailure } from './store-access.ts'

const commands = [
  addImport,
  addLs,
  addCat,
  addFollow,
  addExport,
  addStats,
  addConsumers,
  addRedact,
  addTrim,
  addErase,
  addCompact,
  addDump,
  addRebuild,
  addVerify,
  addSalvage,
  addBackup,
  addRestore,
  addDiff,
]

/** Runs one command. `argv` is what follows the program's name. Never rejects. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr, env, signal } = surroundings
  const context: Context = {
    ...surroundings,
    out: new Output(stdout),
    status: new Status(new Output(stderr), paintFor(stderr, env), stderr.isTTY === true),
    paint: paintFor(stdout, env),
    isTerminal: stdout.isTTY === true,
  }
  let code: ExitCode = exitCodes.done
  const program = programFor(surroundings)
  for (const add of commands) {
    add(program, context, result => {
      code = result
    })
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    code = await explained(error, context.status, signal)
  }
  return code
}

function programFor({ stdout, stderr }: Surroundings): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return new Command('twinlog')
    .description('An embedded storage engine: an inbox and an outbox per actor, append-only.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 done, but some input was refused, damage was found, it was stopped midway,\n' +
        'or what was asked for is not there; 2 wrong usage; 3 the store, or the place for a new one, could not be opened.',
    )
}

/** Says what went wrong, and gives the exit code for it. */
async function explained(error: unknown, status: Status, signal: AbortSignal): Promise<ExitCode> {
  if (error instanceof OutputClosed) return exitCodes.done
  // Commander has said it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  if (signal.aborted && (error === signal.reason || isAbortError(error))) return exitCodes.incomplete
  const { paint } = status
  if (error instanceof UsageError) {
    await status.say(`${paint.red('error:')} ${printable(error.message)}`)
    return exitCodes.usage
  }
  const isOpening = error instanceof OpenFailure
  const cause: unknown = isOpening ? error.cause : error
  if (isSystemError(cause)) await status.say(`${paint.red(`error: ${cause.code}`)} ${printable(cause.message)}`)
  else if (isTwinlogError(cause)) await status.say(`${paint.red(`error: ${cause.code}`)} ${printable(cause.message)}`)
  else
    await status.say(
      `${paint.red('error:')} ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
    )
  return isOpening ? exitCodes.notOpened : exitCodes.incomplete
}

/** A disk that is full, an output that can't be written: the message says it all. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)
}

/** What Node's streams throw, whatever the signal's reason. */
function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
