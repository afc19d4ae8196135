/**
 * Folds changes into an index batch: the only place that says what a change means for the index. Folding a stretch of
 * the log again over an index that already has it leaves the same index.
 */
import type { Location } from '../../commit-log/frame-builder.ts'
import type { IndexBatch } from '../../key-index/index-batch.ts'
import type { Head } from '../../key-index/values.ts'
import { type Change, logNumber } from '../change.ts'
import { actorOf } from './actor-order.ts'

/** Heads before the batch, and what becomes of them. */
interface Heads {
  /** `{ first: 1, tip: 0 }` when the log is new; null when its head is not to be had, and then none is written. */
  get(log: number): Head | null | undefined
  set(log: number, head: Head): unknown
}

export class IndexFold {
  readonly #batch: IndexBatch
  readonly #heads: Heads
  #actor = 0
  /** Of the actor whose changes are taken now: two logs at most. */
  readonly #dirty = new Map<number, { first: number; tip: number }>()

  constructor(batch: IndexBatch, heads: Heads) {
    this.#batch = batch
    this.#heads = heads
  }

  /** In the order of `actorOrder`. */
  apply(change: Change): void {
    const actor = actorOf(change)
    if (actor !== this.#actor) this.#begin(actor)
    switch (change.kind) {
      case 'append':
        return this.#append(change)
      case 'key': {
        const { log, key, seq, codec, payloadSum } = change
        this.#batch.putDedupe(log, key, { seq, codec, payloadSum })
        this.#raise(log, 1, seq)
        return
      }
      case 'redact':
        return this.#place(change.log, change.seq, change.location)
      case 'bounds': {
        this.#raise(change.log, change.first, change.tip)
        return this.#batch.putSweep(change.log, 'trimmed')
      }
      case 'actorAdded':
        for (const log of logsOf(change.number)) this.#raise(log, 1, 0)
        return this.#batch.putActor(change.id, change.number)
      case 'actorRemoved':
        for (const log of logsOf(change.number)) {
          this.#dirty.delete(log)
          this.#batch.putSweep(log, 'all')
        }
        return this.#batch.retireActor(change.id, change.number)
      case 'item':
        if (change.value === null) return this.#batch.deleteItem(change.key)
        return this.#batch.putItem(change.key, { version: change.version, value: change.value })
    }
  }

  /** Writes the heads that are not in the batch yet; call once, last. */
  finish(): void {
    for (const [log, head] of this.#dirty) {
      this.#batch.putHead(log, head)
      this.#heads.set(log, head)
    }
    this.#dirty.clear()
  }

  #begin(actor: number): void {
    if (actor < this.#actor) throw new Error('changes of one actor do not stand together')
    this.finish()
    this.#actor = actor
  }

  #append(change: Change & { readonly kind: 'append' }): void {
    const { log, seq, location, key, codec, payloadSum } = change
    if (key !== null) this.#batch.putDedupe(log, key, { seq, codec, payloadSum })
    this.#place(log, seq, location)
  }

  /** A record's place, unless it was trimmed since. */
  #place(log: number, seq: number, location: Location): void {
    const head = this.#raise(log, 1, seq)
    if (head === null || seq >= head.first) this.#batch.putEntry(log, seq, location)
  }

  /** The head that the batch will write for the log, now with at least these bounds. */
  #raise(log: number, first: number, tip: number): Head | null {
    const known = this.#dirty.get(log)
    if (known !== undefined) {
      known.first = Math.max(known.first, first)
      known.tip = Math.max(known.tip, tip)
      return known
    }
    const head = this.#heads.get(log) ?? null
    if (head === null) return null
    const raised = { first: Math.max(head.first, first), tip: Math.max(head.tip, tip) }
    this.#dirty.set(log, raised)
    return raised
  }
}

export function logsOf(actorNumber: number): readonly [number, number] {
  return [logNumber(actorNumber, 'inbox'), logNumber(actorNumber, 'outbox')]
}
