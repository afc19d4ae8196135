/** Random operations over few actors, keys and bodies, so that they meet each other often. */
import fc from 'fast-check'
import type { Body, Change, LogQuestion, LogRef, Operation, Part, Question } from './operations.ts'

/** Ids that a careless key encoding would confuse. */
export const actorIds: readonly string[] = ['alice', 'alice/inbox', 'https://example.com/users/ü']
export const keys: readonly string[] = ['k', 'K', 'https://example.com/activities/1', '\u0000', '💧'.repeat(300)]

/** Plain objects: fast-check would also make some without a prototype, which the codec refuses and the model ignores. */
function plain<T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true })
}

const boxes = ['inbox', 'outbox'] as const

export const allLogs: readonly LogRef[] = actorIds.flatMap(actor => boxes.map(box => ({ actor, box })))

const actor = fc.constantFrom(...actorIds)
const log: fc.Arbitrary<LogRef> = plain({ actor, box: fc.constantFrom(...boxes) })
const key = fc.constantFrom(...keys)

/** What a msgpack value may be, beside objects: these have one encoding each, so equal values are the same bytes. */
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }).filter(text => !text.startsWith('\uFEFF')),
  fc.integer(),
  fc.double().filter(each => !Object.is(each, -0)),
  fc.boolean(),
  fc.constantFrom(null, undefined, 2 ** 53, Number.MAX_SAFE_INTEGER, 5n, 2n ** 64n - 1n, -(2n ** 63n)),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
)
const value = fc.oneof(scalar, fc.array(scalar), plain({ type: fc.string(), object: fc.array(scalar) }))
const json: fc.Arbitrary<Body> = fc.json().map(text => ({ codec: 'json', value: text }))
const bytes: fc.Arbitrary<Body> = fc
  .uint8Array()
  .map(each => ({ codec: 'bytes', value: Buffer.from(each).toString('hex') }))
/** Bodies that come again and again, so that a key meets the same bytes, and others, and another codec. */
const repeated = fc.constantFrom<Body>(
  { codec: 'msgpack', value: { type: 'Like' } },
  { codec: 'msgpack', value: 'Like' },
  { codec: 'json', value: '"Like"' },
  { codec: 'json', value: ' "Like"' },
  // The same bytes in two codecs.
  { codec: 'json', value: '1' },
  { codec: 'bytes', value: '31' },
)
const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 4, arbitrary: repeated },
  { weight: 2, arbitrary: value.map((each): Body => ({ codec: 'msgpack', value: each })) },
  { weight: 1, arbitrary: json },
  { weight: 1, arbitrary: bytes },
)
const large: fc.Arbitrary<Body> = fc
  .integer({ min: 1_000, max: 100_000 })
  .map(length => ({ codec: 'msgpack', value: 'x'.repeat(length) }))

const rest = fc.record(
  {
    key,
    expectedTip: fc.nat({ max: 6 }),
    ifExists: fc.constantFrom('conflict' as const, 'keep' as const),
    meta: fc.oneof(scalar, plain({ signedBy: fc.string() })),
  },
  { requiredKeys: [], noNullPrototype: true },
)
/** A key more often than not, an expected tip less often. */
const options = fc
  .tuple(rest, fc.nat({ max: 3 }))
  .map(([{ expectedTip, ...others }, chance]) =>
    chance === 0 && expectedTip !== undefined ? { ...others, expectedTip } : others,
  )

export const part: fc.Arbitrary<Part> = fc
  .tuple(log, body, options)
  .map(([to, what, how]) => ({ log: to, body: what, ...how }))

const onConflict = fc.constantFrom('reject' as const, 'skip' as const)
export const append: fc.Arbitrary<Change> = fc
  .tuple(log, fc.oneof({ weight: 9, arbitrary: body }, { weight: 1, arbitrary: large }), options)
  .map(([to, what, how]) => ({ type: 'append', log: to, body: what, ...how }))
export const flush: fc.Arbitrary<Change> = fc.record(
  { type: fc.constant('flush'), parts: fc.array(part, { maxLength: 8 }), onConflict },
  { requiredKeys: ['type', 'parts'], noNullPrototype: true },
)
const trim: fc.Arbitrary<Change> = plain({
  type: fc.constant('trim'),
  log,
  before: fc.integer({ min: 1, max: 10 }),
})

const redact: fc.Arbitrary<Change> = plain({
  type: fc.constant('redact'),
  log,
  seq: fc.integer({ min: 1, max: 10 }),
})

export const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: plain({ type: fc.constant('add'), actor }) },
  { weight: 1, arbitrary: plain({ type: fc.constant('remove'), actor }) },
  { weight: 12, arbitrary: append },
  { weight: 6, arbitrary: flush },
  { weight: 3, arbitrary: trim },
  { weight: 3, arbitrary: redact },
)

const after = fc.nat({ max: 10 })
const before = fc.integer({ min: 1, max: 12 })
const limit = fc.integer({ min: 1, max: 6 })
const paging = { limit, scanMax: fc.integer({ min: 1, max: 6 }), everyNth: fc.integer({ min: 1, max: 3 }) }

export const logQuestion: fc.Arbitrary<LogQuestion> = fc.oneof(
  plain({ type: fc.constant('bounds'), log }),
  plain({ type: fc.constant('get'), log, seq: before }),
  plain({
    type: fc.constant('page'),
    log,
    options: fc.oneof(
      fc.record(paging, { requiredKeys: [], noNullPrototype: true }),
      fc.record({ ...paging, before }, { requiredKeys: ['before'], noNullPrototype: true }),
      fc.record({ ...paging, after }, { requiredKeys: ['after'], noNullPrototype: true }),
    ),
  }),
  plain({
    type: fc.constant('read'),
    log,
    options: fc.record({ after, before, reverse: fc.boolean(), limit }, { requiredKeys: [], noNullPrototype: true }),
  }),
  fc.record(
    { type: fc.constant('follow'), log, after, count: limit },
    { requiredKeys: ['type', 'log', 'count'], noNullPrototype: true },
  ),
  plain({ type: fc.constant('find'), log, key }),
)

export const question: fc.Arbitrary<Question> = fc.oneof(
  { weight: 1, arbitrary: plain({ type: fc.constant('status'), actor }) },
  { weight: 1, arbitrary: fc.constant({ type: 'list' } as const) },
  { weight: 1, arbitrary: plain({ type: fc.constant('tip'), log }) },
  { weight: 6, arbitrary: logQuestion },
)

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: change },
  { weight: 1, arbitrary: question },
)
