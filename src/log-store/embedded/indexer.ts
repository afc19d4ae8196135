/**
 * Moves acknowledged frames into the index, behind the appends and in large synced batches. One thing at a time: a
 * batch, a sweep, or whatever asks for the index for itself. Its failures never touch the commit log.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { TwinlogError } from '../../errors.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { FrameBatch } from './frame-batch.ts'
import { IndexPortion } from './index-portion.ts'
import { rebuildRange } from './rebuild-range.ts'
import { sweepSome } from './sweep.ts'
import type { TailMemory } from './tail-memory.ts'

/** Changes in one batch, about; a frame is never split. A log that has many of them gets its head once. */
const BATCH_CHANGES = 20_000
/** A batch is begun at once when so many changes wait, or so large a part of what may; else after `LAG_MS`. */
const EAGER_CHANGES = 20_000
const EAGER_PART = 1 / 4
/** It falls behind when so many times as much waits. */
const BEHIND_TIMES = 2
/** While appends go on it is put off, so that they have processor and disk to themselves; not for longer than this. */
const LAG_MS = 100
const BUSY_LAG_MS = 1000

export interface IndexerLimits {
  /** The index is full, and appends wait, when more than this many changes or bytes are not indexed. */
  readonly changesMax: number
  readonly bytesMax: number
}

interface IndexerHooks {
  /** The index holds more than before, or has failed. */
  onProgress(): void
  /** Whether a frame begins in this turn of the event loop. */
  isFrameDue(): boolean
}

export class Indexer {
  readonly #log: CommitLog
  readonly #memory: TailMemory
  readonly #limits: IndexerLimits
  readonly #hooks: IndexerHooks
  readonly #index: KeyIndex
  #pending: FrameBatch[] = []
  #changes = 0
  #bytes = 0
  #commit: number
  #timer: NodeJS.Timeout | null = null
  #behindSince = 0
  #addedAt = 0
  #work: Promise<void> = Promise.resolve()
  #isRunning = false
  #isPaused = false
  #hasSweeps: boolean
  #failure: TwinlogError | null = null

  constructor(
    log: CommitLog,
    index: KeyIndex,
    memory: TailMemory,
    limits: IndexerLimits,
    hasSweeps: boolean,
    hooks: IndexerHooks,
  ) {
    this.#log = log
    this.#index = index
    this.#memory = memory
    this.#limits = limits
    this.#hooks = hooks
    this.#commit = log.end.commit
    this.#hasSweeps = hasSweeps
    if (hasSweeps) this.#wake()
  }

  /** Acknowledged changes that the index does not hold. */
  get behind(): number {
    return this.#changes
  }

  /** The last commit that the index holds. */
  get commit(): number {
    return this.#commit
  }

  get failure(): TwinlogError | null {
    return this.#failure
  }

  get state(): 'current' | 'behind' | 'paused' | 'failed' {
    if (this.#failure !== null) return 'failed'
    if (this.#isPaused) return 'paused'
    return this.#changes === 0 ? 'current' : 'behind'
  }

  get isFull(): boolean {
    return this.#changes > this.#limits.changesMax || this.#bytes > this.#limits.bytesMax
  }

  add(batch: FrameBatch): void {
    this.#pending.push(batch)
    this.#changes += batch.changes.length
    this.#bytes += batch.bytes
    this.#addedAt = performance.now()
    this.#wake()
  }

  /** Resolves when the index holds all that was acknowledged before, and nothing is left to clear. @throws INDEX_FAILED */
  async flush(): Promise<void> {
    if (this.#isPaused) throw new TwinlogError('INDEX_FAILED', 'the indexer is paused', {})
    const through = this.#pending.at(-1)?.end?.commit ?? 0
    await this.exclusive(async () => {
      try {
        while (this.#commit < through) await this.#writeBatch()
        while (this.#hasSweeps) await this.#sweep()
      } catch (error) {
        throw this.fail(error)
      }
    })
  }

  /** Makes the range of one log anew from the commit log. @throws INDEX_FAILED, LOG_LOST */
  async rebuild(log: number): Promise<void> {
    await this.exclusive(async index => {
      const { end } = this.#log
      // The index never passes what is surely on disk: a power cut would leave it ahead of the log.
      await this.#log.sync()
      await rebuildRange(this.#log, end, index, log)
    })
    this.#hasSweeps = true
    this.#wake()
  }

  /** Runs `use` while nothing else writes the index. */
  exclusive<Result>(use: (index: KeyIndex) => Promise<Result>): Promise<Result> {
    const run = this.#work.then(async () => {
      if (this.#failure !== null) throw this.#failure
      return use(this.#index)
    })
    this.#work = run.then(nothing, nothing)
    return run
  }

  /** For tests: stops, wherever it is between two batches. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#wake()
  }

  /** Indexes what is left and moves LevelDB's memory into tables, if the index can still be written. */
  async settle(): Promise<void> {
    if (this.#isPaused || this.#failure !== null) return
    await this.flush()
    await this.exclusive(index => index.settle())
  }

  /** Ends the background work; what is not indexed yet is replayed by the next open. */
  async stop(): Promise<void> {
    this.#isPaused = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#work
  }

  #wake(): void {
    if (this.#isRunning || this.#isPaused || this.#failure !== null) return
    if (this.#isEager || this.#hasSweeps) return this.#start()
    if (this.#timer !== null || this.#changes === 0) return
    this.#behindSince = performance.now()
    this.#wait(LAG_MS)
  }

  get #isEager(): boolean {
    return this.#waits(1)
  }

  /** Whether so many times as much waits as begins a batch at once. */
  #waits(times: number): boolean {
    const { changesMax, bytesMax } = this.#limits
    const changes = Math.min(EAGER_CHANGES, changesMax * EAGER_PART)
    return this.#changes >= times * changes || this.#bytes >= times * bytesMax * EAGER_PART
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#onTimer(), ms)
    this.#timer.unref()
  }

  #onTimer(): void {
    this.#timer = null
    if (this.#isRunning || this.#isPaused || this.#failure !== null) return
    const now = performance.now()
    const pauseMs = now - this.#addedAt
    const mayWait = pauseMs < LAG_MS && now - this.#behindSince < BUSY_LAG_MS - LAG_MS
    // Where frames are not synced, nothing but the index's batch does it.
    if (mayWait && this.#log.durableCommit === this.#log.end.commit) this.#wait(LAG_MS - pauseMs)
    else this.#start()
  }

  #start(): void {
    this.#isRunning = true
    void this.exclusive(() => this.#run())
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#isRunning = false
        this.#wake()
      })
  }

  async #run(): Promise<void> {
    if (this.#isPaused) return
    if (this.#pending.length > 0) await this.#writeBatch()
    else if (this.#hasSweeps) await this.#sweep()
  }

  async #writeBatch(): Promise<void> {
    const frames = this.#nextFrames()
    const last = frames.at(-1)
    if (last?.end === null || last === undefined) return
    if (last.end.commit > this.#log.durableCommit) await this.#log.sync()
    const batch = this.#index.batch()
    const portion = new IndexPortion(frames, this.#memory, {
      isFrameDue: () => this.#hooks.isFrameDue(),
      isBehind: () => this.#waits(BEHIND_TIMES),
    })
    await portion.foldInto(batch)
    const { segment, offset, commit, chain } = last.end
    await this.#index.write(batch, { segment, offset, commit, chain: chain ?? 0n, nextLog: last.nextLog })
    this.#commit = commit
    this.#pending.splice(0, frames.length)
    for (const frame of frames) this.#release(frame)
    this.#hasSweeps = (await portion.forget(this.#index)) || this.#hasSweeps
    this.#memory.trim()
    this.#hooks.onProgress()
  }

  #nextFrames(): FrameBatch[] {
    const frames: FrameBatch[] = []
    let changes = 0
    for (const frame of this.#pending) {
      if (frames.length > 0 && changes + frame.changes.length > BATCH_CHANGES) break
      frames.push(frame)
      changes += frame.changes.length
    }
    return frames
  }

  /** The index holds the frame's changes now. */
  #release({ bytes, changes, keyNames }: FrameBatch): void {
    this.#bytes -= bytes
    this.#changes -= changes.length
    for (const name of keyNames) this.#memory.keys.indexed(name)
  }

  async #sweep(): Promise<void> {
    this.#hasSweeps = await sweepSome(this.#index)
  }

  /** Writes nothing more: what is not indexed stays in memory, and is replayed by the next open. */
  fail(error: unknown): TwinlogError {
    this.#index.condemnFor(error)
    this.#failure ??= new TwinlogError(
      'INDEX_FAILED',
      'the index failed; the commit log is whole: reopen the store',
      {},
      error,
    )
    this.#memory.forgetAbsences()
    this.#hooks.onProgress()
    return this.#failure
  }
}

function nothing(): void {
  // The next in line does not care how the one before it ended.
}
