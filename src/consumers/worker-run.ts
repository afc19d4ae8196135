/**
 * One run of a worker: reads records, gives each to its targets, and writes down what became of it. Three things go on
 * side by side, and only through the ledger and the targets: reading, handling, writing.
 */
import type { Engine } from '../actors/engine.ts'
import { isTwinlogError } from '../errors.ts'
import { attemptDelivery, type Verdict } from './attempt.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import type { Consumption } from './consumption.ts'
import { Delivery } from './delivery.ts'
import { Ledger, type Reach } from './ledger.ts'
import { liveBatches } from './live.ts'
import type { Place } from './place.ts'
import { readRecord } from './read-record.ts'
import { IN_MEMORY_MAX, type Queue, Targets } from './targets.ts'
import type { WorkerHandler } from './types.ts'
import { allPending, type StoredDelivery } from './worker-items.ts'
import type { WorkerSettings } from './worker-settings.ts'

interface RunParts<Value> {
  readonly engine: Engine
  readonly consumption: Consumption<Value>
  readonly settings: WorkerSettings<Value>
  readonly handler: WorkerHandler<Value>
  readonly signal: AbortSignal | undefined
  readonly live: boolean
  readonly concurrency: number
}

export class WorkerRun<Value> {
  readonly counts = { done: 0, dropped: 0, retried: 0, dead: 0, gone: 0 }
  pending = 0
  /** Settles when what the last run left is known. */
  recalled: Promise<void> = Promise.resolve()
  readonly #parts: RunParts<Value>
  readonly #targets: Targets<Value>
  readonly #stop = new AbortController()
  readonly #ledger: Ledger<Value>
  #running = 0
  #loading = 0
  #isWriting = false
  #isRecalled = false
  #isReadingDone = false
  #isStopping = false
  /** What is being handled: not for ever, once the run is to stop. */
  #isWaitedFor = true
  #isEnded = false
  #cancelStop = (): void => {}
  #room: (() => void) | null = null
  #end: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null

  constructor(parts: RunParts<Value>, at: Place) {
    this.#parts = parts
    const { settings } = parts
    this.#ledger = new Ledger(settings.name, at)
    this.#targets = new Targets({
      now: settings.clock,
      timer: settings.timer,
      onReady: () => queueMicrotask(() => this.#pump()),
      load: queue => void this.#load(queue).catch((error: unknown) => this.#fail(error)),
    })
  }

  get running(): number {
    return this.#running
  }

  get blocked(): number {
    return this.#targets.blocked
  }

  /** Resolves when the signal aborts and all is written down, or, not live, when nothing is left to do for now. */
  async run(at: Place): Promise<void> {
    const { signal } = this.#parts
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject }
    })
    const onAbort = (): void => this.#beginToStop()
    signal?.addEventListener('abort', onAbort)
    try {
      this.recalled = this.#recall()
      await this.recalled
      if (signal?.aborted === true) this.#beginToStop()
      void this.#read(at).catch((error: unknown) => this.#fail(error))
      await ended
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#isStopping = true
      this.#targets.stop()
      this.#stop.abort()
      this.#room?.()
      this.#cancelStop()
    }
  }

  /** One that was given up is to be tried again. */
  tryAgain(stored: StoredDelivery): void {
    this.pending += 1
    this.#targets.addAgain(Delivery.stored(stored))
  }

  /** What was not done with when the last run ended. */
  async #recall(): Promise<void> {
    const { engine, settings } = this.#parts
    for await (const stored of allPending(engine.logStore, settings.name)) {
      this.pending += 1
      this.#targets.add(Delivery.stored(stored))
      if (this.pending % 1000 === 0) this.#targets.forget()
    }
    this.#targets.forget()
    // Not before: what is done with and loaded again meanwhile would be met a second time.
    this.#isRecalled = true
    this.#pump()
  }

  async #read(at: Place): Promise<void> {
    const { engine, consumption, settings, live } = this.#parts
    const options = { signal: this.#stop.signal, live }
    try {
      for await (const { records, through } of liveBatches(engine, consumption.source, async () => at, options)) {
        for (const record of records) {
          while (this.#ledger.open >= settings.ahead && !this.#isStopping) await this.#hasRoom()
          if (this.#isStopping) return
          const targets = await settings.targetsOf(record)
          if (this.#isStopping) return
          this.#give(record, targets)
        }
        this.#ledger.lookedThrough(through)
        this.#write()
      }
      this.#isReadingDone = true
      this.#endIfIdle()
    } catch (error) {
      if (!this.#isStopping) throw error
    }
  }

  #give(record: ConsumedRecord<Value>, targets: readonly string[]): void {
    const deliveries = targets.map(target => Delivery.of(record, target))
    this.#ledger.give(record.place, deliveries)
    this.pending += deliveries.length
    for (const delivery of deliveries) this.#targets.add(delivery)
  }

  #hasRoom(): Promise<void> {
    this.#write()
    return new Promise(resolve => {
      this.#room = () => {
        this.#room = null
        resolve()
      }
    })
  }

  #pump(): void {
    while (this.#isRecalled && !this.#isStopping && this.#running < this.#parts.concurrency) {
      const next = this.#targets.take()
      if (next === null) break
      this.#running += 1
      void this.#deliver(next.queue, next.delivery).catch((error: unknown) => this.#fail(error))
    }
    this.#endIfIdle()
  }

  async #deliver(queue: Queue<Value>, delivery: Delivery<Value>): Promise<void> {
    const { engine, handler, settings } = this.#parts
    let verdict: Verdict
    try {
      const record = delivery.record ?? (await readRecord<Value>(engine, delivery))
      verdict =
        record === null
          ? { kind: 'gone' }
          : await attemptDelivery(record, delivery, handler, settings, this.#stop.signal)
    } catch (error) {
      // Damaged, or lost: no attempt will change that.
      if (!isTwinlogError(error, 'CORRUPT') && !isTwinlogError(error, 'LOST')) throw error
      verdict = { kind: 'dead', error: error.message }
    }
    // It was not waited for any more.
    if (this.#isEnded) return
    this.#take(delivery, verdict)
    this.#running -= 1
    this.#targets.release(queue)
    this.#room?.()
    this.#write()
    this.#pump()
  }

  #take(delivery: Delivery<Value>, verdict: Verdict): void {
    const { settings } = this.#parts
    if (verdict.kind === 'stopped') return
    if (verdict.kind === 'retry') {
      delivery.attempts += 1
      delivery.error = verdict.error
      delivery.dueAt = settings.clock() + (verdict.afterMs ?? settings.backoff(delivery.attempts, delivery.target))
      if (delivery.attempts < settings.attemptsMax) {
        this.counts.retried += 1
        return this.#ledger.failed(delivery)
      }
    }
    const kind = verdict.kind === 'retry' ? 'dead' : verdict.kind
    if (kind === 'dead') {
      delivery.dueAt = settings.clock()
      if (verdict.kind === 'dead') delivery.error = verdict.error
    }
    this.counts[kind] += 1
    this.pending -= 1
    this.#ledger.settle(delivery, kind === 'dead')
  }

  /** Writes what there is to write, one commit at a time. */
  #write(): void {
    if (this.#isWriting || this.#isEnded || !this.#hasNews()) return
    this.#isWriting = true
    // Whatever is done in this turn of the event loop is one commit.
    setImmediate(() => {
      void this.#writeOnce(this.#reach()).then(
        () => {
          this.#isWriting = false
          this.#room?.()
          this.#write()
          this.#endIfIdle()
        },
        (error: unknown) => this.#fail(error),
      )
    })
  }

  async #writeOnce(reach: Reach): Promise<void> {
    const { at, items } = this.#ledger.take(reach)
    await this.#parts.consumption.write({ payloads: [], appends: [], items }, at)
    this.#targets.forget()
  }

  #hasNews(): boolean {
    return this.#ledger.hasNews(this.#reach(), this.#isLast)
  }

  get #isLast(): boolean {
    return this.#isStopping || this.#isReadingDone
  }

  #reach(): Reach {
    const { settings, concurrency } = this.#parts
    const { open, unsaved, hasFailed } = this.#ledger
    // All that is in memory waits for something: make room.
    if (open >= settings.ahead && this.#running < concurrency && !this.#targets.hasReady) return 'everything'
    return this.#isLast || hasFailed || unsaved > settings.ahead / 4 ? 'what is done' : 'in order'
  }

  /** The next few of a target whose queue went on in the store. */
  async #load(queue: Queue<Value>): Promise<void> {
    this.#loading += 1
    const { engine, settings } = this.#parts
    // What came meanwhile must be there first, and what is done with must not be there any more.
    const reach = queue.hidden > 0 ? 'everything' : 'in order'
    queue.hidden = 0
    await this.#writeOnce(reach)
    const found: Delivery<Value>[] = []
    for await (const stored of allPending(engine.logStore, settings.name, queue.target)) {
      if (found.push(Delivery.stored(stored)) >= IN_MEMORY_MAX) break
    }
    this.#loading -= 1
    this.#targets.loaded(queue, found, found.length >= IN_MEMORY_MAX || queue.hidden > 0)
    this.#endIfIdle()
  }

  #beginToStop(): void {
    this.#isStopping = true
    this.#targets.stop()
    this.#stop.abort()
    this.#room?.()
    // A handler that does not heed its signal is waited for, but not for ever.
    this.#cancelStop = this.#parts.settings.timer(this.#parts.settings.stopMs, () => {
      this.#isWaitedFor = false
      this.#endIfIdle()
    })
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if ((this.#isWaitedFor && this.#running > 0) || this.#isWriting || this.#loading > 0) return
    const isIdle = this.#isReadingDone && !this.#targets.hasReady
    if (this.#isEnded || (!this.#isStopping && !isIdle)) return
    if (this.#hasNews()) return this.#write()
    this.#isEnded = true
    this.#end?.resolve()
  }

  #fail(error: unknown): void {
    this.#isEnded = true
    this.#isStopping = true
    this.#end?.reject(error)
  }
}
