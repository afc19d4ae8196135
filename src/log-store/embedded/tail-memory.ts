/**
 * All that the driver holds in memory about logs, actors, dedupe keys and items: what the index does not hold yet, and
 * a bounded number of looked-up values. Assigning, acknowledging, taking back and indexing a change each happen here.
 */
import type { ActorValue, DedupeValue, ItemValue } from '../../key-index/values.ts'
import type { LogName } from '../types.ts'
import { type Change, logNumber } from '../change.ts'
import { logsOf } from './index-fold.ts'
import { HotLogs, LogState } from './log-state.ts'
import { Overlay } from './overlay.ts'

export class TailMemory {
  readonly logs: HotLogs
  readonly actors: Overlay<ActorValue>
  readonly keys: Overlay<DedupeValue>
  readonly items: Overlay<ItemValue>

  /** @param hot how many logs, actors, keys and items each to keep beyond what the index lacks */
  constructor(hot: number) {
    this.logs = new HotLogs(hot)
    this.actors = new Overlay(hot)
    this.keys = new Overlay(hot)
    this.items = new Overlay(hot)
  }

  static keyOf(log: number, key: Uint8Array): string {
    return `${log}:${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`
  }

  /** The log's state as appends see it. Undefined: not known here. Null: no such actor. */
  assigned(name: LogName): LogState | null | undefined {
    const actor = this.actors.get(name.actor)
    if (actor === undefined) return undefined
    if (actor === null || !actor.isActive) return null
    return this.logs.get(logNumber(actor.number, name.box))
  }

  /** Takes a change into memory; `underway` settles with its frame. Returns what takes it back. */
  assign(change: Change, underway: Promise<void>): () => void {
    switch (change.kind) {
      case 'append': {
        const state = this.#state(change.log)
        state.append(change.location)
        this.logs.changed(state)
        if (change.key === null) return nothing
        const { seq, codec, payloadSum } = change
        return this.keys.change(TailMemory.keyOf(change.log, change.key), { seq, codec, payloadSum }, underway)
      }
      case 'key':
        return nothing
      case 'redact': {
        const state = this.#state(change.log)
        state.redact(change.seq, change.location)
        this.logs.changed(state)
        return nothing
      }
      case 'bounds': {
        const state = this.#state(change.log)
        state.first = change.first
        this.logs.changed(state)
        return nothing
      }
      case 'actorAdded': {
        for (const log of logsOf(change.number)) {
          const box = log % 2 === 0 ? 'inbox' : 'outbox'
          const state = new LogState(log, { actor: change.id, box }, { first: 1, tip: 0 })
          this.logs.add(state)
          this.logs.changed(state)
        }
        return this.actors.change(change.id, { number: change.number, isActive: true }, underway)
      }
      case 'actorRemoved':
        return this.actors.change(change.id, { number: change.number, isActive: false }, underway)
      case 'item':
        return this.items.change(change.key, itemOf(change), underway)
    }
  }

  /** The change's frame is acknowledged: readers see it. */
  acknowledge(change: Change, underway: Promise<void>): void {
    if (change.kind === 'append') this.#state(change.log).ackedTip = change.seq
    if (change.kind === 'bounds') this.#state(change.log).ackedFirst = change.first
    if (change.kind === 'redact') this.#state(change.log).redactionAcked(change.seq)
    if (change.kind === 'actorAdded' || change.kind === 'actorRemoved')
      this.actors.acknowledge(change.id, { number: change.number, isActive: change.kind === 'actorAdded' })
    if (change.kind === 'item') this.items.acknowledge(change.key, itemOf(change))
    this.settle(change, underway)
  }

  /** The change is no longer under way: acknowledged, or taken back. */
  settle(change: Change, underway: Promise<void>): void {
    if (change.kind === 'append' && change.key !== null)
      this.keys.settle(TailMemory.keyOf(change.log, change.key), underway)
    if (change.kind === 'actorAdded' || change.kind === 'actorRemoved') this.actors.settle(change.id, underway)
    if (change.kind === 'item') this.items.settle(change.key, underway)
  }

  /** The index holds these changes now, the oldest that it lacked. */
  indexed(changes: Iterable<Change>): void {
    /** The last sequence that is indexed, of each log: a tail is cut once, not once a record. */
    const through = new Map<LogState, number>()
    for (const change of changes) {
      this.#indexedOne(change)
      if (change.kind === 'append') through.set(this.#state(change.log), change.seq)
    }
    for (const [state, seq] of through) state.indexedThrough(seq)
  }

  #indexedOne(change: Change): void {
    switch (change.kind) {
      case 'append':
        this.logs.indexed(this.#state(change.log))
        if (change.key !== null) this.keys.indexed(TailMemory.keyOf(change.log, change.key))
        return
      case 'key':
        return
      case 'redact': {
        const state = this.#state(change.log)
        this.logs.indexed(state)
        return state.redactionIndexed(change.seq)
      }
      case 'bounds': {
        const state = this.#state(change.log)
        this.logs.indexed(state)
        state.indexedFirst = change.first
        return
      }
      case 'actorAdded':
        for (const log of logsOf(change.number)) this.logs.indexed(this.#state(log))
        return this.actors.indexed(change.id)
      case 'actorRemoved':
        return this.actors.indexed(change.id)
      case 'item':
        return this.items.indexed(change.key)
    }
  }

  /** What the index did not show it may have hidden. */
  forgetAbsences(): void {
    for (const overlay of [this.actors, this.keys, this.items]) overlay.forgetAbsences()
  }

  trim(): void {
    this.logs.trim()
    this.actors.trim()
    this.keys.trim()
    this.items.trim()
  }

  /** A log with changes under way, or not indexed, is always here. */
  #state(log: number): LogState {
    const state = this.logs.get(log)
    if (state === undefined) throw new Error(`log ${log} is not in memory though the index lacks changes of it`)
    return state
  }
}

function itemOf({ version, value }: Change & { readonly kind: 'item' }): ItemValue | null {
  return value === null ? null : { version, value }
}

function nothing(): void {
  // An append or a trim that failed leaves assigned bounds that nobody sees: the store takes no more appends.
}
