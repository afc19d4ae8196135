/**
 * The records of a source up to its end, then each new one. As in `follow`: the watch is registered before the first
 * read, and a hint only says 'look again', from where the last look ended. One slice is held, and read only when it is
 * asked for.
 */
import { setMaxListeners } from 'node:events'
import type { Engine } from '../actors/engine.ts'
import { Wake } from '../actors/wake.ts'
import type { Place } from './place.ts'
import type { Batch, Source } from './source.ts'

interface LiveOptions {
  readonly signal: AbortSignal | undefined
  /** Go on at the end, waiting for more. */
  readonly live: boolean
}

/**
 * The slices, one after the other, empty ones too. `start` is asked for when the reading begins. `wake` makes it look again,
 * whatever there is.
 */
export function liveBatches<Value>(
  { logStore }: Engine,
  source: Source<Value>,
  start: () => Promise<Place>,
  { signal, live }: LiveOptions,
  wake = new Wake(),
): AsyncIterableIterator<Batch<Value>> {
  const batches = (async function* (): AsyncGenerator<Batch<Value>, undefined, undefined> {
    signal?.throwIfAborted()
    let after = await start()
    const unwatch = logStore.watch(source.log, wake.up)
    // One signal ends any number of consumers.
    if (signal !== undefined) setMaxListeners(0, signal)
    signal?.addEventListener('abort', wake.up)
    try {
      while (!wake.stopped) {
        wake.reset()
        signal?.throwIfAborted()
        const batch = await source.read(after)
        signal?.throwIfAborted()
        after = batch.through
        yield batch
        if (!batch.isEnd) continue
        if (!live) return undefined
        await wake.wait()
      }
      return undefined
    } finally {
      unwatch()
      signal?.removeEventListener('abort', wake.up)
    }
  })()
  return returnable(batches, () => wake.stop())
}

/** Ends a pending `next` at once when `return` is called; a bare generator would wait for the next record. */
export function returnable<Item>(
  items: AsyncGenerator<Item, undefined>,
  stop: () => void,
): AsyncIterableIterator<Item> {
  return {
    next: () => items.next(),
    return: () => {
      stop()
      return items.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
