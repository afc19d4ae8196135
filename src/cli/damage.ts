/** Reads on past damaged records: what is good is worth having, and what is not is named. */
import { isTwinlogError, type Log, type LogRecord } from '../index.ts'
import { printable } from './paint.ts'
import type { Status } from './status.ts'

/** A record that is not printed, and why. */
export interface LeftOut {
  readonly seq: number
  readonly code: string
  readonly message: string
}

/**
 * The records that `readFrom` gives. Where one is damaged, `onDamage` is told and `readFrom` is asked again, for what
 * lies beyond it.
 */
export async function* pastDamage(
  readFrom: (beyond: number | undefined, taken: number) => AsyncIterable<LogRecord>,
  onDamage: (damage: LeftOut) => Promise<void>,
): AsyncGenerator<LogRecord, void> {
  let beyond: number | undefined
  let taken = 0
  for (;;) {
    try {
      for await (const record of readFrom(beyond, taken)) {
        beyond = record.seq
        taken++
        yield record
      }
      return
    } catch (error) {
      // Without a place to go on from, or when it is the same one again, there is no way past it.
      if (!isTwinlogError(error, 'CORRUPT') || error.seq === undefined || error.seq === beyond) throw error
      beyond = error.seq
      await onDamage({ seq: error.seq, code: error.code, message: error.message })
    }
  }
}

/** One line on stderr for one record that is missing from the output. */
export async function sayLeftOut(status: Status, log: Log, { seq, code, message }: LeftOut): Promise<void> {
  await status.say(`${printable(log.actor)} ${log.box} #${seq}: ${status.paint.red(code)} ${message}`)
}
