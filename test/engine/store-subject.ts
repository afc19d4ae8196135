/** Puts the operations of the model to a store of the public API. */
import assert from 'node:assert/strict'
import { isTwinlogError } from '../../src/errors.ts'
import type { AppendOptions, FlushItem, Log, LogRecord, Page, Store } from '../../src/actors/types.ts'
import type {
  Failure,
  LogQuestion,
  LogRef,
  Operation,
  PageRange,
  Part,
  ReadRecord,
  Result,
} from '../model/operations.ts'

/** The result of an operation: its value, or the code and facts of its `TwinlogError`. */
export async function runOn(store: Store, operation: Operation): Promise<Result> {
  try {
    return { value: await valueOf(store, operation) }
  } catch (error) {
    return failureOf(error)
  }
}

function valueOf(store: Store, operation: Operation): Promise<unknown> {
  switch (operation.type) {
    case 'add':
      return store.actors.add(operation.actor)
    case 'remove':
      return store.actors.remove(operation.actor)
    case 'status':
      return store.actors.status(operation.actor)
    case 'list':
      return collect(store.actors.list())
    case 'append':
      return append(store, operation)
    case 'flush': {
      const items = operation.parts.map(part => flushItem(store, part))
      const { onConflict } = operation
      return outcomes(store.append(items, onConflict === undefined ? {} : { onConflict }))
    }
    case 'trim':
      return logIn(store, operation.log).trim({ before: operation.before })
    case 'redact':
      return logIn(store, operation.log).redact(operation.seq)
    case 'tip':
      return logIn(store, operation.log).tip()
    default:
      return ask(logIn(store, operation.log), operation)
  }
}

function ask(log: Log, operation: LogQuestion): Promise<unknown> {
  switch (operation.type) {
    case 'bounds':
      return log.bounds()
    case 'get':
      return log.get(operation.seq).then(record => (record === undefined ? undefined : readRecord(record)))
    case 'page':
      return page(log, operation.options)
    case 'read':
      return collect(log.read(operation.options)).then(records => records.map(readRecord))
    case 'follow':
      return follow(log, operation.after, operation.count)
    case 'find':
      return log.find(operation.key)
  }
}

function append(store: Store, part: Part): Promise<unknown> {
  const log = logIn(store, part.log)
  const { body } = part
  if (body.codec === 'msgpack') return log.append(body.value, optionsOf(part))
  if (body.codec === 'json') return log.appendJson(body.value, optionsOf(part))
  return log.appendBytes(Buffer.from(body.value, 'hex'), optionsOf(part))
}

function flushItem(store: Store, part: Part): FlushItem {
  const { body } = part
  const rest = { log: logIn(store, part.log), ...optionsOf(part) }
  if (body.codec === 'msgpack') return { ...rest, value: body.value }
  if (body.codec === 'json') return { ...rest, json: body.value }
  return { ...rest, bytes: Buffer.from(body.value, 'hex') }
}

function optionsOf({ key, expectedTip, ifExists, meta }: Part): AppendOptions {
  return {
    ...(key === undefined ? {} : { key }),
    ...(expectedTip === undefined ? {} : { expectedTip }),
    ...(ifExists === undefined ? {} : { ifExists }),
    ...(meta === undefined ? {} : { meta }),
  }
}

async function outcomes(pending: ReturnType<Store['append']>): Promise<unknown> {
  return (await pending).map(outcome => (outcome.error === undefined ? outcome : { error: failureOf(outcome.error) }))
}

async function page(log: Log, { everyNth, ...options }: PageRange): Promise<unknown> {
  const where = everyNth === undefined ? {} : { where: ({ seq }: LogRecord) => seq % everyNth === 0 }
  const found: Page = await log.page({ ...options, ...where })
  return { ...found, items: found.items.map(readRecord) }
}

async function follow(log: Log, after: number | undefined, count: number): Promise<unknown> {
  const records: ReadRecord[] = []
  const abort = new AbortController()
  const { signal } = abort
  const following = log.follow(after === undefined ? { signal } : { after, signal })
  try {
    if (count === 0) abort.abort()
    for await (const record of following) {
      if (records.push(readRecord(record)) === count) abort.abort()
    }
  } catch (error) {
    if (error !== signal.reason) throw error
  }
  return records
}

async function collect<Each>(all: AsyncIterable<Each>): Promise<Each[]> {
  const found: Each[] = []
  for await (const each of all) found.push(each)
  return found
}

/** The record as the model knows it. What else the record says must agree with that. */
function readRecord({ seq, codec, value, meta, bytes, receivedAt, redacted }: LogRecord): ReadRecord {
  assert(Number.isSafeInteger(receivedAt) && receivedAt >= 0)
  if (redacted) {
    assert.deepEqual([bytes.length, value, meta], [0, undefined, undefined])
    return { seq, codec, value, meta, redacted }
  }
  if (codec === 'msgpack') return { seq, codec, value, meta, redacted }
  const text = Buffer.from(bytes).toString(codec === 'json' ? 'utf8' : 'hex')
  if (codec === 'json') assert.deepEqual(value, JSON.parse(text))
  else assert.deepEqual(value, bytes)
  return { seq, codec, value: text, meta, redacted }
}

export function logIn(store: Store, { actor, box }: LogRef): Log {
  return box === 'inbox' ? store.inbox(actor) : store.outbox(actor)
}

function failureOf(error: unknown): Failure {
  if (!isTwinlogError(error)) throw error
  const { name: _, code, ...facts } = error
  return { code, facts: { ...facts } }
}
