import type { Command } from 'commander'
import type { Box, ReadOptions, Store } from '../../index.ts'
import {
  actorArgument,
  afterOption,
  beforeOption,
  boxArgument,
  example,
  jsonOption,
  limitOption,
  storeArgument,
} from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { pastDamage, sayLeftOut } from '../damage.ts'
import { recordAsJson, recordForPeople } from '../record-text.ts'
import { logOf, withStoreToRead } from '../store-access.ts'

interface CatOptions {
  readonly after?: number
  readonly before?: number
  readonly limit?: number
  readonly reverse?: true
  readonly json?: true
}

export function addCat(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('cat')
    .description('Print records, oldest first.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addArgument(boxArgument())
    .addOption(afterOption())
    .addOption(beforeOption())
    .addOption(limitOption())
    .option('--reverse', 'newest first')
    .addOption(jsonOption('one JSON object a line'))
    .addHelpText('after', example('twinlog cat ./data https://example.com/users/alice outbox --reverse --limit 5'))
    .action(async (path: string, actor: string, box: Box, options: CatOptions) => {
      done(await withStoreToRead(context, path, store => print(context, store, actor, box, options)))
    })
}

async function print(context: Context, store: Store, actor: string, box: Box, options: CatOptions): Promise<ExitCode> {
  const { out, status, paint, signal } = context
  const { json, reverse, limit, ...range } = options
  const isReverse = reverse === true
  const log = logOf(store, actor, box)
  let code: ExitCode = exitCodes.done
  const records = pastDamage(
    isReverse ? 'newest first' : 'oldest first',
    (beyond, taken) => {
      const rest: ReadOptions = { ...range, reverse: isReverse, signal }
      const limited = limit === undefined ? rest : { ...rest, limit: limit - taken }
      if (beyond === undefined) return log.read(limited)
      return log.read(isReverse ? { ...limited, before: beyond } : { ...limited, after: beyond })
    },
    async damage => {
      code = exitCodes.incomplete
      await sayLeftOut(status, log, damage)
    },
  )
  for await (const record of records) {
    await out.write(json === true ? recordAsJson(record) : recordForPeople(record, paint))
  }
  return code
}
