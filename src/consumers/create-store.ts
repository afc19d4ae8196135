/** The store as hosts have it: the engine over a log store, and the consumers of what it holds. */
import { checkOptions } from '../actors/arguments.ts'
import type { Engine } from '../actors/engine.ts'
import { LogHandle } from '../actors/log.ts'
import { engineOf, EngineStore } from '../actors/store.ts'
import type { Log, StoreOptions } from '../actors/types.ts'
import type { LogStore } from '../log-store/types.ts'
import { checkFilter, checkName } from './arguments.ts'
import type { ConsumerKind } from './consumer-state.ts'
import { Consumption } from './consumption.ts'
import { StoreCursor } from './cursor.ts'
import { readFeed } from './feed.ts'
import { StoreProjection } from './projection.ts'
import { listConsumers } from './registry.ts'
import { firstUnread } from './retention.ts'
import { FeedSource, LogSource } from './source.ts'
import type {
  ConsumerListing,
  ConsumerStatus,
  Cursor,
  CursorOptions,
  FeedFilterOptions,
  FeedOptions,
  FeedRecord,
  Projection,
  ProjectionOptions,
  Store,
  Worker,
  WorkerOptions,
} from './types.ts'
import { StoreWorker } from './worker.ts'
import { settingsOf } from './worker-settings.ts'

/**
 * A store over a log store, which is the store's own from then on: closing one closes the other.
 * @throws OUT_OF_RANGE
 */
export function createStore(logStore: LogStore, options?: StoreOptions): Store {
  return new ConsumerStore(engineOf(logStore, options, (log, before) => firstUnread(logStore, log, before)))
}

interface Known {
  status(): Promise<ConsumerStatus>
}

class ConsumerStore extends EngineStore implements Store {
  readonly #engine: Engine
  /** By kind and name. What is known here was made by the method of its kind. */
  readonly #known = new Map<string, Known>()

  constructor(engine: Engine) {
    super(engine)
    this.#engine = engine
  }

  feed<Value = unknown>(options?: FeedOptions<Value>): AsyncIterableIterator<FeedRecord<Value>> {
    return readFeed(this.#engine, options)
  }

  cursor<Value = unknown>(name: string, options?: CursorOptions<Value>): Cursor<Value> {
    return this.#once('cursor', name, () => {
      const { log, from = 'start', ...rest } = checkOptions(options, 'cursor')
      return new StoreCursor(this.#engine, this.#consumption<Value>('cursor', name, from, rest, log))
    })
  }

  worker<Value = unknown>(name: string, options?: WorkerOptions<Value>): Worker<Value> {
    return this.#once('worker', name, () => {
      const { box, from = 'start', ...rest } = checkOptions(options, 'worker')
      if (box !== undefined && rest.boxes !== undefined) throw new TypeError('worker takes box or boxes, not both')
      const filter = box === undefined ? rest : { ...rest, boxes: [box] }
      const settings = settingsOf(name, rest, this.#engine.clock)
      return new StoreWorker(this.#engine, this.#consumption<Value>('worker', name, from, filter), settings)
    })
  }

  projection<State, Value = unknown>(options: ProjectionOptions<State, Value>): Projection<State> {
    const { name, log, boxes, actors, where } = checkOptions(options, 'projection')
    return this.#once('projection', checkName(name), () => {
      const filter = { boxes, actors, where }
      const consumption = this.#consumption<Value>('projection', options.name, 'start', filter, log)
      return new StoreProjection(this.#engine, consumption, options)
    })
  }

  consumers(): Promise<readonly ConsumerListing[]> {
    return listConsumers(this.#engine, (name, kind) => this.#known.get(`${kind} ${name}`)?.status() ?? null)
  }

  #once<Consumer extends Known>(kind: ConsumerKind, name: string, make: () => Consumer): Consumer {
    const key = `${kind} ${checkName(name)}`
    const known = this.#known.get(key) as Consumer | undefined
    if (known !== undefined) return known
    const made = make()
    this.#known.set(key, made)
    return made
  }

  #consumption<Value>(
    kind: ConsumerKind,
    name: string,
    from: string | number,
    options: FeedFilterOptions<Value>,
    log?: Log,
  ): Consumption<Value> {
    const filter = checkFilter<Value>(options)
    if (log !== undefined && Object.values(filter).some(each => each !== undefined)) {
      throw new TypeError(`boxes, actors and where are for a ${kind} on the feed`)
    }
    const source =
      log === undefined
        ? new FeedSource<Value>(this.#engine, filter)
        : new LogSource<Value>(this.#engine, LogHandle.nameIn(this.#engine, log))
    return new Consumption(this.#engine, { name, kind, source, filter, from })
  }
}
