import type { Command } from 'commander'
import type { Box, Store } from '../../index.ts'
import { actorArgument, afterOption, boxArgument, example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { pastDamage, sayLeftOut } from '../damage.ts'
import { recordAsJson, recordForPeople } from '../record-text.ts'
import { logOf, withStoreToRead } from '../store-access.ts'

interface FollowCommandOptions {
  readonly after?: number
  readonly json?: true
}

export function addFollow(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('follow')
    .description('Print the records that are there, then each new one as it comes. Ctrl-C ends it.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addArgument(boxArgument())
    .addOption(afterOption())
    .addOption(jsonOption('one JSON object a line'))
    .addHelpText('after', example('twinlog follow ./data https://example.com/users/alice inbox --after 17'))
    .action(async (path: string, actor: string, box: Box, options: FollowCommandOptions) => {
      done(await withStoreToRead(context, path, store => follow(context, store, actor, box, options)))
    })
}

async function follow(
  context: Context,
  store: Store,
  actor: string,
  box: Box,
  { after, json }: FollowCommandOptions,
): Promise<ExitCode> {
  const { out, status, paint, signal } = context
  const log = logOf(store, actor, box)
  let code: ExitCode = exitCodes.done
  const records = pastDamage(
    'oldest first',
    beyond => {
      const start = beyond ?? after
      return log.follow(start === undefined ? { signal } : { after: start, signal })
    },
    async damage => {
      code = exitCodes.incomplete
      await sayLeftOut(status, log, damage)
    },
  )
  try {
    for await (const record of records) {
      await out.write(json === true ? recordAsJson(record) : recordForPeople(record, paint))
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
  }
  return code
}
