/** A record by its log and sequence, for a consumer that comes back to it. */
import type { Engine } from '../actors/engine.ts'
import { ConsumedRecord } from './consumed-record.ts'
import type { StoredDelivery } from './worker-items.ts'

/** Null when it is no longer there: trimmed, redacted, or its actor removed. @throws CORRUPT, LOST */
export async function readRecord<Value>(
  { logStore }: Engine,
  { log, epoch, seq, place }: StoredDelivery,
): Promise<ConsumedRecord<Value> | null> {
  const slice = await logStore.read(log, { from: seq, to: seq, limit: 1 })
  const record = slice?.bounds.epoch === epoch ? slice.records[0] : undefined
  return record === undefined || record.redacted
    ? null
    : new ConsumedRecord<Value>(log, epoch, record, place, () => null)
}
