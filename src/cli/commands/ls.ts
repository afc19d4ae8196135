import type { Command } from 'commander'
import type { Bounds, Store } from '../../index.ts'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable } from '../paint.ts'
import { boundsOf, withStoreToRead } from '../store-access.ts'

export function addLs(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('ls')
    .description('List the actors, and what their inboxes and outboxes hold.')
    .addArgument(storeArgument())
    .addOption(jsonOption('one JSON object a line'))
    .addHelpText('after', example('twinlog ls ./data'))
    .action(async (path: string, options: { json?: true }) => {
      done(await withStoreToRead(context, path, store => list(context, store, options.json === true)))
    })
}

async function list(context: Context, store: Store, asJson: boolean): Promise<ExitCode> {
  const { out, paint, signal } = context
  if (!asJson) await out.write(`${paint.dim(`${cell('inbox')}${cell('outbox')}actor`)}\n`)
  for await (const actor of store.actors.list()) {
    signal.throwIfAborted()
    const inbox = await boundsOf(store.inbox(actor))
    const outbox = await boundsOf(store.outbox(actor))
    if (!inbox || !outbox) continue
    if (asJson) await out.write(`${JSON.stringify({ actor, inbox: counted(inbox), outbox: counted(outbox) })}\n`)
    else await out.write(`${cell(summary(inbox))}${cell(summary(outbox))}${printable(actor)}\n`)
  }
  return exitCodes.done
}

function counted({ first, tip }: Bounds): Bounds & { records: number } {
  return { first, tip, records: tip - first + 1 }
}

/** `12 (1–12)`; `0` for a log that never had a record. */
function summary({ first, tip }: Bounds): string {
  if (tip === 0) return '0'
  return tip < first ? `0 (all ${count(tip)} trimmed)` : `${count(tip - first + 1)} (${first}–${tip})`
}

function cell(text: string): string {
  return `${text.padEnd(22)}  `
}
