/**
 * All that the driver holds in memory about logs, actors, dedupe keys and items: what the index does not hold yet, and
 * a bounded number of looked-up values. Assigning, acknowledging, taking back and indexing a change each happen here.
 */
import { writeU48 } from '../../bytes/integers.ts'
import type { ActorValue, DedupeValue, ItemValue } from '../../key-index/values.ts'
import { KEY_BYTES } from '../../record/layout.ts'
import type { LogName } from '../types.ts'
import { type Change, logNumber } from '../change.ts'
import { logsOf } from './index-fold.ts'
import { HotLogs, LogState } from './log-state.ts'
import { Overlay, type Underway } from './overlay.ts'

const LOG_BYTES = 6
const keyScratch = Buffer.alloc(LOG_BYTES + KEY_BYTES)

export class TailMemory {
  readonly logs: HotLogs
  readonly actors: Overlay<ActorValue>
  readonly keys: Overlay<DedupeValue>
  readonly items: Overlay<ItemValue>
  /** What requests need is looked up, or was and is not taken yet: it must all stay until then. */
  isLookedUpFor = false

  /** @param hot how many logs, actors, keys and items each to keep beyond what the index lacks */
  constructor(hot: number) {
    this.logs = new HotLogs(hot)
    this.actors = new Overlay(hot)
    this.keys = new Overlay(hot)
    this.items = new Overlay(hot)
  }

  /** The name of a dedupe key among those of all logs. */
  static keyOf(log: number, key: Uint8Array): string {
    writeU48(keyScratch, log, 0)
    keyScratch.set(key, LOG_BYTES)
    return keyScratch.toString('latin1')
  }

  /** The log's state as appends see it. Undefined: not known here. Null: no such actor. */
  assigned(name: LogName): LogState | null | undefined {
    const known = this.logs.known(name)
    if (known !== undefined) return known
    const actor = this.actors.get(name.actor)
    if (actor === undefined) return undefined
    if (actor === null || !actor.isActive) return null
    const state = this.logs.get(logNumber(actor.number, name.box))
    if (name.known !== undefined) name.known = state ?? null
    return state
  }

  /** Takes a change into memory; `given` is the state of its log, `underway` its frame, `keyAs` the name of its dedupe key. */
  assign(change: Change, given: LogState | null, keyAs: string | null, underway: Underway): void {
    switch (change.kind) {
      case 'append': {
        const state = stateOf(given)
        state.append(change.location)
        this.logs.changed(state)
        if (keyAs === null) return
        const { seq, codec, payloadSum } = change
        return this.keys.change(keyAs, { seq, codec, payloadSum }, underway)
      }
      case 'key':
        return
      case 'redact': {
        const state = stateOf(given)
        state.redact(change.seq, change.location)
        return this.logs.changed(state)
      }
      case 'bounds': {
        const state = stateOf(given)
        state.first = change.first
        return this.logs.changed(state)
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
        for (const log of logsOf(change.number)) this.logs.retire(log)
        return this.actors.change(change.id, { number: change.number, isActive: false }, underway)
      case 'item':
        return this.items.change(change.key, itemOf(change), underway)
    }
  }

  /** The change's frame is acknowledged: readers see it. */
  acknowledge(change: Change, given: LogState | null): void {
    if (change.kind === 'append') stateOf(given).ackedTip = change.seq
    if (change.kind === 'bounds') stateOf(given).ackedFirst = change.first
    if (change.kind === 'redact') stateOf(given).redactionAcked(change.seq)
    if (change.kind === 'actorAdded' || change.kind === 'actorRemoved')
      this.actors.acknowledge(change.id, { number: change.number, isActive: change.kind === 'actorAdded' })
    if (change.kind === 'item') this.items.acknowledge(change.key, itemOf(change))
  }

  /**
   * The change's frame failed. Its keys are taken back apart from it. An append or a trim leaves assigned bounds that nobody sees: the store takes no more
   * appends.
   */
  takeBack(change: Change): void {
    if (change.kind === 'actorAdded' || change.kind === 'actorRemoved') this.actors.takeBack(change.id)
    if (change.kind === 'item') this.items.takeBack(change.key)
  }

  /** The index holds this change now, the oldest that it lacked; of its key it is told apart from it. */
  indexed(change: Change, given: LogState | null): void {
    switch (change.kind) {
      case 'append': {
        const state = stateOf(given)
        this.logs.indexed(state)
        state.indexedThrough(change.seq)
        return
      }
      case 'key':
        return
      case 'redact': {
        const state = stateOf(given)
        this.logs.indexed(state)
        return state.redactionIndexed(change.seq)
      }
      case 'bounds': {
        const state = stateOf(given)
        this.logs.indexed(state)
        state.indexedFirst = change.first
        return
      }
      case 'actorAdded':
        for (const log of logsOf(change.number)) this.logs.indexed(stateOf(this.logs.get(log) ?? null))
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

  /**
   * Before a reader looks something up: those who only read must not fill the memory. The lookups of appends don't ask,
   * and readers wait with it meanwhile: what one of them has brought must stay until it is used.
   */
  makeRoom(): void {
    if (this.isLookedUpFor) return
    const { logs, actors, keys, items } = this
    if (logs.isOverfull || actors.isOverfull || keys.isOverfull || items.isOverfull) this.trim()
  }

  trim(): void {
    this.logs.trim()
    this.actors.trim()
    this.keys.trim()
    this.items.trim()
  }
}

/** A log with changes under way, or not indexed, is always in memory. */
function stateOf(given: LogState | null): LogState {
  if (given === null) throw new Error('a log is not in memory though the index lacks changes of it')
  return given
}

function itemOf({ version, value }: Change & { readonly kind: 'item' }): ItemValue | null {
  return value === null ? null : { version, value }
}
