/** A projection: a fold over the feed or a log, kept up to date in memory and in durable snapshots. */
import { checkFunction, checkInteger, checkOptions } from '../actors/arguments.ts'
import type { Engine } from '../actors/engine.ts'
import { Wake } from '../actors/wake.ts'
import { checkLiveOptions } from './arguments.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import type { Consumption } from './consumption.ts'
import { liveBatches } from './live.ts'
import { comparePlaces, type Place } from './place.ts'
import { loadSnapshot, type SnapshotHead, snapshotChanges, snapshotHeads, snapshotRemoval } from './snapshots.ts'
import type { ConsumerStatus, LiveOptions, Projection, ProjectionOptions } from './types.ts'

const SNAPSHOT_RECORDS_DEFAULT = 10_000

interface Waiter {
  readonly place: Place
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class StoreProjection<State, Value> implements Projection<State> {
  readonly name: string
  readonly version: number
  readonly #engine: Engine
  readonly #consumption: Consumption<Value>
  readonly #init: () => State
  readonly #apply: (state: State, record: ConsumedRecord<Value>) => State
  readonly #snapshotRecords: number
  #served: { readonly state: State; readonly version: number } | null = null
  /** Of this version, since the last snapshot. */
  #state: State | null = null
  #at: Place = [0, 0]
  #head: SnapshotHead | null = null
  #older: readonly SnapshotHead[] = []
  #isCaughtUp = false
  #unsaved = 0
  #waiters: Waiter[] = []
  /** Makes the run look again. */
  #look: Wake | null = null

  constructor(engine: Engine, consumption: Consumption<Value>, options: ProjectionOptions<State, Value>) {
    this.name = consumption.name
    this.version = checkInteger('version', options.version, 0)
    this.#engine = engine
    this.#consumption = consumption
    this.#init = checkFunction('init', options.init)
    this.#apply = checkFunction('apply', options.apply)
    this.#snapshotRecords = checkInteger('snapshotEvery', options.snapshotEvery ?? SNAPSHOT_RECORDS_DEFAULT, 1)
  }

  get state(): State | undefined {
    return this.#served?.state
  }

  get servedVersion(): number | null {
    return this.#served?.version ?? null
  }

  async load(): Promise<void> {
    await this.#consumption.whileRunning(() => this.#load(), undefined)
  }

  async run(options?: LiveOptions): Promise<void> {
    const { signal, live } = checkLiveOptions(checkOptions(options, 'run'))
    const run = this.#consumption.whileRunning(() => this.#run(signal, live), signal)
    const fail = (error: unknown): void => {
      for (const { reject } of this.#waiters.splice(0)) reject(error)
    }
    await run.then(
      () => fail(new Error(`the projection ${this.name} was stopped`)),
      (error: unknown) => {
        fail(error)
        throw error
      },
    )
  }

  async caughtUp(): Promise<void> {
    const place = await this.#consumption.source.placeOf('end')
    if (this.#isCaughtUp && comparePlaces(this.#at, place) >= 0) return
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ place, resolve, reject })
      // A commit of items alone moves the end of the feed, and wakes nobody.
      this.#look?.up()
    })
  }

  status(): Promise<ConsumerStatus> {
    return this.#consumption.status()
  }

  async remove(): Promise<void> {
    this.#consumption.assertIdle()
    const { logStore } = this.#engine
    const items = (await snapshotHeads(logStore, this.name)).flatMap(head => snapshotRemoval(this.name, head))
    if (items.length > 0) await logStore.append({ payloads: [], appends: [], items })
    await this.#consumption.remove()
    this.#served = null
    this.#isCaughtUp = false
  }

  async #run(signal: AbortSignal | undefined, live: boolean): Promise<void> {
    await this.#load()
    const { source } = this.#consumption
    const look = new Wake()
    this.#look = look
    try {
      for await (const batch of liveBatches(this.#engine, source, async () => this.#at, { signal, live }, look)) {
        this.#startOver(batch.through)
        for (const record of batch.records) await this.#take(record)
        this.#at = batch.through
        if (batch.isEnd) await this.#onEnd()
        this.#wake()
      }
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error
    }
    if (this.#unsaved > 0) await this.#save()
  }

  /** The actor was removed and added again: this is another log. */
  #startOver([epoch]: Place): void {
    if (this.#consumption.source.log === null || epoch === this.#at[0]) return
    this.#state = this.#init()
    this.#unsaved += 1
    if (this.#isCaughtUp) this.#served = { state: this.#state, version: this.version }
  }

  async #take(record: ConsumedRecord<Value>): Promise<void> {
    this.#state = this.#apply(this.#current(), record)
    this.#at = record.place
    this.#unsaved += 1
    if (this.#isCaughtUp) this.#served = { state: this.#state, version: this.version }
    if (this.#unsaved >= this.#snapshotRecords) await this.#save()
  }

  /** All there was is in it. The first time, it takes the place of what was served before. */
  async #onEnd(): Promise<void> {
    if (this.#isCaughtUp) return
    this.#isCaughtUp = true
    await this.#save()
    this.#served = { state: this.#current(), version: this.version }
  }

  #wake(): void {
    if (!this.#isCaughtUp) return
    const done = this.#waiters.filter(({ place }) => comparePlaces(this.#at, place) >= 0)
    this.#waiters = this.#waiters.filter(waiter => !done.includes(waiter))
    for (const { resolve } of done) resolve()
  }

  async #save(): Promise<void> {
    const { log } = this.#consumption
    const next = { version: this.version, log, at: this.#at, isCaughtUp: this.#isCaughtUp }
    const { head, items } = snapshotChanges(this.name, this.#current(), next, this.#head)
    const removals = this.#isCaughtUp ? this.#older.flatMap(each => snapshotRemoval(this.name, each)) : []
    await this.#consumption.write({ payloads: [], appends: [], items: [...items, ...removals] }, this.#at)
    this.#head = head
    this.#unsaved = 0
    if (this.#isCaughtUp) this.#older = []
  }

  #current(): State {
    return this.#state ?? (this.#state = this.#init())
  }

  /** What the last run left; what it did after its last snapshot is done again. */
  async #load(): Promise<void> {
    const { logStore } = this.#engine
    await this.#consumption.load()
    const heads = await snapshotHeads(logStore, this.name)
    const head = heads.find(({ version }) => version === this.version) ?? null
    this.#head = head
    this.#older = heads.filter(each => each !== head)
    this.#isCaughtUp = head?.isCaughtUp ?? false
    this.#at = head?.at ?? (await this.#consumption.source.placeOf('start'))
    this.#state = head === null ? this.#init() : ((await loadSnapshot(logStore, this.name, head)) as State)
    this.#unsaved = 0
    const older = this.#older.findLast(({ isCaughtUp }) => isCaughtUp)
    if (this.#isCaughtUp || older === undefined) this.#served = { state: this.#state, version: this.version }
    else this.#served = { state: (await loadSnapshot(logStore, this.name, older)) as State, version: older.version }
  }
}
