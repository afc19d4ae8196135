/**
 * Decides a flush without changing anything: which appends get which sequence, which are duplicates, which are refused.
 * Everything it reads must be in memory (lookup.ts sees to that).
 */
import { TwinlogError } from '../../errors.ts'
import type { DedupeValue } from '../../key-index/values.ts'
import { CODEC_ID } from '../../record/layout.ts'
import type { Append, AppendOutcome, Flush, ItemChange } from '../types.ts'
import type { LogState } from './log-state.ts'
import { TailMemory } from './tail-memory.ts'

export interface PlannedAppend {
  readonly append: Append
  readonly state: LogState
  readonly seq: number
}

export interface PlannedItem {
  readonly change: ItemChange
  readonly version: number
}

interface FlushPlan {
  readonly outcomes: readonly AppendOutcome[]
  readonly appends: readonly PlannedAppend[]
  readonly items: readonly PlannedItem[]
}

/** What earlier items of the same flush have changed. */
interface Sofar {
  readonly tips: Map<LogState, number>
  readonly keys: Map<string, DedupeValue>
}

/** @throws NO_ACTOR, KEY_CONFLICT, TIP_CONFLICT, VERSION_CONFLICT when the flush is refused as a whole */
export function planFlush(flush: Flush, sums: readonly bigint[], memory: TailMemory): FlushPlan {
  const sofar: Sofar = { tips: new Map(), keys: new Map() }
  const appends: PlannedAppend[] = []
  const outcomes = flush.appends.map((append): AppendOutcome => {
    const outcome = planAppend(append, flush, sums, memory, sofar)
    if (outcome.status === 'refused' && flush.onConflict !== 'skip') throw outcome.error
    if (outcome.status === 'appended') appends.push({ append, state: outcome.state, seq: outcome.seq })
    return outcome.status === 'appended' ? { status: 'appended', seq: outcome.seq } : outcome
  })
  return { outcomes, appends, items: planItems(flush.items ?? [], memory) }
}

type Decision =
  | Exclude<AppendOutcome, { status: 'appended' }>
  | { readonly status: 'appended'; readonly seq: number; readonly state: LogState }

function planAppend(append: Append, flush: Flush, sums: readonly bigint[], memory: TailMemory, sofar: Sofar): Decision {
  const { actor, box } = append.log
  const state = memory.assigned(append.log)
  if (state === null || state === undefined) {
    const status = memory.actors.get(actor) === null ? 'unknown' : 'removed'
    return { status: 'refused', error: new TwinlogError('NO_ACTOR', `there is no actor ${actor}`, { actor, status }) }
  }
  const payload = flush.payloads[append.payload]
  const payloadSum = sums[append.payload]
  if (payload === undefined || payloadSum === undefined)
    throw new TypeError('an append names a payload that is not in the flush')
  const codec = CODEC_ID[payload.codec]
  const keyAs = append.key === undefined ? null : TailMemory.keyOf(state.log, append.key)
  const known = keyAs === null ? null : (sofar.keys.get(keyAs) ?? memory.keys.get(keyAs))
  if (known !== null && known !== undefined) {
    const isSame = known.payloadSum === payloadSum && known.codec === codec
    if (isSame || append.ifExists === 'keep') return { status: 'duplicate', seq: known.seq }
    const facts = { actor, box, seq: known.seq }
    return { status: 'refused', error: new TwinlogError('KEY_CONFLICT', 'the key is there with other bytes', facts) }
  }
  const tip = sofar.tips.get(state) ?? state.tip
  if (append.expectedTip !== undefined && append.expectedTip !== tip) {
    const facts = { actor, box, expected: append.expectedTip, actual: tip }
    return { status: 'refused', error: new TwinlogError('TIP_CONFLICT', `the tip is ${tip}`, facts) }
  }
  const seq = tip + 1
  sofar.tips.set(state, seq)
  if (keyAs !== null) sofar.keys.set(keyAs, { seq, codec, payloadSum })
  return { status: 'appended', seq, state }
}

function planItems(changes: readonly ItemChange[], memory: TailMemory): PlannedItem[] {
  const versions = new Map<string, number>()
  return changes.map(change => {
    const actual = versions.get(change.key) ?? memory.items.get(change.key)?.version ?? 0
    const { key, expectedVersion } = change
    if (expectedVersion !== undefined && expectedVersion !== actual) {
      throw new TwinlogError('VERSION_CONFLICT', `${key} is at version ${actual}`, {
        key,
        expected: expectedVersion,
        actual,
      })
    }
    const version = change.value === null ? 0 : actual + 1
    versions.set(key, version)
    return { change, version }
  })
}
