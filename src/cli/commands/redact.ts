import type { Command } from 'commander'
import type { Box } from '../../index.ts'
import { actorArgument, boxArgument, example, sequenceArgument, storeArgument, yesOption } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { assertMeant, logOf, withStoreToChange } from '../store-access.ts'

export function addRedact(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('redact')
    .description('Take out what one record holds. Its sequence and its key stay. `compact` then takes it off the disk.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addArgument(boxArgument())
    .addArgument(sequenceArgument())
    .addOption(yesOption())
    .addHelpText('after', example('twinlog redact ./data https://example.com/users/alice inbox 17 --yes'))
    .action(async (path: string, actor: string, box: Box, seq: number, { yes }: { yes?: true }) => {
      assertMeant(yes, 'A redaction')
      const code = await withStoreToChange(context, path, async store => {
        const { redacted } = await logOf(store, actor, box).redact(seq)
        await context.status.say(redacted ? `#${seq}: redacted` : `#${seq}: was redacted before`)
        return exitCodes.done
      })
      done(code)
    })
}
