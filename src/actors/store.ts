/** The public engine over any log store. */
import type { AppendOutcome, LogStore, LogStoreStats } from '../log-store/types.ts'
import { PAYLOAD_BYTES_MAX } from '../record/layout.ts'
import { ActorList } from './actor-list.ts'
import { checkActorId, checkFunction, checkInteger, checkOptions, checkWord } from './arguments.ts'
import { PAYLOAD_BYTES_MAX_DEFAULT, type Engine } from './engine.ts'
import { flushOf, type Draft } from './flush.ts'
import { LogHandle } from './log.ts'
import type { Actors, FlushItem, FlushOptions, FlushResult, Log, Store, StoreOptions } from './types.ts'

/**
 * A store over a log store, which is the store's own from then on: closing one closes the other.
 * @throws OUT_OF_RANGE
 */
export function createStore(logStore: LogStore, options?: StoreOptions): Store {
  const { clock = Date.now, payloadBytesMax = PAYLOAD_BYTES_MAX_DEFAULT } = checkOptions(options, 'createStore')
  return new EngineStore({
    logStore,
    clock: checkFunction('clock', clock),
    payloadBytesMax: checkInteger('payloadBytesMax', payloadBytesMax, 1, PAYLOAD_BYTES_MAX),
  })
}

class EngineStore implements Store {
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
    if (!Array.isArray(items)) throw new TypeError('append takes an array of items')
    const drafts = items.map((item: FlushItem) => this.#draftOf(item))
    const outcomes = await this.#engine.logStore.append(flushOf(this.#engine, drafts, onConflict))
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

  #draftOf(item: FlushItem): Draft {
    if (typeof item !== 'object' || item === null) throw new TypeError('An item must be an object')
    const log = LogHandle.nameIn(this.#engine, item.log)
    const given = contents.filter(([name]) => Object.hasOwn(item, name))
    const [content] = given
    if (content === undefined || given.length > 1) throw new TypeError('An item has exactly one of value, json, bytes')
    const [name, codec] = content
    return { log, codec, content: item[name], options: item }
  }
}

/** Which property of an item is which codec's. */
const contents = [
  ['value', 'msgpack'],
  ['json', 'json'],
  ['bytes', 'bytes'],
] as const

function resultOf(outcome: AppendOutcome): FlushResult {
  if (outcome.status === 'refused') return { error: outcome.error }
  return { seq: outcome.seq, duplicate: outcome.status === 'duplicate' }
}
