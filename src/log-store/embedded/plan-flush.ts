/**
 * Decides a flush, and changes nothing but the request: which appends get which sequence, which are duplicates, which are refused.
 * Everything it reads must be known (lookup.ts sees to that).
 */
import { TwinlogError } from '../../errors.ts'
import type { DedupeValue } from '../../key-index/values.ts'
import { CODEC_ID } from '../../record/layout.ts'
import type { AppendOutcome, ItemChange } from '../types.ts'
import type { LogState } from './log-state.ts'
import type { AppendRequest, Target } from './requests.ts'
import type { TailMemory } from './tail-memory.ts'

export interface PlannedItem {
  readonly change: ItemChange
  readonly version: number
}

/** What earlier items of the same flush have changed; a single append needs none. */
interface Sofar {
  readonly tips: Map<LogState, number>
  readonly keys: Map<string, DedupeValue>
}

/** Each target that gets a sequence notes it. @throws NO_ACTOR, KEY_CONFLICT, TIP_CONFLICT when the flush is refused as a whole */
export function planAppends(request: AppendRequest, memory: TailMemory): readonly AppendOutcome[] {
  const { flush, targets } = request
  const sofar: Sofar | null = targets.length > 1 ? { tips: new Map(), keys: new Map() } : null
  return targets.map(target => {
    const outcome = planAppend(request, target, memory, sofar)
    if (outcome.status === 'refused' && flush.onConflict !== 'skip') throw outcome.error
    return outcome
  })
}

function planAppend(
  { flush, sums }: AppendRequest,
  target: Target,
  memory: TailMemory,
  sofar: Sofar | null,
): AppendOutcome {
  const { append, state, keyAs } = target
  const { actor, box } = append.log
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
  target.seq = seq
  return { status: 'appended', seq }
}

/** @throws VERSION_CONFLICT */
export function planItems(changes: readonly ItemChange[], memory: TailMemory): readonly PlannedItem[] {
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
