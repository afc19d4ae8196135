/** What the killed process writes, known to it and to the process that looks afterwards. */
import type { LogRef } from '../model/operations.ts'

export interface Acknowledged {
  readonly run: string
  readonly log: LogRef
  readonly name: string
  readonly seq: number
}

export const actorOf = (run: string): string => `writer of ${run}`
export const keyOf = (name: string): string => `key of ${name}`

export function logsOf(run: string): readonly LogRef[] {
  const actor = actorOf(run)
  return [
    { actor, box: 'inbox' },
    { actor, box: 'outbox' },
  ]
}

/** The logs that each flush appends to. */
export const flushLogs = logsOf

/** A value from its name alone, so that the reader knows what must be there. From 1 byte to some kilobytes. */
export function bodyOf(run: string, name: string): unknown {
  const number = Number(name.split(' ').at(-1))
  return { run, name, filling: 'x'.repeat((number * 997) % 5000) }
}
