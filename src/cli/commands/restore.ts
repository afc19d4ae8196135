import { Argument, type Command } from 'commander'
import { example, jsonOption } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable } from '../paint.ts'
import { withTool } from '../store-access.ts'

export function addRestore(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('restore')
    .description('Make a store of a backup, in a new directory and a new timeline.')
    .addArgument(new Argument('<backup>', 'the directory of the backup'))
    .addArgument(new Argument('<new-db>', 'a directory that does not exist yet, or is empty'))
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog restore /mnt/backup/data ./data'))
    .action(async (directory: string, path: string, { json = false }: { json?: boolean }) => {
      done(await restore(context, directory, path, json))
    })
}

async function restore(context: Context, directory: string, path: string, asJson: boolean): Promise<ExitCode> {
  const report = await withTool(context, options => context.tools.restore(directory, path, options))
  const { commit, segments, bytes, madeAt } = report
  await context.out.write(
    asJson
      ? `${JSON.stringify(report)}\n`
      : `${printable(report.path)} holds ${count(commit)} commits in ${count(segments)} segments, ${count(bytes)} bytes, ` +
          `as of ${new Date(madeAt).toISOString()}\n`,
  )
  return exitCodes.done
}
