/**
 * Decides a flush without changing anything: which appends get which sequence, which are duplicates, which are refused.
 * Everything it reads must be known (lookup.ts sees to that).
 */
import { TwinlogError } from '../../errors.ts'
import type { DedupeValue } from '../../key-index/values.ts'
import { CODEC_ID } from '../../record/layout.ts'
import type { Append, AppendOutcome, ItemChange } from '../types.ts'
import type { LogState } from './log-state.ts'
import type { AppendRequest, Target } from './requests.ts'
import type { TailMemory } from './tail-memory.ts'

export interface PlannedAppend {
  readonly append: Append
  readonly state: LogState
  readonly seq: number
  /** The name of its key in memory. */
  readonly keyAs: string | null
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

const NOWHERE: Target = { state: null, keyAs: null, known: null }

/** What earlier items of the same flush have changed; a single append needs none. */
interface Sofar {
  readonly tips: Map<LogState, number>
  readonly keys: Map<string, DedupeValue>
}

/** @throws NO_ACTOR, KEY_CONFLICT, TIP_CONFLICT, VERSION_CONFLICT when the flush is refused as a whole */
export function planFlush(request: AppendRequest, memory: TailMemory): FlushPlan {
  const { appends, items, onConflict } = request.flush
  const sofar: Sofar | null = appends.length > 1 ? { tips: new Map(), keys: new Map() } : null
  const planned: PlannedAppend[] = []
  const outcomes = appends.map((append, i): AppendOutcome => {
    const decision = planAppend(request, append, request.targets[i] ?? NOWHERE, memory, sofar)
    if (!('status' in decision)) {
      planned.push(decision)
      return { status: 'appended', seq: decision.seq }
    }
    if (decision.status === 'refused' && onConflict !== 'skip') throw decision.error
    return decision
  })
  return { outcomes, appends: planned, items: items === undefined ? [] : planItems(items, memory) }
}

function planAppend(
  { flush, sums }: AppendRequest,
  append: Append,
  target: Target,
  memory: TailMemory,
  sofar: Sofar | null,
): PlannedAppend | Exclude<AppendOutcome, { status: 'appended' }> {
  const { actor, box } = append.log
  const { state, keyAs } = target
  if (state === null) {
    const status = memory.actors.get(actor) === null ? 'unknown' : 'removed'
    return { status: 'refused', error: new TwinlogError('NO_ACTOR', `there is no actor ${actor}`, { actor, status }) }
  }
  const payload = flush.payloads[append.payload]
  const payloadSum = sums[append.payload]
  if (payload === undefined || payloadSum === undefined)
    throw new TypeError('an append names a payload that is not in the flush')
  const codec = CODEC_ID[payload.codec]
  const known = (keyAs === null ? undefined : sofar?.keys.get(keyAs)) ?? target.known
  if (known !== null) {
    const isSame = known.payloadSum === payloadSum && known.codec === codec
    if (isSame || append.ifExists === 'keep') return { status: 'duplicate', seq: known.seq }
    const facts = { actor, box, seq: known.seq }
    return { status: 'refused', error: new TwinlogError('KEY_CONFLICT', 'the key is there with other bytes', facts) }
  }
  const tip = sofar?.tips.get(state) ?? state.tip
  if (append.expectedTip !== undefined && append.expectedTip !== tip) {
    const facts = { actor, box, expected: append.expectedTip, actual: tip }
    return { status: 'refused', error: new TwinlogError('TIP_CONFLICT', `the tip is ${tip}`, facts) }
  }
  const seq = tip + 1
  sofar?.tips.set(state, seq)
  if (keyAs !== null) sofar?.keys.set(keyAs, { seq, codec, payloadSum })
  return { append, state, seq, keyAs }
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
