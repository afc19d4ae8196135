import type { Command } from 'commander'
import type { Bounds, Store } from '../../index.ts'
import { example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { count, printable } from '../paint.ts'
import { boundsOf, withStoreToRead } from '../store-access.ts'

interface Totals {
  actors: number
  readonly inbox: BoxTotals
  readonly outbox: BoxTotals
}

interface BoxTotals {
  records: number
  /** Records that were trimmed away. */
  trimmed: number
}

export function addStats(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('stats')
    .description('Count what the store holds, and say what state it is in.')
    .addArgument(storeArgument())
    .addOption(jsonOption('one JSON object'))
    .addHelpText('after', example('twinlog stats ./data'))
    .action(async (path: string, options: { json?: true }) => {
      done(await withStoreToRead(context, path, store => print(context, store, path, options.json === true)))
    })
}

async function print(context: Context, store: Store, path: string, asJson: boolean): Promise<ExitCode> {
  const totals = await totalsOf(context, store)
  const { driver, state, commit } = store.stats()
  if (asJson) {
    await context.out.write(`${JSON.stringify({ path, driver, state, commit, ...totals })}\n`)
    return exitCodes.done
  }
  const { inbox, outbox, actors } = totals
  const rows = [
    ['store', printable(path)],
    ['state', `${state} (${driver})`],
    ['last commit', count(commit)],
    ['actors', count(actors)],
    ['inbox records', boxLine(inbox)],
    ['outbox records', boxLine(outbox)],
  ]
  const lines = rows.map(([name = '', value = '']) => `${context.paint.dim(name.padEnd(16))}${value}\n`)
  await context.out.write(lines.join(''))
  return exitCodes.done
}

async function totalsOf({ signal, status }: Context, store: Store): Promise<Totals> {
  const totals: Totals = { actors: 0, inbox: { records: 0, trimmed: 0 }, outbox: { records: 0, trimmed: 0 } }
  for await (const actor of store.actors.list()) {
    signal.throwIfAborted()
    await status.progress(() => `counting: ${count(totals.actors)} actors`)
    const inbox = await boundsOf(store.inbox(actor))
    const outbox = await boundsOf(store.outbox(actor))
    if (!inbox || !outbox) continue
    totals.actors++
    add(totals.inbox, inbox)
    add(totals.outbox, outbox)
  }
  await status.settle()
  return totals
}

function add(totals: BoxTotals, { first, tip }: Bounds): void {
  totals.records += tip - first + 1
  totals.trimmed += first - 1
}

function boxLine({ records, trimmed }: BoxTotals): string {
  return trimmed === 0 ? count(records) : `${count(records)} (and ${count(trimmed)} trimmed)`
}
