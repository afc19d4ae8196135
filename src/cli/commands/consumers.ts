import type { Command } from 'commander'
import type { ConsumerListing, Store } from '../../index.ts'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable } from '../paint.ts'
import { withStoreToRead } from '../store-access.ts'

/** As many unread records are counted as this, and no more. */
const LAG_MAX = 10_000

export function addConsumers(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('consumers')
    .description('List the cursors, workers and projections, where they stand, and what waits.')
    .addArgument(storeArgument())
    .addOption(jsonOption('one JSON object a line'))
    .addHelpText('after', example('twinlog consumers ./data'))
    .action(async (path: string, options: { json?: true }) => {
      done(await withStoreToRead(context, path, store => list(context, store, options.json === true)))
    })
}

async function list({ out, paint }: Context, store: Store, asJson: boolean): Promise<ExitCode> {
  const consumers = await store.consumers()
  if (!asJson) await out.write(`${paint.dim(`${row('kind', 'unread', 'waits', 'dead', 'moved')}name`)}\n`)
  for (const consumer of consumers) {
    if (asJson) await out.write(`${JSON.stringify(stored(consumer))}\n`)
    else {
      const { name, kind, log, lag, depth, dead, movedAt } = consumer
      const of = log === null ? '' : ` (${log.box} of ${printable(log.actor)})`
      const unread = lag >= LAG_MAX ? `${count(LAG_MAX)} or more` : count(lag)
      const columns = row(kind, unread, counted(depth), counted(dead), new Date(movedAt).toISOString())
      await out.write(`${columns}${printable(name)}${of}\n`)
    }
  }
  return exitCodes.done
}

/** Whether one is at work is known to the process that owns the store alone. */
function stored({ name, kind, log, position, seq, lag, depth, dead, movedAt }: ConsumerListing): object {
  return { name, kind, log, position, seq, lag, depth, dead, movedAt }
}

function counted(waiting: number | null): string {
  return waiting === null ? '' : count(waiting)
}

function row(kind: string, unread: string, waits: string, dead: string, moved: string): string {
  return `${kind.padEnd(12)}${unread.padEnd(16)}${waits.padEnd(12)}${dead.padEnd(12)}${moved.padEnd(26)}`
}
