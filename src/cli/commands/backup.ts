import { Argument, type Command } from 'commander'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable } from '../paint.ts'
import { withTool } from '../store-access.ts'

interface BackupCommandOptions {
  readonly copy?: boolean
  readonly json?: boolean
}

export function addBackup(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('backup')
    .description('Copy a store into a directory, or bring such a copy up to date. Appends may go on.')
    .addArgument(storeArgument())
    .addArgument(new Argument('<directory>', 'where the backup is, or is to be'))
    .option('--copy', 'copy files where a hard link would do')
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog backup ./data /mnt/backup/data'))
    .action(async (path: string, directory: string, options: BackupCommandOptions) => {
      done(await backup(context, path, directory, options))
    })
}

async function backup(
  context: Context,
  path: string,
  directory: string,
  { copy = false, json = false }: BackupCommandOptions,
): Promise<ExitCode> {
  const report = await withTool(context, options => context.tools.backup(path, directory, { ...options, copy }))
  const { commit, linked, copied, kept, bytes, copiedBytes } = report
  await context.out.write(
    json
      ? `${JSON.stringify(report)}\n`
      : `${printable(report.directory)} holds ${count(commit)} commits, ${count(bytes)} bytes: ` +
          `${count(linked)} segments linked, ${count(copied)} copied (${count(copiedBytes)} bytes), ${count(kept)} kept\n`,
  )
  return exitCodes.done
}
