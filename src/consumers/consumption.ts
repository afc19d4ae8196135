/**
 * What every consumer has: a name, a source, its durable state, and whether it is at work. One of a name is at work at a
 * time; all that it writes goes through `write`.
 */
import { inspect } from 'node:util'
import type { Engine } from '../actors/engine.ts'
import { isTwinlogError, TwinlogError } from '../errors.ts'
import type { AppendOutcome, Flush, LogName } from '../log-store/types.ts'
import { type ConsumerKind, type ConsumerState, loadState, stateChange, stateKey } from './consumer-state.ts'
import type { Place } from './place.ts'
import type { FeedFilter, Source } from './source.ts'
import type { ConsumerStatus } from './types.ts'

/** More actors than this are not written down: for respecting the cursor, they count as all. */
const ACTORS_KEPT_MAX = 20

interface ConsumptionOptions<Value> {
  readonly name: string
  readonly kind: ConsumerKind
  readonly source: Source<Value>
  readonly filter: FeedFilter<Value>
  /** Where it begins when nothing is known of it. */
  readonly from: string | number
}

export class Consumption<Value> {
  readonly name: string
  readonly source: Source<Value>
  readonly #engine: Engine
  readonly #options: ConsumptionOptions<Value>
  #state: ConsumerState | null = null
  #version = 0
  #last: Promise<unknown> = Promise.resolve()
  #isRunning = false
  #error: string | null = null

  constructor(engine: Engine, options: ConsumptionOptions<Value>) {
    this.name = options.name
    this.source = options.source
    this.#engine = engine
    this.#options = options
  }

  /** The log it reads; null for the feed. */
  get log(): LogName | null {
    const { log } = this.source
    return log === null ? null : { actor: log.actor, box: log.box }
  }

  /** Where it stands; the first time that anybody asks, where it begins, which is written down. */
  async load(): Promise<Place> {
    const { name, kind, source, from } = this.#options
    if (this.#state !== null) return this.#state.at
    const stored = await loadState(this.#engine.logStore, name, kind, source.log)
    if (stored !== null) {
      this.#state = stored.state
      this.#version = stored.version
      return stored.state.at
    }
    const start = await source.placeOf(from)
    await this.write({ payloads: [], appends: [] }, start)
    return start
  }

  /** Writes a flush, and with it that the consumer stands at `to`. */
  write(flush: Flush, to: Place): Promise<readonly AppendOutcome[]> {
    const written = this.#last.then(() => this.#write(flush, to))
    this.#last = written.catch(() => {})
    return written
  }

  async #write(flush: Flush, to: Place): Promise<readonly AppendOutcome[]> {
    const { name, kind, filter } = this.#options
    const actors = [...(filter.actors ?? [])]
    const state = {
      kind,
      log: this.log,
      boxes: filter.boxes ?? null,
      actors: filter.actors === undefined || actors.length > ACTORS_KEPT_MAX ? null : actors,
      at: to,
      movedAt: Math.floor(this.#engine.clock()),
    }
    const change = stateChange(name, state, this.#version)
    const outcomes = await this.#engine.logStore.append({ ...flush, items: [...(flush.items ?? []), change] })
    this.#version += 1
    this.#state = state
    return outcomes
  }

  /** The generator, during which the consumer is at work. @throws CONSUMER_BUSY when it is already, at the first `next` */
  async *running<Item>(
    work: () => AsyncGenerator<Item, undefined>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Item, undefined> {
    this.#begin()
    try {
      return yield* work()
    } catch (error) {
      this.note(error, signal)
      throw error
    } finally {
      this.#isRunning = false
    }
  }

  /** As `running`, for work that is no generator. @throws CONSUMER_BUSY */
  async whileRunning<Result>(work: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    this.#begin()
    try {
      return await work()
    } catch (error) {
      this.note(error, signal)
      throw error
    } finally {
      this.#isRunning = false
    }
  }

  /** @throws CONSUMER_BUSY */
  assertIdle(): void {
    if (this.#isRunning) throw new TwinlogError('CONSUMER_BUSY', `${this.name} is at work`, { consumer: this.name })
  }

  #begin(): void {
    this.assertIdle()
    this.#isRunning = true
    this.#error = null
  }

  /** Something ended it. What the host asked for is no error. */
  note(error: unknown, signal: AbortSignal | undefined): void {
    if (signal?.aborted === true || isTwinlogError(error, 'CONSUMER_BUSY')) return
    this.#error = inspect(error, { depth: 0, compact: true }).split('\n', 1)[0] ?? ''
  }

  async status(): Promise<ConsumerStatus> {
    const { name, kind, source } = this.#options
    const at = await this.load()
    return {
      name,
      kind,
      log: this.log,
      position: source.positionAt(at),
      seq: source.log === null ? null : at[1],
      lag: await source.lagAt(at),
      movedAt: this.#state?.movedAt ?? 0,
      state: this.#isRunning ? 'running' : 'stopped',
      error: this.#error,
    }
  }

  async remove(): Promise<void> {
    await this.#engine.logStore.append({
      payloads: [],
      appends: [],
      items: [{ key: stateKey(this.name), value: null }],
    })
    this.#state = null
    this.#version = 0
  }
}
