/** Gives a cursor's records to a handler, several at a time when asked, and acknowledges each with what it answers. */
import type { ConsumerRecord, Cursor, CursorHandler } from './types.ts'

interface AbandoningCursor<Value> extends Cursor<Value> {
  abandon(record: ConsumerRecord<Value>, error: unknown): void
}

interface FollowOptions {
  readonly signal: AbortSignal | undefined
  readonly live: boolean | undefined
}

/** Resolves when the signal aborts or, not live, at the end. @throws what the handler throws, once all others are done */
export async function handleInOrder<Value>(
  cursor: AbandoningCursor<Value>,
  handler: CursorHandler<Value>,
  { signal, live }: FollowOptions,
  concurrency: number,
): Promise<void> {
  const failed = new AbortController()
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const underway = new Set<Promise<void>>()
  const handle = async (record: ConsumerRecord<Value>): Promise<void> => {
    const answer = await handler(record, { signal: stop })
    await cursor.acknowledge(record, answer ?? undefined)
  }
  try {
    for await (const record of cursor.follow({ signal: stop, live })) {
      const one: Promise<void> = handle(record)
        .catch((error: unknown) => {
          cursor.abandon(record, error)
          failed.abort(error)
        })
        .finally(() => underway.delete(one))
      underway.add(one)
      if (underway.size >= concurrency) await Promise.race(underway)
    }
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    await Promise.all(underway)
  }
  if (failed.signal.aborted && signal?.aborted !== true) throw failed.signal.reason
}
