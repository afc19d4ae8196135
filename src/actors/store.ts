/** The public engine over any log store. */
import type { AppendOutcome, LogStore, LogStoreStats } from '../log-store/types.ts'
import { PAYLOAD_BYTES_MAX } from '../record/layout.ts'
import { ActorList } from './actor-list.ts'
import { checkActorId, checkFunction, checkInteger, checkOptions, checkWord } from './arguments.ts'
import { draftsOf } from './drafts.ts'
import { PAYLOAD_BYTES_MAX_DEFAULT, type Engine } from './engine.ts'
import { flushOf } from './flush.ts'
import { LogHandle } from './log.ts'
import type { Actors, FlushItem, FlushOptions, FlushResult, Log, Store, StoreOptions } from './types.ts'

/**
 * What a store is made over: its log store is its own from then on, closing one closes the other.
 * @throws OUT_OF_RANGE
 */
export function engineOf(
  logStore: LogStore,
  options: StoreOptions | undefined,
  firstUnread: Engine['firstUnread'],
): Engine {
  const { clock = Date.now, payloadBytesMax = PAYLOAD_BYTES_MAX_DEFAULT } = checkOptions(options, 'createStore')
  return {
    logStore,
    firstUnread,
    clock: checkFunction('clock', clock),
    payloadBytesMax: checkInteger('payloadBytesMax', payloadBytesMax, 1, PAYLOAD_BYTES_MAX),
  }
}

export class EngineStore implements Store {
  readonly actors: Actors
  readonly #engine: Engine
  #closing: Promise<void> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    this.actors = new ActorList(engine.logStore)
  }

  inbox(actor: string): Log {
    return new LogHandle(this.#engine, checkActorId(actor), 'inbox')
  }

  outbox(actor: string): Log {
    return new LogHandle(this.#engine, checkActorId(actor), 'outbox')
  }

  async append(items: readonly FlushItem[], options?: FlushOptions): Promise<readonly FlushResult[]> {
    const onConflict = checkWord('onConflict', checkOptions(options, 'append').onConflict, ['reject', 'skip'])
    const outcomes = await this.#engine.logStore.append(
      flushOf(this.#engine, draftsOf(this.#engine, items), onConflict),
    )
    return outcomes.map(resultOf)
  }

  flush(): Promise<void> {
    return this.#engine.logStore.flush()
  }

  flushIndex(): Promise<void> {
    return this.#engine.logStore.flushIndex()
  }

  stats(): LogStoreStats {
    return this.#engine.logStore.stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#engine.logStore.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export function resultOf(outcome: AppendOutcome): FlushResult {
  if (outcome.status === 'refused') return { error: outcome.error }
  return { seq: outcome.seq, duplicate: outcome.status === 'duplicate' }
}
