import type { Command } from 'commander'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count } from '../paint.ts'
import { opening } from '../store-access.ts'

export function addRebuild(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('rebuild')
    .description('Delete the index of a closed store and make it anew from the commit log.')
    .addArgument(storeArgument())
    .option('--force', 'even if the log ends before what the old index says it reached: what lay beyond is lost')
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog rebuild ./data'))
    .action(async (path: string, { force = false, json = false }: { force?: boolean; json?: boolean }) => {
      const { signal } = context
      const { commits, milliseconds } = await opening(context, onProgress =>
        context.tools.rebuildIndex(path, { force, signal, onProgress }),
      )
      const rate = Math.round((1000 * commits) / Math.max(1, milliseconds))
      const line = json
        ? JSON.stringify({ path, commits, milliseconds })
        : `index made anew from ${count(commits)} commits in ${(milliseconds / 1000).toFixed(1)} s (${count(rate)} a second)`
      await context.out.write(`${line}\n`)
      done(exitCodes.done)
    })
}
