import { Option, type Command } from 'commander'
import type { Box, Store } from '../../index.ts'
import { actorOption, example, jsonOption, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { Importer, type Counts } from '../import/importer.ts'
import { refusal, type Refusal } from '../import/refusals.ts'
import { contentOf, findSources, SourceFailure, type Source } from '../import/sources.ts'
import { readItems } from '../input/items.ts'
import { itemBytesMax } from '../input/slicer.ts'
import { OutputClosed } from '../output.ts'
import { count, printable } from '../paint.ts'
import { withStore } from '../store-access.ts'

interface ImportOptions {
  readonly actor?: string
  readonly box: Box
  readonly json?: true
}

interface Report extends Counts {
  /** Items read, whatever became of them. */
  items: number
}

export function addImport(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('import')
    .description(
      'Append what files hold: collections (a Mastodon outbox.json), NDJSON, single documents. Told apart by content. ' +
        'Items keep their exact bytes, and go in once, however often they are imported.',
    )
    .addArgument(storeArgument())
    .argument('<file...>', 'files to read; - is stdin')
    .addOption(actorOption('whose items they are; else what `actor` or `attributedTo` of each item says'))
    .addOption(new Option('--box <box>', 'where they go').choices(['inbox', 'outbox']).default('outbox'))
    .addOption(jsonOption('one JSON object a line: each refused item, each file, the total'))
    .addHelpText('after', example('twinlog import ./data outbox.json', 'zcat dump.ndjson.gz | twinlog import ./data -'))
    .action(async (path: string, files: string[], options: ImportOptions) => {
      const sources = await findSources(files)
      const storeOptions = { createIfMissing: true, payloadBytesMax: itemBytesMax }
      try {
        done(await withStore(context, path, storeOptions, store => importAll(context, store, sources, options)))
      } catch (error) {
        if (!(error instanceof OutputClosed)) throw error
        done(exitCodes.incomplete)
      }
    })
}

async function importAll(
  context: Context,
  store: Store,
  sources: readonly Source[],
  options: ImportOptions,
): Promise<ExitCode> {
  const asJson = options.json === true
  const total: Report = { items: 0, added: 0, duplicates: 0, refused: 0 }
  for (const source of sources) {
    const report: Report = { items: 0, added: 0, duplicates: 0, refused: 0 }
    try {
      await importOne(context, store, source, options, report)
    } finally {
      await context.status.settle()
      for (const key of ['items', 'added', 'duplicates', 'refused'] as const) total[key] += report[key]
      if (asJson) await context.out.write(jsonLine('file', { file: source.name, ...report }))
      else await context.out.write(`${printable(source.name)}: ${summary(report)}\n`)
    }
    if (context.signal.aborted) break
  }
  const isInterrupted = context.signal.aborted
  if (asJson) await context.out.write(jsonLine('total', { ...total, interrupted: isInterrupted }))
  else if (sources.length > 1) await context.out.write(`total: ${summary(total)}\n`)
  if (isInterrupted) {
    await context.status.say('Interrupted. What was added stays; import again to go on, nothing goes in twice.')
  }
  return total.refused > 0 || isInterrupted ? exitCodes.incomplete : exitCodes.done
}

/** Fills `report`, whatever happens. */
async function importOne(
  context: Context,
  store: Store,
  source: Source,
  { box, actor, json }: ImportOptions,
  report: Report,
): Promise<void> {
  const { status, out, signal } = context
  const onRefused = async (index: number, { code, message }: Refusal): Promise<void> => {
    if (json === true) await out.write(jsonLine('refused', { file: source.name, index, code, message }))
    else await status.say(`${printable(source.name)}[${index}]: ${status.paint.red(code)} ${printable(message)}`)
  }
  const importer = new Importer(store, box, actor, onRefused)
  const content = contentOf(source, context, bytes => status.progress(() => progressText(source, bytes, report.items)))
  try {
    for await (const slice of readItems(content)) {
      if (signal.aborted) break
      await importer.put(report.items++, slice)
    }
    await importer.settle()
    importer.check()
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
    if (!signal.aborted) await importer.refuse(report.items, refusal('UNREADABLE', ` ${error.message}`))
  } finally {
    await importer.settle()
    Object.assign(report, importer.counts)
  }
}

function progressText({ name, bytes }: Source, bytesRead: number, items: number): string {
  const share = bytes === null || bytes === 0 ? '' : `  ${Math.min(100, Math.floor((100 * bytesRead) / bytes))}%`
  return `${printable(name)}  ${count(items)} items${share}`
}

function summary({ added, duplicates, refused }: Counts): string {
  return `${added === 0 ? 'nothing' : count(added)} added, ${count(duplicates)} already there, ${count(refused)} refused`
}

function jsonLine(event: string, facts: object): string {
  return `${JSON.stringify({ event, ...facts })}\n`
}
