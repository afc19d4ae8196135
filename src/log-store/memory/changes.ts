/** What a flush does to the memory driver's contents, one step at a time; each leaves behind how it is undone. */
import { TwinlogError } from '../../errors.ts'
import type { Append, AppendOutcome, ItemChange, Payload } from '../types.ts'
import type { MemoryContents } from './contents.ts'

/** The rules of `AppendOutcome`, in their order. */
export function appendOne(
  contents: MemoryContents,
  append: Append,
  payloads: readonly Payload[],
  undo: (() => void)[],
): AppendOutcome {
  const { actor, box } = append.log
  const payload = payloads[append.payload]
  if (payload === undefined) throw new TypeError(`The flush has no payload ${append.payload}`)
  const log = contents.actors.get(actor)?.[box]
  if (log === undefined) {
    const status = contents.removed.has(actor) ? 'removed' : 'unknown'
    return refused(new TwinlogError('NO_ACTOR', `No such actor: ${actor}`, { actor, status }))
  }
  const key = append.key === undefined ? undefined : hex(append.key)
  const first = key === undefined ? undefined : log.keys.get(key)
  if (first !== undefined) {
    if (append.ifExists === 'keep' || same(first.payload, payload)) return { status: 'duplicate', seq: first.seq }
    const facts = { actor, box, seq: first.seq }
    return refused(new TwinlogError('KEY_CONFLICT', `Record ${first.seq} has that key and other bytes`, facts))
  }
  if (append.expectedTip !== undefined && append.expectedTip !== log.tip) {
    const facts = { actor, box, expected: append.expectedTip, actual: log.tip }
    return refused(new TwinlogError('TIP_CONFLICT', `The tip is ${log.tip}, not ${append.expectedTip}`, facts))
  }
  const seq = ++log.tip
  const { codec, bytes } = payload
  const meta = copy(append.meta ?? new Uint8Array())
  log.records.set(seq, { seq, receivedAt: append.receivedAt, codec, payload: bytes, meta, redacted: false })
  if (key !== undefined) log.keys.set(key, { seq, payload })
  undo.push(() => {
    log.tip -= 1
    log.records.delete(seq)
    if (key !== undefined) log.keys.delete(key)
  })
  return { status: 'appended', seq }
}

/** @throws VERSION_CONFLICT */
export function changeItem(
  { items }: MemoryContents,
  { key, value, expectedVersion }: ItemChange,
  undo: (() => void)[],
): void {
  const before = items.get(key)
  const actual = before?.version ?? 0
  if (expectedVersion !== undefined && expectedVersion !== actual) {
    const facts = { key, expected: expectedVersion, actual }
    throw new TwinlogError('VERSION_CONFLICT', `Item ${key} is at version ${actual}, not ${expectedVersion}`, facts)
  }
  if (value !== null) items.set(key, { value: copy(value), version: actual + 1 })
  else if (!items.delete(key)) return
  undo.push(() => (before === undefined ? items.delete(key) : items.set(key, before)))
}

const refused = (error: TwinlogError<'NO_ACTOR' | 'KEY_CONFLICT' | 'TIP_CONFLICT'>): AppendOutcome => ({
  status: 'refused',
  error,
})
// `slice` of a Buffer is a view of it, so copies are made with the constructor.
export const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const same = (left: Payload, right: Payload): boolean =>
  left.codec === right.codec && Buffer.compare(left.bytes, right.bytes) === 0
