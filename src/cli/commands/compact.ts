import { InvalidArgumentError, Option, type Command } from 'commander'
import type { CompactReport, Store } from '../../index.ts'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count } from '../paint.ts'
import { withStoreToChange } from '../store-access.ts'

interface CompactCommandOptions {
  readonly dryRun?: true
  readonly deadShare?: number
  readonly json?: true
}

export function addCompact(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('compact')
    .description('Give back the space of what was trimmed, redacted and removed.')
    .addArgument(storeArgument())
    .option('--dry-run', 'only say what would be given back')
    .addOption(
      new Option('--dead-share <part>', 'write a segment again when at least this part of it is dead, 0 to 1')
        .default(undefined, '0.25')
        .argParser(part),
    )
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog compact ./data'))
    .action(async (path: string, options: CompactCommandOptions) => {
      done(await withStoreToChange(context, path, store => compact(context, store, options)))
    })
}

async function compact(context: Context, store: Store, options: CompactCommandOptions): Promise<ExitCode> {
  const { out, status, signal } = context
  const report = await store.compact({
    signal,
    dryRun: options.dryRun === true,
    deadShareMin: options.deadShare,
    onProgress: ({ task, done, total, unit }) =>
      void status.progress(() => `${task}: ${count(done)} of ${count(total)} ${unit}`),
  })
  await status.settle()
  await out.write(options.json === true ? `${JSON.stringify(report)}\n` : textOf(context, report))
  return report.damaged === 0 ? exitCodes.done : exitCodes.incomplete
}

function textOf({ paint }: Context, report: CompactReport): string {
  const { segments, rewritten, damaged, bytesBefore, bytesAfter, bytesWritten } = report
  const rows = [
    ['segments', `${count(segments)}, of which ${count(rewritten)} written again`],
    ['bytes', `${count(bytesBefore)}, then ${count(bytesAfter)}`],
    ['written', count(bytesWritten)],
    ...(damaged === 0 ? [] : [['damaged', `${count(damaged)} segments, left as they are`]]),
  ]
  return rows.map(([name = '', value = '']) => `${paint.dim(name.padEnd(16))}${value}\n`).join('')
}

function part(text: string): number {
  const share = Number(text)
  if (text.trim() !== '' && share >= 0 && share <= 1) return share
  throw new InvalidArgumentError('Not a number from 0 to 1.')
}
