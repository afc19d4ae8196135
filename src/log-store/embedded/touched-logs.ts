/** The logs whose watchers have something to look at. */
import type { Change } from '../change.ts'
import type { LogName } from '../types.ts'
import type { TailMemory } from './tail-memory.ts'

export function* touchedLogs(changes: readonly Change[], memory: TailMemory): Generator<LogName> {
  for (const change of changes) {
    if ('log' in change) {
      const state = memory.logs.get(change.log)
      if (state !== undefined) yield state.name
    } else if (change.kind !== 'item') {
      yield { actor: change.id, box: 'inbox' }
      yield { actor: change.id, box: 'outbox' }
    }
  }
}
