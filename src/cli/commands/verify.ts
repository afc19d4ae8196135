import type { Command } from 'commander'
import type { Box, Finding, VerifyOptions, VerifyReport } from '../../index.ts'
import { actorOption, boxOption, example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, UsageError, type Context, type ExitCode } from '../context.ts'
import { count, printable, type Paint } from '../paint.ts'
import { rangeText } from '../range-text.ts'
import { withTool } from '../store-access.ts'

interface VerifyCommandOptions {
  readonly actor?: string
  readonly box?: Box
  readonly json?: true
}

export function addVerify(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('verify')
    .description('Read everything and say what is damaged, where, and what it costs.')
    .addArgument(storeArgument())
    .addOption(actorOption('only what concerns the logs of this actor, or the store as a whole'))
    .addOption(boxOption('only one of its logs'))
    .addOption(jsonOption('one JSON object for each finding, and one for the whole'))
    .addHelpText('after', example('twinlog verify ./data'))
    .action(async (path: string, { json, ...which }: VerifyCommandOptions) => {
      if (which.box !== undefined && which.actor === undefined) throw new UsageError('--box needs --actor')
      done(await verify(context, path, which, json === true))
    })
}

async function verify(context: Context, path: string, which: VerifyOptions, asJson: boolean): Promise<ExitCode> {
  const { out, paint, tools } = context
  const lines: string[] = []
  const report = await withTool(context, options =>
    tools.verify(path, {
      ...options,
      ...which,
      onFinding: finding => {
        lines.push(asJson ? `${JSON.stringify({ event: 'finding', ...finding })}\n` : findingText(finding, paint))
      },
    }),
  )
  for (const line of lines) await out.write(line)
  if (asJson) {
    const { findings: _, ...totals } = report
    await out.write(`${JSON.stringify({ event: 'report', ...totals })}\n`)
  } else await out.write(reportText(report, paint))
  return report.isClean ? exitCodes.done : exitCodes.incomplete
}

function findingText(
  { code, message, file, offset, commits, actor, box, sequences, costs }: Finding,
  paint: Paint,
): string {
  const about = [
    `${printable(file)}${offset === null ? '' : `, offset ${offset}`}`,
    ...(commits === null ? [] : [`commit ${rangeText(commits)}`]),
    ...(box === null ? [] : [`${actor === null ? 'an unknown actor' : printable(actor)} ${box}`]),
    ...(sequences === null ? [] : [`#${rangeText(sequences)}`]),
  ]
  const cost = { nothing: 'costs nothing', records: 'costs these records', unknown: 'may cost more than is known' }[
    costs
  ]
  return `${paint.red(code)} ${message} (${about.join('; ')}): ${cost}\n`
}

function reportText(report: VerifyReport, paint: Paint): string {
  const { commit, segments, bytes, actors, records, tornTail, findingCount, missing } = report
  const lines = missing.map(
    ({ actor, box, from, to }) => `${paint.red('missing')} ${printable(actor)} ${box} #${rangeText({ from, to })}`,
  )
  if (tornTail !== null) {
    const { file, offset, bytes: torn } = tornTail
    lines.push(`a write was cut short: ${count(torn)} bytes in ${file} from offset ${offset} on; that is no damage`)
  }
  const all = `${count(segments)} segments, ${count(bytes)} bytes, ${count(commit)} commits, ${count(actors)} actors`
  const verdict = report.isClean ? paint.bold('clean') : paint.red(`damaged: ${count(findingCount)} findings`)
  lines.push(`${all}, ${count(records)} records read: ${verdict}`)
  return `${lines.join('\n')}\n`
}
