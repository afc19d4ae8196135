/**
 * What every topic of the conformance suite builds on: how a driver is given to it, and the words its promises are
 * written in. The test framework is the caller's; assertions are Node's own.
 */
import assert from 'node:assert/strict'
import { isTwinlogError, type ErrorCode, type ErrorFacts } from '../../errors.ts'
import type {
  Append,
  AppendOutcome,
  Box,
  Flush,
  LogName,
  LogStore,
  Payload,
  ReadRange,
  StoredRecord,
} from '../types.ts'

/** A driver under test, and the caller's test framework. */
export interface ConformanceOptions {
  /** Heads the tests. */
  readonly name: string
  readonly describe: (title: string, body: () => void) => void
  readonly it: (title: string, body: () => Promise<void>) => void
  /** A new, empty store. Called once a test or more; the suite closes what it opened. */
  readonly open: () => Promise<LogStore>
  /** Opens again what a closed store left. A driver that keeps nothing leaves this out, and its tests with it. */
  readonly reopen?: (closed: LogStore) => Promise<LogStore>
}

/** Defines one promise: a title that states it, and a body that gets an empty store. */
export type Define = (title: string, body: (store: LogStore) => Promise<void>) => void

export const alice = 'https://example.com/users/alice'
export const bob = 'https://example.com/users/bob'
export const inbox = (actor: string): LogName => ({ actor, box: 'inbox' })
export const outbox = (actor: string): LogName => ({ actor, box: 'outbox' })
export const boxes: readonly Box[] = ['inbox', 'outbox']

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const payload = (text: string): Payload => ({ codec: 'bytes', bytes: bytesOf(text) })
/** A dedupe key: the name, repeated to 16 bytes. */
export const key = (name: string): Uint8Array => bytesOf(name.padEnd(16, name).slice(0, 16))

/** One append as a test writes it: a text instead of an index into the payloads. */
export type Draft = { readonly log: LogName; readonly text: string } & Partial<Omit<Append, 'log' | 'payload'>>

/** A flush of these appends, each with a payload of its own. */
export function flushOf(drafts: readonly Draft[], flush: Partial<Flush> = {}): Flush {
  return {
    payloads: drafts.map(({ text }) => payload(text)),
    appends: drafts.map(({ text: _, ...rest }, index) => ({ receivedAt: 1, ...rest, payload: index })),
    ...flush,
  }
}

/** Appends one record and gives its outcome. */
export async function append(
  store: LogStore,
  log: LogName,
  text: string,
  rest: Partial<Omit<Append, 'log' | 'payload'>> = {},
): Promise<AppendOutcome> {
  const [outcome, ...more] = await store.append(flushOf([{ log, text, ...rest }]))
  assert(outcome !== undefined && more.length === 0, 'one append has one outcome')
  return outcome
}

/** Appends each text as a record of its own, one after the other. */
export async function appendAll(store: LogStore, log: LogName, texts: readonly string[]): Promise<void> {
  for (const text of texts) assert.equal((await append(store, log, text)).status, 'appended')
}

/** All records of a range: reads on where a slice stopped early, as a driver may. */
export async function readAll(
  store: LogStore,
  log: LogName,
  range: Partial<ReadRange> = {},
): Promise<readonly StoredRecord[]> {
  let { from = 1, to = Number.MAX_SAFE_INTEGER, limit = Number.MAX_SAFE_INTEGER } = range
  const reverse = range.reverse === true
  const records: StoredRecord[] = []
  while (limit > 0) {
    const slice = await store.read(log, { from, to, reverse, limit })
    assert(slice !== null, 'the log is there')
    const last = slice.records.at(-1)
    if (last === undefined) break
    records.push(...slice.records)
    limit -= slice.records.length
    if (reverse) to = last.seq - 1
    else from = last.seq + 1
  }
  return records
}

/** `['1 first', '2 second']`: sequence and text of every record that can be read. */
export async function contents(
  store: LogStore,
  log: LogName,
  range: Partial<ReadRange> = {},
): Promise<readonly string[]> {
  return (await readAll(store, log, range)).map(({ seq, payload: bytes }) => `${seq} ${textOf(bytes)}`)
}

/** The bounds without the epoch; null for an actor that is not there. */
export async function boundsOf(store: LogStore, log: LogName): Promise<{ first: number; tip: number } | null> {
  const bounds = await store.bounds(log)
  return bounds === null ? null : { first: bounds.first, tip: bounds.tip }
}

/** The status, sequence or code of each outcome: `['1', 'duplicate of 1', 'KEY_CONFLICT']`. */
export function summary(outcomes: readonly AppendOutcome[]): readonly string[] {
  return outcomes.map(outcome => {
    if (outcome.status === 'appended') return `${outcome.seq}`
    return outcome.status === 'duplicate' ? `duplicate of ${outcome.seq}` : outcome.error.code
  })
}

/** The promise rejects with that code, and with at least these facts. */
export async function rejects<Code extends ErrorCode>(
  promise: Promise<unknown>,
  code: Code,
  facts: Partial<ErrorFacts[Code]> = {},
): Promise<void> {
  const error: unknown = await promise.then(
    () => assert.fail(`resolved, where ${code} was expected`),
    (reason: unknown) => reason,
  )
  assertError(error, code, facts)
}

/** The error has that code, and at least these facts. */
export function assertError<Code extends ErrorCode>(
  error: unknown,
  code: Code,
  facts: Partial<ErrorFacts[Code]> = {},
): void {
  if (!isTwinlogError(error)) throw error
  const actual = Object.fromEntries(Object.keys(facts).map(name => [name, Reflect.get(error, name) as unknown]))
  assert.deepEqual({ code: error.code, ...actual }, { code, ...facts })
}
