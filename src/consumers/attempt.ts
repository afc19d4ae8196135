/** One attempt at one delivery, and what it came to. */
import type { ConsumedRecord } from './consumed-record.ts'
import type { Delivery } from './delivery.ts'
import type { WorkerHandler } from './types.ts'
import type { WorkerSettings } from './worker-settings.ts'

export type Verdict =
  | { readonly kind: 'done' | 'dropped' | 'gone' }
  /** The worker stops: this was no attempt. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'dead'; readonly error: string }
  | { readonly kind: 'retry'; readonly error: string; readonly afterMs: number | null }

/** A handler that takes too long is told by its signal and not waited for: it costs its target an attempt. */
export async function attemptDelivery<Value>(
  record: ConsumedRecord<Value>,
  delivery: Delivery<Value>,
  handler: WorkerHandler<Value>,
  { timer, attemptMs }: WorkerSettings<Value>,
  stop: AbortSignal,
): Promise<Verdict> {
  const controller = new AbortController()
  const onStop = (): void => controller.abort(stop.reason)
  stop.addEventListener('abort', onStop)
  let cancel = (): void => {}
  const late = new Promise<Verdict>(resolve => {
    cancel = timer(attemptMs, () => {
      const error = `no answer within ${attemptMs} ms`
      resolve({ kind: 'retry', error, afterMs: null })
      controller.abort(new Error(error))
    })
  })
  try {
    return await Promise.race([late, handle(record, delivery, handler, controller.signal, stop)])
  } finally {
    cancel()
    stop.removeEventListener('abort', onStop)
  }
}

async function handle<Value>(
  record: ConsumedRecord<Value>,
  { target, attempts }: Delivery<Value>,
  handler: WorkerHandler<Value>,
  signal: AbortSignal,
  stop: AbortSignal,
): Promise<Verdict> {
  try {
    const answer: unknown = await handler(record, target, { attempt: attempts + 1, signal })
    if (answer === 'done') return { kind: 'done' }
    if (answer === 'drop') return { kind: 'dropped' }
    const afterMs = retryAfterOf(answer)
    if (afterMs === null) throw new TypeError("a handler answers 'done', 'drop' or { retryAfterMs }")
    return { kind: 'retry', error: 'the handler asked for another attempt', afterMs }
  } catch (error) {
    return stop.aborted ? { kind: 'stopped' } : { kind: 'retry', error: String(error), afterMs: null }
  }
}

function retryAfterOf(answer: unknown): number | null {
  if (typeof answer !== 'object' || answer === null || !('retryAfterMs' in answer)) return null
  const { retryAfterMs } = answer
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : null
}
