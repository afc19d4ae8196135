/**
 * Whose turn it is: one queue for each target that has something to be delivered, in the order of the records, one at a
 * time. A target that waits for its next attempt is nobody's concern but its own. Of a long queue the first few are in
 * memory; the rest are items of the store, and are asked for when their turn comes.
 */
import { comparePlaces } from './place.ts'
import type { Delivery } from './delivery.ts'

/** Deliveries of one target that are kept in memory once they are written down. */
export const IN_MEMORY_MAX = 32

export interface Queue<Value> {
  readonly target: string
  deliveries: Delivery<Value>[]
  isRunning: boolean
  /** There may be more of it that are not here. */
  hasMore: boolean
  /** Came while others were not here, and so are not here either. */
  hidden: number
  cancelTimer: (() => void) | null
}

interface TargetsHooks<Value> {
  now(): number
  /** Calls back after so many milliseconds; gives what takes that back. */
  timer(ms: number, wake: () => void): () => void
  /** A target may have become ready. */
  onReady(): void
  /** The queue is empty and has more. */
  load(queue: Queue<Value>): void
}

/** The longest that a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1

export class Targets<Value> {
  readonly #hooks: TargetsHooks<Value>
  readonly #queues = new Map<string, Queue<Value>>()
  readonly #ready = new Set<Queue<Value>>()

  constructor(hooks: TargetsHooks<Value>) {
    this.#hooks = hooks
  }

  get hasReady(): boolean {
    return this.#ready.size > 0
  }

  /** Targets that wait for their next attempt. */
  get blocked(): number {
    let count = 0
    for (const { cancelTimer } of this.#queues.values()) if (cancelTimer !== null) count += 1
    return count
  }

  /** Takes in a delivery; when others of its target that come first are not here, it is not kept here either. */
  add(delivery: Delivery<Value>): void {
    const queue = this.#queueOf(delivery.target)
    if (queue.hasMore) {
      queue.hidden += 1
      return
    }
    queue.deliveries.push(delivery)
    this.#consider(queue)
  }

  /** Takes in one that comes before what is there: it was given up, and is to be tried again. */
  addAgain(delivery: Delivery<Value>): void {
    const queue = this.#queueOf(delivery.target)
    const from = queue.isRunning ? 1 : 0
    const at = queue.deliveries.findIndex((each, i) => i >= from && comparePlaces(each.place, delivery.place) > 0)
    // Behind all that are here, and perhaps behind some that are not.
    if (at === -1 && queue.hasMore) queue.hidden += 1
    else queue.deliveries.splice(at === -1 ? queue.deliveries.length : at, 0, delivery)
    this.#consider(queue)
  }

  /** What was asked for has come. */
  loaded(queue: Queue<Value>, deliveries: Delivery<Value>[], hasMore: boolean): void {
    queue.deliveries.push(...deliveries)
    queue.hasMore = hasMore
    this.#consider(queue)
  }

  /** The next delivery whose turn it is; its target is busy from now on. */
  take(): { readonly queue: Queue<Value>; readonly delivery: Delivery<Value> } | null {
    for (const queue of this.#ready) {
      this.#ready.delete(queue)
      const [delivery] = queue.deliveries
      if (delivery === undefined) continue
      queue.isRunning = true
      return { queue, delivery }
    }
    return null
  }

  /** The target is free again; when its first delivery is settled, that is gone. */
  release(queue: Queue<Value>): void {
    queue.isRunning = false
    if (queue.deliveries[0]?.isSettled === true) queue.deliveries.shift()
    this.#consider(queue)
  }

  /** Forgets what is written down and not soon wanted. */
  forget(): void {
    for (const queue of this.#queues.values()) {
      if (queue.deliveries.length <= IN_MEMORY_MAX) continue
      let keep = queue.deliveries.length
      while (keep > IN_MEMORY_MAX && queue.deliveries[keep - 1]?.isStored === true) keep -= 1
      if (keep === queue.deliveries.length) continue
      queue.deliveries.length = keep
      queue.hasMore = true
    }
  }

  stop(): void {
    this.#ready.clear()
    for (const queue of this.#queues.values()) queue.cancelTimer?.()
  }

  #queueOf(target: string): Queue<Value> {
    const known = this.#queues.get(target)
    if (known !== undefined) return known
    const queue = { target, deliveries: [], isRunning: false, hasMore: false, hidden: 0, cancelTimer: null }
    this.#queues.set(target, queue)
    return queue
  }

  #consider(queue: Queue<Value>): void {
    if (queue.isRunning) return
    queue.cancelTimer?.()
    queue.cancelTimer = null
    const [first] = queue.deliveries
    if (first === undefined) {
      if (queue.hasMore) this.#hooks.load(queue)
      else this.#queues.delete(queue.target)
      return
    }
    const waitMs = first.dueAt - this.#hooks.now()
    if (waitMs > 0) {
      queue.cancelTimer = this.#hooks.timer(Math.min(waitMs, TIMER_MS_MAX), () => this.#consider(queue))
      return
    }
    this.#ready.add(queue)
    this.#hooks.onReady()
  }
}
