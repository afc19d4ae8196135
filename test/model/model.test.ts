/** The model is what all else is held against, so it is checked by itself: by examples, and never to touch its input. */
import { types } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { change, operation } from './arbitraries.ts'
import { emptyState, logOf, run } from './model.ts'
import { isNamed } from './named.ts'
import type { LogRef, Operation, Result } from './operations.ts'

const inbox: LogRef = { actor: 'alice', box: 'inbox' }
const outbox: LogRef = { actor: 'alice', box: 'outbox' }
const body = (value: unknown): { codec: 'msgpack'; value: unknown } => ({ codec: 'msgpack', value })
const record = (seq: number, value: unknown): object => ({
  seq,
  codec: 'msgpack',
  value,
  meta: undefined,
  redacted: false,
})

function runAll(operations: readonly Operation[], from = emptyState): [typeof emptyState, Result[]] {
  let state = from
  const results = operations.map(each => {
    const [next, result] = run(state, each)
    state = next
    return result
  })
  return [state, results]
}

function deepFreeze(value: unknown): void {
  // The memory of a typed array can't be frozen; the model is never handed one to write to.
  if (typeof value !== 'object' || value === null || types.isTypedArray(value) || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const each of Object.values(value)) deepFreeze(each)
}

describe('run', () => {
  it('never changes the state it is given', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), operations => {
        let state = emptyState
        for (const each of operations) {
          deepFreeze(state)
          state = run(state, each)[0]
        }
      }),
    )
  })

  it('gives the same answer for the same question', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), operations => {
        expect(runAll(operations)).toEqual(runAll(operations))
      }),
    )
  })

  it('gives back the very state it was given when it refuses', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), operation, (operations, last) => {
        const [state] = runAll(operations)
        const [next, result] = run(state, last)
        if ('code' in result) expect(next).toBe(state)
      }),
    )
  })

  it('changes no log but those an operation names', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), change, (operations, last) => {
        const [state] = runAll(operations)
        const [next] = run(state, last)
        for (const { id, ...logs } of state.actors) {
          for (const box of ['inbox', 'outbox'] as const) {
            if (isNamed({ actor: id, box }, last)) continue
            expect(logOf(next, { actor: id, box })).toBe(logs[box])
          }
        }
      }),
    )
  })
})

describe('a story, told in full', () => {
  const story: readonly [Operation, Result][] = [
    [{ type: 'tip', log: inbox }, { value: null }],
    [{ type: 'status', actor: 'alice' }, { value: 'unknown' }],
    [
      { type: 'find', log: inbox, key: 'k' },
      { code: 'NO_ACTOR', facts: { actor: 'alice', status: 'unknown' } },
    ],
    [{ type: 'add', actor: 'alice' }, { value: { added: true } }],
    [{ type: 'add', actor: 'alice' }, { value: { added: false } }],
    [{ type: 'bounds', log: inbox }, { value: { first: 1, tip: 0 } }],
    [{ type: 'page', log: inbox, options: {} }, { value: { items: [], older: null, newer: null } }],
    [{ type: 'append', log: inbox, body: body('a'), key: 'k' }, { value: { seq: 1, duplicate: false } }],
    [{ type: 'append', log: inbox, body: body('a'), key: 'k' }, { value: { seq: 1, duplicate: true } }],
    [
      { type: 'append', log: inbox, body: body('b'), key: 'k' },
      { code: 'KEY_CONFLICT', facts: { ...inbox, seq: 1 } },
    ],
    [
      { type: 'append', log: inbox, body: body('b'), key: 'k', ifExists: 'keep' },
      { value: { seq: 1, duplicate: true } },
    ],
    [
      { type: 'append', log: inbox, body: body('b'), expectedTip: 0 },
      { code: 'TIP_CONFLICT', facts: { ...inbox, expected: 0, actual: 1 } },
    ],
    [{ type: 'append', log: inbox, body: body('b'), expectedTip: 1 }, { value: { seq: 2, duplicate: false } }],
    [{ type: 'tip', log: outbox }, { value: 0 }],
    [
      {
        type: 'flush',
        onConflict: 'skip',
        parts: [
          { log: inbox, body: body('c') },
          { log: outbox, body: body('c'), expectedTip: 7 },
        ],
      },
      {
        value: [
          { seq: 3, duplicate: false },
          { error: { code: 'TIP_CONFLICT', facts: { ...outbox, expected: 7, actual: 0 } } },
        ],
      },
    ],
    [{ type: 'trim', log: inbox, before: 2 }, { value: { first: 2, tip: 3 } }],
    [{ type: 'trim', log: inbox, before: 1 }, { value: { first: 2, tip: 3 } }],
    [
      { type: 'trim', log: inbox, before: 5 },
      { code: 'OUT_OF_RANGE', facts: { argument: 'before', value: 5, min: 1, max: 4 } },
    ],
    [
      { type: 'get', log: inbox, seq: 1 },
      { code: 'TRIMMED', facts: { ...inbox, first: 2, tip: 3 } },
    ],
    [{ type: 'get', log: inbox, seq: 2 }, { value: record(2, 'b') }],
    [{ type: 'get', log: inbox, seq: 4 }, { value: undefined }],
    [{ type: 'find', log: inbox, key: 'k' }, { value: 1 }],
    [{ type: 'read', log: inbox, options: {} }, { value: [record(2, 'b'), record(3, 'c')] }],
    [
      { type: 'read', log: inbox, options: { after: 4 } },
      { code: 'AHEAD', facts: { cursor: 4, tip: 3 } },
    ],
    [
      { type: 'page', log: inbox, options: { limit: 1 } },
      { value: { items: [record(3, 'c')], older: 3, newer: null } },
    ],
    [
      { type: 'page', log: inbox, options: { limit: 1, before: 3 } },
      { value: { items: [record(2, 'b')], older: null, newer: 2 } },
    ],
    [
      { type: 'page', log: inbox, options: { after: 1, everyNth: 3 } },
      { value: { items: [record(3, 'c')], older: null, newer: null } },
    ],
    [{ type: 'redact', log: inbox, seq: 2 }, { value: { redacted: true } }],
    [{ type: 'redact', log: inbox, seq: 2 }, { value: { redacted: false } }],
    [
      { type: 'redact', log: inbox, seq: 1 },
      { code: 'TRIMMED', facts: { ...inbox, first: 2, tip: 3 } },
    ],
    [
      { type: 'redact', log: inbox, seq: 4 },
      { code: 'OUT_OF_RANGE', facts: { argument: 'seq', value: 4, min: 1, max: 3 } },
    ],
    [{ type: 'get', log: inbox, seq: 2 }, { value: { ...record(2, undefined), redacted: true } }],
    [{ type: 'page', log: inbox, options: { everyNth: 2 } }, { value: { items: [], older: null, newer: null } }],
    [{ type: 'remove', actor: 'alice' }, { value: { removed: true } }],
    [{ type: 'remove', actor: 'alice' }, { value: { removed: false } }],
    [{ type: 'status', actor: 'alice' }, { value: 'removed' }],
    [{ type: 'tip', log: inbox }, { value: null }],
    [{ type: 'add', actor: 'alice' }, { value: { added: true } }],
    [{ type: 'bounds', log: inbox }, { value: { first: 1, tip: 0 } }],
    [{ type: 'find', log: inbox, key: 'k' }, { value: undefined }],
    [{ type: 'append', log: inbox, body: body('b'), key: 'k' }, { value: { seq: 1, duplicate: false } }],
  ]

  it('has the results that the API promises', () => {
    const [, results] = runAll(story.map(([each]) => each))
    expect(results).toEqual(story.map(([, result]) => result))
  })
})
