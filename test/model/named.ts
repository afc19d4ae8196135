/** Whether a change is about a log: what it is not about, it must leave alone. */
import { isDeepStrictEqual } from 'node:util'
import type { Change, LogRef } from './operations.ts'

export function isNamed(log: LogRef, by: Change): boolean {
  if (by.type === 'flush') return by.parts.some(part => isDeepStrictEqual(part.log, log))
  return 'log' in by ? isDeepStrictEqual(by.log, log) : by.actor === log.actor
}
