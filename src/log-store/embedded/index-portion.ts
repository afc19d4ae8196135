/**
 * Some acknowledged frames on their way into the index, in one batch: first into the batch, and once that is written out
 * of memory. Both rest between two changes, so that appends go on.
 */
import type { IndexBatch } from '../../key-index/index-batch.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { Head } from '../../key-index/values.ts'
import type { Change } from '../change.ts'
import { actorOrder } from './actor-order.ts'
import type { FrameBatch } from './frame-batch.ts'
import { IndexFold } from './index-fold.ts'
import type { LogState } from './log-state.ts'
import type { TailMemory } from './tail-memory.ts'
import { type Surroundings, WorkTurns } from './work-turns.ts'

export class IndexPortion {
  readonly #memory: TailMemory
  readonly #around: Surroundings
  readonly #changes: Change[] = []
  /** Of each change the state of its log, where it is a change of one log. */
  readonly #states: (LogState | null)[] = []
  readonly #order: Uint32Array

  constructor(frames: readonly FrameBatch[], memory: TailMemory, around: Surroundings) {
    this.#memory = memory
    this.#around = around
    for (const { changes, states } of frames) {
      for (const change of changes) this.#changes.push(change)
      for (const state of states) this.#states.push(state)
    }
    this.#order = actorOrder(this.#changes)
  }

  async foldInto(batch: IndexBatch): Promise<void> {
    const fold = new IndexFold(batch, { get: log => this.#headOf(log), set: () => {} })
    await this.#each(change => fold.apply(change))
    fold.finish()
  }

  /**
   * The index holds it: it need not be in memory, and does no harm there until its turn comes. Returns whether there is
   * something to sweep.
   */
  async forget(index: KeyIndex): Promise<boolean> {
    let hasSweeps = false
    await this.#each((change, state) => {
      if (change.kind === 'append' || change.kind === 'redact')
        index.now.remember(change.log, change.seq, change.location)
      this.#memory.indexed(change, state)
      if (change.kind === 'bounds' || change.kind === 'actorRemoved') hasSweeps = true
    })
    return hasSweeps
  }

  async #each(use: (change: Change, state: LogState | null) => void): Promise<void> {
    const turns = new WorkTurns(this.#around)
    for (const at of this.#order) {
      const change = this.#changes[at]
      if (change !== undefined) use(change, this.#states[at] ?? null)
      if (turns.isOver()) await turns.next()
    }
  }

  /** As the index has it: what was trimmed or appended later than the batch is not on disk yet, so it counts later. */
  #headOf(log: number): Head {
    const state = this.#memory.logs.get(log)
    return { first: state?.indexedFirst ?? 1, tip: state?.indexedTip ?? 0 }
  }
}
