/**
 * What a host's editor and compiler see. `npm run types` checks this file; it is never run. A line that must not
 * compile stands behind `@ts-expect-error`, which is itself an error when it does.
 */
import {
  createFetchDocument,
  FetchError,
  createInbound,
  isTwinlogError,
  open,
  peerFromDocument,
  type AppendResult,
  type Bounds,
  type ConsumerRecord,
  type FeedRecord,
  type CompactReport,
  type FlushResult,
  type FetchedDocument,
  type HostStore,
  type InboundOptions,
  type Log,
  type LogRecord,
  type PeerState,
  type RetentionReport,
  type Store,
  type TwinlogError,
  type Verdict,
} from 'twinlog'
import { conformance } from 'twinlog/conformance'
import { openMemory, signedDelivery, testPeer } from 'twinlog/testing'
import { expectTypeOf } from 'vitest'

interface Note {
  readonly type: 'Note'
  readonly content: string
}

declare const store: Store
declare const log: Log
declare const failure: unknown
declare const signal: AbortSignal

expectTypeOf(open).returns.resolves.toEqualTypeOf<HostStore>()
expectTypeOf(openMemory).returns.resolves.toEqualTypeOf<HostStore>()
expectTypeOf(conformance).parameter(0).toHaveProperty('reopen')

// Answers.
expectTypeOf(log.append({})).resolves.toEqualTypeOf<AppendResult>()
expectTypeOf(log.tip()).resolves.toEqualTypeOf<number | null>()
expectTypeOf(log.bounds()).resolves.toEqualTypeOf<Bounds>()
expectTypeOf(log.find('key')).resolves.toEqualTypeOf<number | undefined>()
expectTypeOf(log.redact(1)).resolves.toEqualTypeOf<{ readonly redacted: boolean }>()
expectTypeOf(log.retain({ maxRecords: 1 })).resolves.toEqualTypeOf<Bounds>()
expectTypeOf(store.retain({ inbox: { maxAge: 1 } })).resolves.toEqualTypeOf<RetentionReport>()
expectTypeOf(store.compact()).resolves.toEqualTypeOf<CompactReport>()
expectTypeOf(store.append([])).resolves.toEqualTypeOf<readonly FlushResult[]>()
expectTypeOf(store.actors.status('id')).resolves.toEqualTypeOf<'active' | 'removed' | 'unknown'>()

// The value's type is the reader's claim; `unknown` without one.
expectTypeOf(log.get(1)).resolves.toEqualTypeOf<LogRecord | undefined>()
expectTypeOf(log.get<Note>(1)).resolves.toEqualTypeOf<LogRecord<Note> | undefined>()
expectTypeOf(log.follow<Note>()).toExtend<AsyncIterable<LogRecord<Note>>>()
expectTypeOf<LogRecord['value']>().toBeUnknown()
void log.page<Note>({ where: ({ value }) => value.content.length > 0 })

// So it is for consumers; a projection's state is what `init` makes.
expectTypeOf(store.feed<Note>()).toExtend<AsyncIterable<FeedRecord<Note>>>()
expectTypeOf<FeedRecord['position']>().toEqualTypeOf<string>()
expectTypeOf(store.cursor<Note>('c').follow()).toExtend<AsyncIterable<ConsumerRecord<Note>>>()
void store.cursor<Note>('c').run(({ value }) => ({ append: [{ log, value: value.content }] }), { signal })
void store.worker<Note>('w', { box: 'outbox', targets: ({ value }) => [value.type] }).run(() => ({ retryAfterMs: 5 }))
// @ts-expect-error no such answer
void store.worker('w').run(() => 'later')
const lengths = store.projection<{ sum: number }, Note>({
  name: 'lengths',
  version: 1,
  init: () => ({ sum: 0 }),
  apply: ({ sum }, { value }) => ({ sum: sum + value.content.length }),
})
expectTypeOf(lengths.state).toEqualTypeOf<{ sum: number } | undefined>()

// An option that is there but undefined is as good as none.
void log.append({}, { key: undefined, expectedTip: undefined, ifExists: undefined })
log.read({ after: undefined, before: undefined, limit: undefined, signal: undefined })
log.follow({ after: 3, signal })

// An error narrows by its code, and brings its facts.
if (isTwinlogError(failure)) {
  switch (failure.code) {
    case 'TIP_CONFLICT':
      expectTypeOf(failure.actual).toEqualTypeOf<number>()
      break
    case 'NO_ACTOR':
      expectTypeOf(failure.status).toEqualTypeOf<'unknown' | 'removed'>()
      break
    default:
      expectTypeOf(failure.message).toBeString()
  }
}
if (isTwinlogError(failure, 'TRIMMED')) expectTypeOf(failure.first).toEqualTypeOf<number>()
expectTypeOf<TwinlogError>().toExtend<Error>()

// One part of a flush has exactly one content.
void store.append([
  { log, value: 1 },
  { log, json: '{}' },
  { log, bytes: new Uint8Array() },
])
// @ts-expect-error two contents
void store.append([{ log, value: 1, json: '{}' }])
// @ts-expect-error a name is no handle
void store.append([{ log: 'https://example.com/users/alice', value: 1 }])
// @ts-expect-error no such option
void open('./data', { readonly: true })
// @ts-expect-error no such choice
void log.append({}, { ifExists: 'replace' })
// @ts-expect-error what was read is not to be written to
;(await log.bounds()).first = 2

// Fetching: a host's own function will do.
expectTypeOf(
  createFetchDocument({ userAgent: 'x', signer: undefined })('', { signal }),
).resolves.toEqualTypeOf<FetchedDocument>()
expectTypeOf(
  peerFromDocument(createFetchDocument({ userAgent: 'x' }))('', { signal }),
).resolves.toEqualTypeOf<PeerState>()
void peerFromDocument(async url => ({ finalUrl: url, contentType: '', document: {} }), { allowHttp: undefined })
// @ts-expect-error: whose requests these are has to be said
createFetchDocument({})
if (failure instanceof FetchError && failure.code === 'status')
  expectTypeOf(failure.status).toEqualTypeOf<number | undefined>()
// A verdict narrows by `accepted`, and a refusal has a code that is known or the host's own.
declare const verdict: Verdict
declare const inboundOptions: InboundOptions
if (verdict.accepted) {
  expectTypeOf(verdict.status).toEqualTypeOf<202>()
  const [outcome] = verdict.inboxes
  if (outcome?.refused === undefined) expectTypeOf(outcome?.seq).toEqualTypeOf<number | undefined>()
  else expectTypeOf(outcome.refused).toEqualTypeOf<'id_conflict' | 'inbox_gone'>()
} else {
  expectTypeOf(verdict.retry).toEqualTypeOf<boolean>()
  expectTypeOf(verdict.code).toExtend<string>()
}
const inbound = createInbound(inboundOptions)
const delivery = signedDelivery({ from: testPeer('https://a.example/b'), to: 'https://c.example/d', activity: {} })
expectTypeOf(inbound.receive(delivery)).resolves.toEqualTypeOf<Verdict>()
expectTypeOf(inbound.handle(new Request('https://c.example/d'))).resolves.toEqualTypeOf<Response>()
// @ts-expect-error a store without peers can't verify anything
createInbound({ ...inboundOptions, store })
// @ts-expect-error a route is needed
createInbound({ store: inboundOptions.store, origin: '', fetchPeer: inboundOptions.fetchPeer })
