import { Option, type Command } from 'commander'
import type { Box } from '../../index.ts'
import { actorArgument, boxArgument, example, storeArgument, wholeNumber, yesOption } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count } from '../paint.ts'
import { assertMeant, logOf, withStoreToChange } from '../store-access.ts'

interface TrimOptions {
  readonly before: number
  readonly yes?: true
}

export function addTrim(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('trim')
    .description('Drop the oldest records of a log; their keys stay. `compact` then gives the space back.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addArgument(boxArgument())
    .addOption(
      new Option('--before <n>', 'drop the records below this sequence, at most the tip + 1')
        .argParser(text => wholeNumber(text, 1))
        .makeOptionMandatory(),
    )
    .addOption(yesOption())
    .addHelpText('after', example('twinlog trim ./data https://example.com/users/alice inbox --before 1000 --yes'))
    .action(async (path: string, actor: string, box: Box, { before, yes }: TrimOptions) => {
      assertMeant(yes, 'A trim')
      const code = await withStoreToChange(context, path, async store => {
        const { first, tip } = await logOf(store, actor, box).trim({ before })
        await context.status.say(`begins at ${first} now; ${count(tip - first + 1)} records`)
        return exitCodes.done
      })
      done(code)
    })
}
