import type { Command } from 'commander'
import type { Box, Log, LogRecord } from '../../index.ts'
import { actorArgument, boxArgument, example, storeArgument } from '../arguments.ts'
import { exitCodes, type Context, type ExitCode } from '../context.ts'
import { pastDamage, sayLeftOut, type LeftOut } from '../damage.ts'
import { isCollectionType } from '../input/names.ts'
import { trimmed } from '../input/json-value.ts'
import { jsonTextOf, onOneLine } from '../json-text.ts'
import { count } from '../paint.ts'
import { logOf, withStoreToRead } from '../store-access.ts'

interface ExportOptions {
  readonly collection?: true
  readonly oneLine?: true
}

/** Why a record is left out; docs/cli.md lists the codes (a test compares the two). */
export const messages = {
  NOT_JSON: 'The record is not JSON, and holds what JSON cannot say.',
  NOT_ONE_LINE: 'The exact JSON text has line breaks: use --collection, or --one-line to write spaces for them.',
  REDACTED: 'The record was redacted: what it held is gone.',
  IS_A_COLLECTION: 'The item is a collection, which import would take apart: use --collection.',
}

export function addExport(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('export')
    .description('Write the items of a log, oldest first, as the exact JSON that was appended.')
    .addArgument(storeArgument())
    .addArgument(actorArgument())
    .addArgument(boxArgument())
    .option('--collection', 'one OrderedCollection, which import takes back byte for byte; else one item a line')
    .option('--one-line', 'write a space for each line break inside an item: the same JSON, other bytes')
    .addHelpText('after', example('twinlog export ./data https://example.com/users/alice outbox > outbox.ndjson'))
    .action(async (path: string, actor: string, box: Box, options: ExportOptions) => {
      done(await withStoreToRead(context, path, store => exportLog(context, logOf(store, actor, box), options)))
    })
}

async function exportLog(context: Context, log: Log, options: ExportOptions): Promise<ExitCode> {
  const { out, status, signal } = context
  const isCollection = options.collection === true
  let code: ExitCode = exitCodes.done
  let written = 0
  const leaveOut = async (leftOut: LeftOut): Promise<void> => {
    code = exitCodes.incomplete
    await sayLeftOut(status, log, leftOut)
  }

  // What is appended meanwhile is left for the next export.
  const { first, tip } = await log.bounds()
  const records = pastDamage(
    'oldest first',
    beyond => log.read({ before: tip + 1, signal, ...(beyond === undefined ? {} : { after: beyond }) }),
    leaveOut,
  )
  if (isCollection) await out.write(collectionHead)
  for await (const record of records) {
    if (!context.isTerminal)
      await status.progress(() => `exported ${count(record.seq - first + 1)} of ${count(tip - first + 1)} records`)
    const item = itemOf(record, options)
    if (typeof item === 'string') {
      await leaveOut({ seq: record.seq, code: item, message: messages[item] })
      continue
    }
    if (isCollection) await out.write(written > 0 ? ',\n' : '\n')
    await out.write(item)
    if (!isCollection) await out.write('\n')
    written++
  }
  if (isCollection) await out.write(`\n],"totalItems":${written}}\n`)
  await status.settle()
  return code
}

const collectionHead = '{"@context":"https://www.w3.org/ns/activitystreams","type":"OrderedCollection","orderedItems":['

/** The item's JSON text, or the code of why it has none here. */
function itemOf(record: LogRecord, options: ExportOptions): Uint8Array | keyof typeof messages {
  if (record.redacted) return 'REDACTED'
  const text = record.codec === 'json' ? trimmed(record.bytes) : textOf(record)
  if (text === undefined) return 'NOT_JSON'
  const item = options.oneLine === true ? Buffer.from(onOneLine(Buffer.from(text).toString())) : text
  if (options.collection === true) return item
  if (item.includes(0x0a)) return 'NOT_ONE_LINE'
  return isCollectionItem(record.value) ? 'IS_A_COLLECTION' : item
}

function textOf(record: LogRecord): Uint8Array | undefined {
  const text = record.codec === 'msgpack' ? jsonTextOf(record.value) : null
  return text === null ? undefined : Buffer.from(text)
}

function isCollectionItem(value: unknown): boolean {
  return typeof value === 'object' && value !== null && isCollectionType((value as { type?: unknown }).type)
}
