import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { example } from '../arguments.ts'
import { exitCodes, UsageError, type Context, type ExitCode } from '../context.ts'

/** How a line of `dumpSegment` says that bytes are not what was written. A torn tail is none. */
const damageMark = '# DAMAGED'

export function addDump(program: Command, context: Context, done: (code: ExitCode) => void): void {
  program
    .command('dump')
    .description('Print a segment file as annotated hex: its bytes, and what they are (docs/format.md).')
    .argument('<segment>', 'a .seg file of a store')
    .option('--all', 'every byte of long payloads, too')
    .addHelpText('after', example('twinlog dump ./data/segments/0000000001-0000000001.0.seg | less'))
    .action(async (file: string, { all = false }: { all?: boolean }) => {
      const found = await stat(file).catch(() => undefined)
      if (!found?.isFile()) throw new UsageError(`${file}: there is no such file`)
      let code: ExitCode = exitCodes.done
      for await (const line of context.dumpSegment(file, { all })) {
        context.signal.throwIfAborted()
        if (line.startsWith(damageMark)) code = exitCodes.incomplete
        await context.out.write(`${line}\n`)
      }
      done(code)
    })
}
