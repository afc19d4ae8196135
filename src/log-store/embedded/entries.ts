/**
 * Puts entries into the pending frame, with the change each makes: encode and remember side by side.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { encodeItem, encodePair } from '../../record/bodies.ts'
import type { EntryFields } from '../../record/entry.ts'
import { CODEC_ID, ENTRY_TYPE } from '../../record/layout.ts'
import { type Change, logNumber } from '../change.ts'
import type { FrameBatch } from './frame-batch.ts'
import type { LogState } from './log-state.ts'
import type { PlannedItem } from './plan-flush.ts'
import type { RecordRemains } from './record-remains.ts'
import type { AppendRequest, Target } from './requests.ts'

/** Stands for the offset of a shared payload that is not in the frame yet: no entry begins there. */
const NOT_WRITTEN = 0

/** Those that were given a sequence. A body that more than one of them has is stored once, before the first of them. */
export function addAppends(log: CommitLog, batch: FrameBatch, { flush, sums, targets }: AppendRequest): void {
  const bodies = targets.length > 1 ? sharedPayloads(targets) : null
  for (const { append, state, seq, keyAs } of targets) {
    const payload = flush.payloads[append.payload]
    const payloadSum = sums[append.payload]
    if (seq === 0 || state === null || payload === undefined || payloadSum === undefined) continue
    const codec = CODEC_ID[payload.codec]
    let payloadAt = bodies?.get(append.payload)
    if (payloadAt === NOT_WRITTEN) {
      payloadAt = log.pending.add({ type: ENTRY_TYPE.payload, codec, payloadSum, payload: payload.bytes }).offset
      bodies?.set(append.payload, payloadAt)
    }
    const location = log.pending.add({
      type: ENTRY_TYPE.append,
      codec,
      log: state.log,
      seq,
      receivedAt: append.receivedAt,
      payloadAt: payloadAt ?? 0,
      payloadSum,
      key: append.key,
      meta: append.meta,
      payload: payloadAt === undefined ? payload.bytes : undefined,
    })
    const key = append.key === undefined ? null : Buffer.from(append.key)
    batch.add({ kind: 'append', log: state.log, seq, location, key, codec, payloadSum }, state, keyAs)
  }
}

/** The payloads that more than one of the records have, to be written before the first of them. */
function sharedPayloads(targets: readonly Target[]): Map<number, number> {
  const used = new Set<number>()
  const shared = new Map<number, number>()
  for (const { append, seq } of targets) {
    if (seq === 0) continue
    if (used.has(append.payload)) shared.set(append.payload, NOT_WRITTEN)
    used.add(append.payload)
  }
  return shared
}

export function addItem(log: CommitLog, batch: FrameBatch, { change, version }: PlannedItem): void {
  const key = Buffer.from(change.key, 'utf8')
  const value = change.value === null ? null : Buffer.from(change.value)
  const body = encodeItem(key, version, value ?? Buffer.alloc(0))
  addWithBody(log, { type: value === null ? ENTRY_TYPE.itemDelete : ENTRY_TYPE.itemPut }, body)
  batch.add({ kind: 'item', key: change.key, version, value }, null)
}

export function addActor(
  log: CommitLog,
  batch: FrameBatch,
  change: Change & { readonly kind: 'actorAdded' | 'actorRemoved' },
): void {
  const type = change.kind === 'actorAdded' ? ENTRY_TYPE.actorAdded : ENTRY_TYPE.actorRemoved
  addWithBody(log, { type, log: logNumber(change.number, 'inbox') }, Buffer.from(change.id, 'utf8'))
  batch.add(change, null)
}

/** The log begins at `first` from now on. */
export function addBounds(log: CommitLog, batch: FrameBatch, state: LogState, first: number): void {
  const { log: number, tip } = state
  addWithBody(log, { type: ENTRY_TYPE.bounds, log: number, seq: tip }, encodePair(first, tip))
  batch.add({ kind: 'bounds', log: number, first, tip }, state)
}

/** Without a body: it is what is left of the record, and stands in its place. */
export function addRedaction(
  log: CommitLog,
  batch: FrameBatch,
  state: LogState,
  { seq, left }: { readonly seq: number; readonly left: RecordRemains },
): void {
  const location = log.pending.add({
    type: ENTRY_TYPE.redact,
    codec: CODEC_ID[left.codec],
    log: state.log,
    seq,
    receivedAt: left.receivedAt,
    payloadSum: log.checksum.sum(Buffer.alloc(0)),
  })
  batch.add({ kind: 'redact', log: state.log, seq, location }, state)
}

function addWithBody(log: CommitLog, fields: Omit<EntryFields, 'payloadSum' | 'payload'>, body: Buffer): void {
  log.pending.add({ ...fields, codec: CODEC_ID.none, payloadSum: log.checksum.sum(body), payload: body })
}
