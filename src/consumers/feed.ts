/** `store.feed`: the records of all logs in the order of their commits. */
import { checkOptions } from '../actors/arguments.ts'
import type { Engine } from '../actors/engine.ts'
import { checkFilter, checkLiveOptions } from './arguments.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { liveBatches, returnable } from './live.ts'
import { FeedSource } from './source.ts'
import type { FeedOptions, FeedRecord } from './types.ts'

export function readFeed<Value>(
  engine: Engine,
  options: FeedOptions<Value> | undefined,
): AsyncIterableIterator<FeedRecord<Value>> {
  const given = checkOptions(options, 'feed')
  const source = new FeedSource<Value>(engine, checkFilter<Value>(given))
  const { after = 'start' } = given
  const batches = liveBatches(engine, source, () => source.placeOf(after), checkLiveOptions(given))
  const records = (async function* (): AsyncGenerator<FeedRecord<Value>, undefined> {
    try {
      for await (const batch of batches) {
        for (const record of batch.records) {
          given.signal?.throwIfAborted()
          yield record as ConsumedRecord<Value> & { readonly position: string }
        }
      }
      return undefined
    } finally {
      await batches.return?.()
    }
  })()
  return returnable(records, () => void batches.return?.())
}
