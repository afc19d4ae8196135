import { Argument, type Command } from 'commander'
import type { SalvageReport } from '../../index.ts'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable, type Paint } from '../paint.ts'
import { rangeText } from '../range-text.ts'
import { withTool } from '../store-access.ts'

interface SalvageCommandOptions {
  readonly ignoreIndex?: boolean
  readonly json?: boolean
}

export function addSalvage(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('salvage')
    .description('Make a new store of what is good in a damaged one, and say what is lost.')
    .addArgument(storeArgument())
    .addArgument(new Argument('<new-db>', 'a directory that does not exist yet, or is empty'))
    .option('--ignore-index', 'do not ask the index what damaged commits held')
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog salvage ./data ./data-salvaged'))
    .action(async (path: string, newPath: string, options: SalvageCommandOptions) => {
      done(await salvage(context, path, newPath, options))
    })
}

async function salvage(
  context: Context,
  path: string,
  newPath: string,
  { ignoreIndex = false, json = false }: SalvageCommandOptions,
): Promise<ExitCode> {
  const { out, paint, tools } = context
  const report = await withTool(context, options => tools.salvage(path, newPath, { ...options, ignoreIndex }))
  if (json) await out.write(`${JSON.stringify(report)}\n`)
  else for (const line of linesOf(report, paint)) await out.write(`${line}\n`)
  return report.isComplete ? exitCodes.done : exitCodes.incomplete
}

function* linesOf(report: SalvageReport, paint: Paint): Generator<string> {
  const { lost, unknownCommits, unnamed, usedIndex } = report
  for (const { actor, box, ...range } of lost)
    yield `${paint.red('lost')} ${printable(actor)} ${box} #${rangeText(range)}`
  for (const { log, box, tip } of unnamed)
    yield `${paint.red('lost')} the ${box} of an actor that nothing names, log ${log}, up to #${tip}`
  for (const range of unknownCommits) {
    const hope = usedIndex ? 'the index was asked what they held' : 'they may have held more than is listed'
    yield `${paint.yellow('damaged')} commit ${rangeText(range)}: ${hope}`
  }
  const verdict = report.isComplete ? paint.bold('nothing is lost') : paint.red('not all could be saved')
  yield `${printable(report.newPath)} holds ${count(report.actors)} actors, ${count(report.records)} records: ${verdict}`
}
