/** Invariant 9: what is read equals what was appended; what a codec would change, it refuses before anything is written. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Body, LogRef, Operation, ReadRecord } from '../model/operations.ts'
import { kinds } from './kinds.ts'
import { anyValue, hardValues, isIdentical, ordinaryValues } from './payloads.ts'
import { runs } from './runs.ts'
import type { Subject } from './subject.ts'
import { runAll, valueOf } from './with-subject.ts'

const log: LogRef = { actor: 'alice', box: 'inbox' }
const other: LogRef = { actor: 'alice', box: 'outbox' }

const refusals = new Set(['UNSUPPORTED_VALUE', 'PAYLOAD_TOO_LARGE', 'META_TOO_LARGE', 'INVALID_JSON'])

/** Each way to write a body; a flush gives the same value twice, as a fan-out does. */
function waysToAppend(body: Body): readonly Operation[] {
  const asMeta: Operation = { type: 'append', log, body: { codec: 'msgpack', value: 'with meta' }, meta: body.value }
  return [
    { type: 'append', log, body },
    // A meta of undefined is none.
    ...(body.value === undefined ? [] : [asMeta]),
    {
      type: 'flush',
      parts: [
        { log: other, body },
        { log, body },
      ],
    },
  ]
}

async function tipOf(subject: Subject, of: LogRef): Promise<number> {
  return valueOf(await subject.run({ type: 'tip', log: of })) as number
}

/** The newest record, read in each of the ways there are. */
async function newest(subject: Subject, of: LogRef): Promise<readonly ReadRecord[]> {
  const seq = await tipOf(subject, of)
  const get = valueOf(await subject.run({ type: 'get', log: of, seq })) as ReadRecord
  const page = valueOf(await subject.run({ type: 'page', log: of, options: { limit: 1 } })) as { items: ReadRecord[] }
  const read = valueOf(await subject.run({ type: 'read', log: of, options: { after: seq - 1 } })) as ReadRecord[]
  return [get, ...page.items, ...read]
}

/** Whether the value was taken: then it is there exactly. If it was refused, nothing is. */
async function isTaken(subject: Subject, body: Body): Promise<boolean> {
  const taken: boolean[] = []
  for (const operation of waysToAppend(body)) {
    const isMeta = operation.type === 'append' && operation.meta !== undefined
    const logs = operation.type === 'flush' ? [log, other] : [log]
    const tips = await Promise.all([log, other].map(each => tipOf(subject, each)))
    const result = await subject.run(operation)
    if ('code' in result) {
      assert(refusals.has(result.code), `refused with ${result.code}`)
      assert.deepEqual(await Promise.all([log, other].map(each => tipOf(subject, each))), tips)
      if (!isMeta) taken.push(false)
      continue
    }
    if (!isMeta) taken.push(true)
    for (const of of logs) {
      for (const record of await newest(subject, of)) {
        const actual = isMeta ? record.meta : record.value
        if (!isIdentical(actual, body.value)) assert.fail(`${inspect(body.value)} came back as ${inspect(actual)}`)
      }
    }
  }
  assert.equal(new Set(taken).size, 1, 'alone or in a flush, a value is taken or refused')
  return taken[0]!
}

const goodJson: Readonly<Record<string, string>> = {
  'white space': ' {\n\t"a" :\r\n [ 1 ,2 ] } ',
  'keys twice': '{"a":1,"a":2}',
  'numbers no double holds': '[12345678901234567890, 0.1000000000000000000001, 1e400, -0, 1E+2]',
  'escapes of lone surrogates': '"\\ud800"',
  'escapes that need not be': '"\\u0061\\/"',
  'a key __proto__': '{"__proto__":{"a":1},"constructor":null}',
  'a text of one character': '1',
  'line separators': '"\u2028\u2029"',
  'an empty string': '""',
  null: 'null',
}

const badJson: Readonly<Record<string, string>> = {
  nothing: '',
  'white space alone': ' ',
  'two texts': '1 2',
  'a comma too many': '[1,]',
  'single quotes': "{'a':1}",
  NaN: 'NaN',
  undefined: 'undefined',
  'a comment': '1 // one',
  'a text cut short': '{"a":',
  'a lone surrogate': '"\uD800"',
  'a byte order mark': '\uFEFF1',
  'a control character': '"\u0001"',
}

for (const { kind, share } of kinds) {
  describe(kind.name, () => {
    let subject: Subject
    beforeAll(async () => {
      subject = await kind.open()
      await runAll(subject, [{ type: 'add', actor: 'alice' }])
    })
    afterAll(() => subject.close())

    for (const [name, value] of Object.entries(ordinaryValues)) {
      it(`invariant 9: ${name} comes back exactly`, async () => {
        assert(await isTaken(subject, { codec: 'msgpack', value }))
      })
    }

    for (const [name, value] of Object.entries(hardValues)) {
      it(`invariant 9: ${name} comes back exactly, or is refused before anything is written`, async () => {
        await isTaken(subject, { codec: 'msgpack', value })
      })
    }

    for (const [name, value] of Object.entries(goodJson)) {
      it(`invariant 9: JSON with ${name} comes back byte for byte`, async () => {
        assert(await isTaken(subject, { codec: 'json', value }))
      })
    }

    for (const [name, value] of Object.entries(badJson)) {
      it(`invariant 9: ${name} is not JSON, and is refused`, async () => {
        assert(!(await isTaken(subject, { codec: 'json', value })))
      })
    }

    it('invariant 9: any value comes back exactly, or is refused before anything is written', async () => {
      await fc.assert(
        fc.asyncProperty(anyValue, async value => void (await isTaken(subject, { codec: 'msgpack', value }))),
        runs(1000 * share),
      )
    })

    it('invariant 9: any bytes come back exactly', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5000, size: 'max' }), async bytes => {
          assert(await isTaken(subject, { codec: 'bytes', value: Buffer.from(bytes).toString('hex') }))
        }),
        runs(100 * share),
      )
    })

    it('invariant 9: what was taken is still there exactly after reopening', async () => {
      const values = [...Object.values(ordinaryValues), ...Object.values(hardValues)]
      const taken: [seq: number, value: unknown][] = []
      for (const value of values) {
        const result = await subject.run({ type: 'append', log, body: { codec: 'msgpack', value } })
        if ('value' in result) taken.push([(result.value as { seq: number }).seq, value])
      }
      await subject.can.reopen?.()
      for (const [seq, value] of taken) {
        const record = valueOf(await subject.run({ type: 'get', log, seq })) as ReadRecord
        assert(isIdentical(record.value, value))
      }
    })
  })
}
