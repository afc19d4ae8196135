import type { Command } from 'commander'
import { actorArgument, example, storeArgument, yesOption } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { printable } from '../paint.ts'
import { assertMeant, withStoreToChange } from '../store-access.ts'

export function addErase(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('erase')
    .description('Remove an actor with all that its logs hold. `compact` then takes it off the disk.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addOption(yesOption())
    .addHelpText('after', example('twinlog erase ./data https://example.com/users/alice --yes'))
    .action(async (path: string, actor: string, { yes }: { yes?: true }) => {
      assertMeant(yes, 'An erasure')
      const code = await withStoreToChange(context, path, async store => {
        const { removed } = await store.actors.remove(actor)
        await context.status.say(`${printable(actor)}: ${removed ? 'removed' : 'is not there'}`)
        return removed ? exitCodes.done : exitCodes.incomplete
      })
      done(code)
    })
}
