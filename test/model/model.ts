/**
 * The pure model of the public API: `run(state, operation)` gives the next state and the result, and never touches the
 * state it was given. A log is the list of everything ever appended to it, and a number that says where it begins;
 * every question is answered by looking through that list.
 */
import { isDeepStrictEqual } from 'node:util'
import type {
  Failure,
  LogQuestion,
  LogRef,
  Operation,
  PageRange,
  Part,
  ReadRange,
  ReadRecord,
  Result,
} from './operations.ts'

export interface ModelLog {
  /** The first sequence that can still be read. */
  readonly first: number
  /** Every append since the actor was added: sequence `n` is at `n - 1`, trimmed or not. */
  readonly appends: readonly Part[]
  /** Sequences whose payload and meta were taken out. */
  readonly redacted: readonly number[]
}

export interface ModelActor {
  readonly id: string
  readonly inbox: ModelLog
  readonly outbox: ModelLog
}

export interface ModelState {
  /** In the order they were added. */
  readonly actors: readonly ModelActor[]
  readonly removed: readonly string[]
}

export const emptyState: ModelState = { actors: [], removed: [] }

export function run(state: ModelState, operation: Operation): [ModelState, Result] {
  switch (operation.type) {
    case 'add':
      return add(state, operation.actor)
    case 'remove':
      return remove(state, operation.actor)
    case 'append': {
      const [next, outcome] = appendPart(state, operation)
      return [next, 'code' in outcome ? outcome : { value: outcome }]
    }
    case 'flush':
      return flush(state, operation.parts, operation.onConflict ?? 'reject')
    case 'trim':
      return trim(state, operation.log, operation.before)
    case 'redact':
      return redact(state, operation.log, operation.seq)
    case 'status':
      return [state, { value: statusOf(state, operation.actor) }]
    case 'list':
      return [state, { value: state.actors.map(({ id }) => id) }]
    case 'tip':
      return [state, { value: logOf(state, operation.log)?.appends.length ?? null }]
    default: {
      const log = logOf(state, operation.log)
      return [state, log === undefined ? noActor(state, operation.log.actor) : ask(log, operation)]
    }
  }
}

/** What an operation that changes nothing finds in a log that is there. */
function ask(log: ModelLog, operation: LogQuestion): Result {
  const { first, appends } = log
  const tip = appends.length
  switch (operation.type) {
    case 'bounds':
      return { value: { first, tip } }
    case 'find': {
      const index = appends.findIndex(({ key }) => key === operation.key)
      return { value: index < 0 ? undefined : index + 1 }
    }
    case 'get':
      if (operation.seq < first) return trimmed(operation.log, log)
      return { value: operation.seq > tip ? undefined : recordAt(log, operation.seq) }
    case 'page':
      return page(log, operation.log, operation.options)
    case 'read':
      return read(log, operation.log, operation.options)
    case 'follow': {
      const { after, count } = operation
      return read(log, operation.log, { ...(after === undefined ? {} : { after }), limit: count })
    }
  }
}

function add(state: ModelState, id: string): [ModelState, Result] {
  if (statusOf(state, id) === 'active') return [state, { value: { added: false } }]
  const fresh: ModelLog = { first: 1, appends: [], redacted: [] }
  const actors = [...state.actors, { id, inbox: fresh, outbox: fresh }]
  return [{ actors, removed: state.removed.filter(each => each !== id) }, { value: { added: true } }]
}

function remove(state: ModelState, id: string): [ModelState, Result] {
  if (statusOf(state, id) !== 'active') return [state, { value: { removed: false } }]
  const actors = state.actors.filter(actor => actor.id !== id)
  return [{ actors, removed: [...state.removed, id] }, { value: { removed: true } }]
}

function appendPart(state: ModelState, part: Part): [ModelState, { seq: number; duplicate: boolean } | Failure] {
  const log = logOf(state, part.log)
  if (log === undefined) return [state, noActor(state, part.log.actor)]
  const tip = log.appends.length
  const index = part.key === undefined ? -1 : log.appends.findIndex(({ key }) => key === part.key)
  if (index >= 0) {
    const seq = index + 1
    const same = isDeepStrictEqual(log.appends[index]!.body, part.body)
    if (same || part.ifExists === 'keep') return [state, { seq, duplicate: true }]
    return [state, { code: 'KEY_CONFLICT', facts: { ...part.log, seq } }]
  }
  if (part.expectedTip !== undefined && part.expectedTip !== tip) {
    return [state, { code: 'TIP_CONFLICT', facts: { ...part.log, expected: part.expectedTip, actual: tip } }]
  }
  const next = withLog(state, part.log, { ...log, appends: [...log.appends, part] })
  return [next, { seq: tip + 1, duplicate: false }]
}

function flush(state: ModelState, parts: readonly Part[], onConflict: 'reject' | 'skip'): [ModelState, Result] {
  let next = state
  const outcomes: unknown[] = []
  for (const part of parts) {
    const [after, outcome] = appendPart(next, part)
    if ('code' in outcome && onConflict === 'reject') return [state, outcome]
    next = after
    outcomes.push('code' in outcome ? { error: outcome } : outcome)
  }
  return [next, { value: outcomes }]
}

function trim(state: ModelState, ref: LogRef, before: number): [ModelState, Result] {
  const log = logOf(state, ref)
  if (log === undefined) return [state, noActor(state, ref.actor)]
  const tip = log.appends.length
  if (before < 1 || before > tip + 1) return [state, outOfRange('before', before, 1, tip + 1)]
  const first = Math.max(log.first, before)
  return [withLog(state, ref, { ...log, first }), { value: { first, tip } }]
}

function redact(state: ModelState, ref: LogRef, seq: number): [ModelState, Result] {
  const log = logOf(state, ref)
  if (log === undefined) return [state, noActor(state, ref.actor)]
  const tip = log.appends.length
  if (seq < 1 || seq > tip) return [state, outOfRange('seq', seq, 1, tip)]
  if (seq < log.first) return [state, trimmed(ref, log)]
  if (log.redacted.includes(seq)) return [state, { value: { redacted: false } }]
  return [withLog(state, ref, { ...log, redacted: [...log.redacted, seq] }), { value: { redacted: true } }]
}

/** The sequences from just above `after` to just below `before`; a failure when a cursor lies outside the log. */
function span(log: ModelLog, ref: LogRef, after: number | undefined, before: number | undefined): number[] | Failure {
  const tip = log.appends.length
  if (after !== undefined && after > tip) return { code: 'AHEAD', facts: { cursor: after, tip } }
  if (after !== undefined && after + 1 < log.first) return trimmed(ref, log)
  if (before !== undefined && before > tip + 1) return { code: 'AHEAD', facts: { cursor: before, tip } }
  if (before !== undefined && log.first > 1 && before <= log.first) return trimmed(ref, log)
  const sequences = log.appends.map((_, index) => index + 1)
  return sequences.filter(seq => seq >= log.first && seq > (after ?? 0) && seq < (before ?? Infinity))
}

function read(log: ModelLog, ref: LogRef, { after, before, reverse, limit }: ReadRange): Result {
  const sequences = span(log, ref, after, before)
  if ('code' in sequences) return sequences
  const ordered = reverse === true ? sequences.toReversed() : sequences
  return { value: ordered.slice(0, limit).map(seq => recordAt(log, seq)) }
}

function page(log: ModelLog, ref: LogRef, options: PageRange): Result {
  const { after, before, limit = 20, scanMax = 1000, everyNth } = options
  const upwards = after !== undefined
  const sequences = span(log, ref, after, before)
  if ('code' in sequences) return sequences
  const scanned: number[] = []
  const items: number[] = []
  for (const seq of upwards ? sequences : sequences.toReversed()) {
    if (items.length === limit || scanned.length === scanMax) break
    scanned.push(seq)
    // A redacted record has nothing to be chosen by.
    if (everyNth === undefined || (seq % everyNth === 0 && !log.redacted.includes(seq))) items.push(seq)
  }
  // An empty page still has a place in the log, from which the cursors lead on.
  const tip = log.appends.length
  const start = upwards ? after + 1 : (before ?? tip + 1)
  const lowest = scanned.length === 0 ? start : Math.min(...scanned)
  const highest = scanned.length === 0 ? start - 1 : Math.max(...scanned)
  const older = lowest > log.first ? lowest : null
  const newer = highest < tip ? highest : null
  return { value: { items: items.map(seq => recordAt(log, seq)), older, newer } }
}

function recordAt(log: ModelLog, seq: number): ReadRecord {
  const { body, meta } = log.appends[seq - 1]!
  if (log.redacted.includes(seq)) return { seq, codec: body.codec, value: undefined, meta: undefined, redacted: true }
  return { seq, codec: body.codec, value: body.value, meta, redacted: false }
}

function statusOf(state: ModelState, id: string): 'active' | 'removed' | 'unknown' {
  if (state.actors.some(actor => actor.id === id)) return 'active'
  return state.removed.includes(id) ? 'removed' : 'unknown'
}

export function logOf(state: ModelState, { actor, box }: LogRef): ModelLog | undefined {
  return state.actors.find(({ id }) => id === actor)?.[box]
}

function withLog(state: ModelState, { actor, box }: LogRef, log: ModelLog): ModelState {
  return { ...state, actors: state.actors.map(each => (each.id === actor ? { ...each, [box]: log } : each)) }
}

function noActor(state: ModelState, actor: string): Failure {
  return { code: 'NO_ACTOR', facts: { actor, status: statusOf(state, actor) } }
}

function trimmed(ref: LogRef, { first, appends }: ModelLog): Failure {
  return { code: 'TRIMMED', facts: { ...ref, first, tip: appends.length } }
}

function outOfRange(argument: string, value: number, min: number, max: number): Failure {
  return { code: 'OUT_OF_RANGE', facts: { argument, value, min, max } }
}
