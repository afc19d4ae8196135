/** Reads on past damaged records: what is good is worth having, and what is not is named. */
import { isTwinlogError, type Log, type LogRecord } from '../index.ts'
import { printable } from './paint.ts'
import { rangeText } from './range-text.ts'
import type { Status } from './status.ts'

/** Records that are not printed, and why. */
export interface LeftOut {
  readonly seq: number
  /** The last of them; `seq` itself by default. */
  readonly to?: number
  readonly code: string
  readonly message: string
}

/**
 * The records that `readFrom` gives, oldest first, or newest first. Where one is damaged or lost, `onDamage` is told and
 * `readFrom` is asked again, for what lies beyond it.
 */
export async function* pastDamage(
  direction: 'oldest first' | 'newest first',
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
      const damage = damageIn(error, direction)
      // Without a place to go on from, or when it is the same one again, there is no way past it.
      if (damage === undefined || damage.seq === beyond) throw error
      beyond = direction === 'oldest first' ? damage.to : damage.seq
      await onDamage(damage)
    }
  }
}

function damageIn(
  error: unknown,
  direction: 'oldest first' | 'newest first',
): (LeftOut & { readonly to: number }) | undefined {
  if (isTwinlogError(error, 'LOST')) {
    const { seq, from, to, code, message } = error
    return direction === 'oldest first' ? { seq, to, code, message } : { seq: from, to: seq, code, message }
  }
  if (!isTwinlogError(error, 'CORRUPT') || error.seq === undefined) return undefined
  return { seq: error.seq, to: error.seq, code: error.code, message: error.message }
}

/** One line on stderr for what is missing from the output. */
export async function sayLeftOut(status: Status, log: Log, { seq, to = seq, code, message }: LeftOut): Promise<void> {
  const which = `#${rangeText({ from: seq, to })}`
  await status.say(`${printable(log.actor)} ${log.box} ${which}: ${status.paint.red(code)} ${message}`)
}
