/** A durable cursor: where a consumer stands in the feed, or in one log. */
import { checkInteger, checkOptions, checkSignal } from '../actors/arguments.ts'
import { draftsOf } from '../actors/drafts.ts'
import type { Engine } from '../actors/engine.ts'
import { keptFlushOf } from '../actors/flush.ts'
import { resultOf } from '../actors/store.ts'
import type { FlushResult } from '../actors/types.ts'
import { Wake } from '../actors/wake.ts'
import { checkLiveOptions } from './arguments.ts'
import { ConsumedRecord } from './consumed-record.ts'
import type { Consumption } from './consumption.ts'
import { CursorMoves } from './cursor-moves.ts'
import { liveBatches, returnable } from './live.ts'
import { handleInOrder } from './handle-in-order.ts'
import type { Place } from './place.ts'
import { Progress } from './progress.ts'
import type {
  AcknowledgeOptions,
  ConsumerRecord,
  ConsumerStatus,
  Cursor,
  CursorFollowOptions,
  CursorHandler,
  RunOptions,
} from './types.ts'

const AHEAD_DEFAULT = 1000
/** What was passed over is written down when it is this much, or when the reading ends. */
const CATCH_UP_PLACES = 1000

/** One reading of a cursor: what it gave out, and how far that is settled. */
interface Session {
  readonly progress: Progress
  readonly moves: CursorMoves
}

export class StoreCursor<Value> implements Cursor<Value> {
  readonly name: string
  readonly #engine: Engine
  readonly #consumption: Consumption<Value>
  readonly #givenBy = new WeakMap<object, Session>()
  #session: Session | null = null

  constructor(engine: Engine, consumption: Consumption<Value>) {
    this.name = consumption.name
    this.#engine = engine
    this.#consumption = consumption
  }

  follow(options?: CursorFollowOptions): AsyncIterableIterator<ConsumerRecord<Value>> {
    const given = checkOptions(options, 'follow')
    const live = checkLiveOptions(given)
    const ahead = checkInteger('ahead', given.ahead ?? AHEAD_DEFAULT, 1)
    const moved = new Wake()
    let session: Session | null = null
    const batches = liveBatches(
      this.#engine,
      this.#consumption.source,
      async () => {
        session = this.#begin(await this.#consumption.load(), moved.up)
        return session.progress.passed
      },
      live,
    )
    const stop = (): void => {
      moved.stop()
      void batches.return?.()
    }
    const records = this.#consumption.running(
      () => this.#give(batches, () => session, ahead, moved, live.signal),
      live.signal,
    )
    return returnable(records, stop)
  }

  async *#give(
    batches: AsyncIterableIterator<{ records: readonly ConsumedRecord<Value>[]; through: Place }>,
    sessionOf: () => Session | null,
    ahead: number,
    moved: Wake,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ConsumerRecord<Value>, undefined> {
    signal?.addEventListener('abort', moved.up)
    try {
      for await (const { records, through } of batches) {
        const session = sessionOf()
        if (session === null) throw new Error('a cursor gave records before it was loaded')
        const { progress, moves } = session
        for (const record of records) {
          while (progress.size >= ahead && !moved.stopped) {
            moved.reset()
            signal?.throwIfAborted()
            if (progress.size >= ahead) await moved.wait()
          }
          signal?.throwIfAborted()
          if (moved.stopped) return undefined
          progress.give(record.place)
          this.#givenBy.set(record, session)
          yield record
        }
        progress.lookedThrough(through)
        if (progress.size === 0 && through[0] - progress.passed[0] >= CATCH_UP_PLACES) await moves.catchUp()
      }
      return undefined
    } finally {
      signal?.removeEventListener('abort', moved.up)
      await batches.return?.()
      const session = sessionOf()
      // Only saves work: whoever is closing the store meanwhile loses nothing by it.
      await session?.moves.catchUp().catch(() => {})
    }
  }

  async acknowledge(record: ConsumerRecord, options?: AcknowledgeOptions): Promise<readonly FlushResult[]> {
    const { append = [] } = checkOptions(options, 'acknowledge')
    const session = this.#givenBy.get(record)
    if (session === undefined || !(record instanceof ConsumedRecord)) {
      throw new TypeError('acknowledge takes a record that this cursor gave')
    }
    if (session !== this.#session) {
      throw new TypeError('the record is of an earlier reading of this cursor, and is given again')
    }
    const flush = keptFlushOf(this.#engine, draftsOf(this.#engine, append))
    if (!session.progress.has(record.place)) throw new TypeError('the record is acknowledged already')
    const outcomes = await session.moves.acknowledge(record.place, flush)
    return outcomes.map(resultOf)
  }

  async run(handler: CursorHandler<Value>, options?: RunOptions): Promise<void> {
    const { signal, concurrency = 1 } = checkOptions(options, 'run')
    if (typeof handler !== 'function') throw new TypeError('run takes a function')
    const follow = { live: options?.live, signal: checkSignal(signal) }
    checkInteger('concurrency', concurrency, 1)
    await handleInOrder(this, handler, follow, concurrency).catch((error: unknown) => {
      this.#consumption.note(error, follow.signal)
      throw error
    })
  }

  /** A record of this reading will not be acknowledged: those behind it, which wait for it, are told. */
  abandon(record: ConsumerRecord, error: unknown): void {
    if (record instanceof ConsumedRecord) this.#givenBy.get(record)?.moves.refuse(record.place, error)
  }

  async seek(to: string | number): Promise<void> {
    this.#consumption.assertIdle()
    const place = await this.#consumption.source.placeOf(to)
    this.#session = null
    await this.#consumption.load()
    await this.#consumption.write({ payloads: [], appends: [] }, place)
  }

  status(): Promise<ConsumerStatus> {
    return this.#consumption.status()
  }

  async remove(): Promise<void> {
    this.#consumption.assertIdle()
    this.#session = null
    await this.#consumption.remove()
  }

  #begin(start: Place, onMove: () => void): Session {
    const progress = new Progress(start)
    const moves = new CursorMoves(progress, (flush, to) => this.#consumption.write(flush, to), onMove)
    this.#session = { progress, moves }
    return this.#session
  }
}
