import { Argument, type Command } from 'commander'
import type { DiffReport, LogDifference } from '../../index.ts'
import { example, jsonOption } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable, type Paint } from '../paint.ts'
import { rangeText } from '../range-text.ts'
import { withTool } from '../store-access.ts'

const reasons = {
  content: 'which is not the same',
  'only-in-a': 'which only the first has',
  'only-in-b': 'which only the second has',
  'lost-in-a': 'which is lost in the first',
  'redacted-in-a': 'which is redacted in the first alone',
  'redacted-in-b': 'which is redacted in the second alone',
  'lost-in-b': 'which is lost in the second',
  unreadable: 'which is damaged',
}

export function addDiff(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('diff')
    .description('Say whether two stores hold the same logs, and where they begin to differ.')
    .addArgument(new Argument('<a>', 'the directory of a store'))
    .addArgument(new Argument('<b>', 'the directory of another one'))
    .addOption(jsonOption('one JSON object for each log that differs, and one for the whole'))
    .addHelpText('after', example('twinlog diff ./data ./data-restored'))
    .action(async (a: string, b: string, { json = false }: { json?: boolean }) => {
      done(await diff(context, a, b, json))
    })
}

async function diff(context: Context, a: string, b: string, asJson: boolean): Promise<ExitCode> {
  const { out, paint, tools } = context
  const report = await withTool(context, options => tools.diff(a, b, options))
  const { differences, ...totals } = report
  if (asJson) {
    for (const each of differences) await out.write(`${JSON.stringify({ event: 'difference', ...each })}\n`)
    await out.write(`${JSON.stringify({ event: 'report', ...totals })}\n`)
  } else {
    for (const each of differences) await out.write(`${differenceText(each, paint)}\n`)
    await out.write(`${reportText(report)}\n`)
  }
  return report.isEqual ? exitCodes.done : exitCodes.incomplete
}

function differenceText({ actor, box, status, a, b, seq, reason }: LogDifference, paint: Paint): string {
  const name = `${printable(actor)} ${box}`
  if (status !== 'differs')
    return `${paint.red(status === 'only-in-a' ? 'only in the first' : 'only in the second')} ${name}`
  const bounds = [a, b].map(each => (each === null || each.tip < each.first ? 'empty' : `#${boundsText(each)}`))
  return `${paint.red('differs')} ${name} from #${seq} on, ${reason === null ? '' : reasons[reason]} (${bounds.join(', ')})`
}

const boundsText = ({ first, tip }: { readonly first: number; readonly tip: number }): string =>
  rangeText({ from: first, to: tip })

function reportText({ isEqual, equalLogs, differences }: DiffReport): string {
  return isEqual
    ? `the same: ${count(equalLogs)} logs`
    : `not the same: ${count(differences.length)} logs differ, ${count(equalLogs)} are the same`
}
