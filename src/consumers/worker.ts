/** A worker: takes each record of the feed to its targets, in order for each of them, and comes back where it failed. */
import { checkFunction, checkInteger, checkOptions } from '../actors/arguments.ts'
import type { Engine } from '../actors/engine.ts'
import { checkLiveOptions } from './arguments.ts'
import type { Consumption } from './consumption.ts'
import { countOf } from './registry.ts'
import type { ConsumerStatus, DeadLetter, RunOptions, Worker, WorkerHandler, WorkerStats } from './types.ts'
import {
  allDead,
  allPending,
  deadId,
  deadOf,
  deadRemoval,
  pendingChange,
  pendingRemoval,
  type StoredDelivery,
} from './worker-items.ts'
import { WorkerRun } from './worker-run.ts'
import type { WorkerSettings } from './worker-settings.ts'

const CONCURRENCY_DEFAULT = 16
const REMOVED_AT_ONCE = 1000

export class StoreWorker<Value> implements Worker<Value> {
  readonly name: string
  readonly #engine: Engine
  readonly #consumption: Consumption<Value>
  readonly #settings: WorkerSettings<Value>
  #run: WorkerRun<Value> | null = null
  /** Settles when no dead letter is on its way back. */
  #gate: Promise<unknown> = Promise.resolve()
  readonly #counts = { done: 0, dropped: 0, retried: 0, gone: 0 }

  constructor(engine: Engine, consumption: Consumption<Value>, settings: WorkerSettings<Value>) {
    this.name = consumption.name
    this.#engine = engine
    this.#consumption = consumption
    this.#settings = settings
  }

  async run(handler: WorkerHandler<Value>, options?: RunOptions): Promise<void> {
    const given = checkOptions(options, 'run')
    const { signal, live } = checkLiveOptions(given)
    checkFunction('handler', handler)
    const concurrency = checkInteger('concurrency', given.concurrency ?? CONCURRENCY_DEFAULT, 1)
    await this.#consumption.whileRunning(async () => {
      const at = await this.#consumption.load()
      await this.#gate
      const parts = { engine: this.#engine, consumption: this.#consumption, settings: this.#settings }
      const run = new WorkerRun({ ...parts, handler, signal, live, concurrency }, at)
      this.#run = run
      try {
        await run.run(at)
      } finally {
        this.#run = null
        for (const name of ['done', 'dropped', 'retried', 'gone'] as const) this.#counts[name] += run.counts[name]
      }
    }, signal)
  }

  async stats(): Promise<WorkerStats> {
    const { logStore } = this.#engine
    const status = await this.status()
    const dead = await countOf(allDead(logStore, this.name))
    const stored = this.#run === null ? await countOf(allPending(logStore, this.name)) : 0
    // From here on nothing changes meanwhile.
    const run = this.#run
    const { done, dropped, retried, gone } = this.#counts
    const own = run?.counts ?? { done: 0, dropped: 0, retried: 0, gone: 0 }
    return {
      ...status,
      depth: run?.pending ?? stored,
      dead,
      running: run?.running ?? 0,
      blocked: run?.blocked ?? 0,
      done: done + own.done,
      dropped: dropped + own.dropped,
      retried: retried + own.retried,
      gone: gone + own.gone,
    }
  }

  status(): Promise<ConsumerStatus> {
    return this.#consumption.status()
  }

  async *deadLetters(): AsyncGenerator<DeadLetter, void, undefined> {
    for await (const dead of allDead(this.#engine.logStore, this.name)) {
      const { target, log, seq, attempts, dueAt, error } = dead
      yield { id: deadId(dead), target, actor: log.actor, box: log.box, seq, attempts, at: dueAt, error: error ?? '' }
    }
  }

  retry(id: string): Promise<boolean> {
    // A run that begins looks at what is pending: it must have seen this, or be told of it, and not both.
    const retried = this.#gate.then(() => this.#retry(id))
    this.#gate = retried.catch(() => {})
    return retried
  }

  async #retry(id: string): Promise<boolean> {
    const run = this.#run
    await run?.recalled
    const dead = await deadOf(this.#engine.logStore, this.name, checkId(id))
    if (dead === null) return false
    const again: StoredDelivery = { ...dead, attempts: 0, dueAt: 0 }
    const items = [deadRemoval(this.name, id), pendingChange(this.name, again)]
    await this.#engine.logStore.append({ payloads: [], appends: [], items })
    run?.tryAgain(again)
    return true
  }

  async drop(id: string): Promise<boolean> {
    if ((await deadOf(this.#engine.logStore, this.name, checkId(id))) === null) return false
    await this.#engine.logStore.append({ payloads: [], appends: [], items: [deadRemoval(this.name, id)] })
    return true
  }

  async seek(to: string | number): Promise<void> {
    this.#consumption.assertIdle()
    const place = await this.#consumption.source.placeOf(to)
    await this.#consumption.load()
    await this.#consumption.write({ payloads: [], appends: [] }, place)
  }

  async remove(): Promise<void> {
    this.#consumption.assertIdle()
    const { logStore } = this.#engine
    for (const all of [allPending(logStore, this.name), allDead(logStore, this.name)]) {
      let some: StoredDelivery[] = []
      for await (const delivery of all) {
        some.push(delivery)
        if (some.length === REMOVED_AT_ONCE) some = await this.#forget(some)
      }
      await this.#forget(some)
    }
    await this.#consumption.remove()
  }

  async #forget(some: readonly StoredDelivery[]): Promise<StoredDelivery[]> {
    const items = some.flatMap(each => [pendingRemoval(this.name, each), deadRemoval(this.name, deadId(each))])
    if (items.length > 0) await this.#engine.logStore.append({ payloads: [], appends: [], items })
    return []
  }
}

function checkId(id: unknown): string {
  if (typeof id !== 'string') throw new TypeError('the id of a dead letter is a string')
  return id
}
