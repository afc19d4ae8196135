/**
 * Stage 16: the exact bytes into every inbox, in one commit, deduplicated by the activity's id (ActivityPub §5.2): the
 * body is stored once, and an inbox that has it, or has another body of that id, keeps nobody else from it.
 */
import { markChecked } from '../../actors/checked-json.ts'
import type { FlushResult, Store } from '../../actors/types.ts'
import { isTwinlogError, type ErrorCode } from '../../errors.ts'
import type { InboundMeta, InboxOutcome } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'

interface AppendInput {
  readonly inboxes: readonly string[]
  /** Read strictly, and nobody else's. */
  readonly body: Uint8Array
  /** The activity's id. */
  readonly key: string
  readonly meta: InboundMeta
}

/** What the sender can only answer by trying again: the store will take it later, or has it already. */
const UNAVAILABLE = new Set<ErrorCode>([
  'CLOSED',
  'INDEX_FAILED',
  'IO_ERROR',
  'LOW_SPACE',
  'NOT_WRITTEN',
  'OUTCOME_UNKNOWN',
  'POISONED',
  'READ_ONLY',
])

export async function appendToInboxes(
  store: Pick<Store, 'append' | 'inbox'>,
  { inboxes, body, key, meta }: AppendInput,
): Promise<{ readonly outcomes: readonly InboxOutcome[] } | Rejected> {
  markChecked(body)
  const items = inboxes.map(actor => ({ log: store.inbox(actor), json: body, key, meta }))
  const results = await store.append(items, { onConflict: 'skip' })
  const outcomes = results.map((result, index) => outcomeOf(inboxes[index] as string, result))
  const refusals = outcomes.flatMap(({ refused }) => refused ?? [])
  if (refusals.length < outcomes.length) return { outcomes }
  return refusals.includes('id_conflict')
    ? reject('id_conflict', 'another body has this id')
    : reject('inbox_gone', 'the actor was removed')
}

/** The refusal that an error of the store comes down to; other errors are thrown on. */
export function refusalOf(error: unknown): Rejected {
  if (isTwinlogError(error, 'PAYLOAD_TOO_LARGE')) return reject('body_too_large', `more than ${error.bytesMax} bytes`)
  if (isTwinlogError(error) && UNAVAILABLE.has(error.code)) return reject('store_unavailable', error.code)
  throw error
}

function outcomeOf(actor: string, { seq, duplicate, error }: FlushResult): InboxOutcome {
  if (error === undefined) return { actor, seq, duplicate }
  return { actor, refused: error.code === 'KEY_CONFLICT' ? 'id_conflict' : 'inbox_gone' }
}
