/**
 * msgpackr keeps the extensions that `addExtension` gives it for the whole process. A host that taught it to pack dates
 * in its own way would have found records with dates unreadable once it stopped doing so. In a file of its own, because
 * an extension can't be taken back.
 */
import { addExtension } from 'msgpackr'
import { expect, it } from 'vitest'
import { decodeMsgpack, encodeMsgpack } from '../../src/record/codecs/msgpack.ts'

it('a class that the host has taught msgpackr to pack in its own way is refused', () => {
  const encode = (value: unknown): Uint8Array => encodeMsgpack(value, { code: 'PAYLOAD_TOO_LARGE', bytesMax: 1000 })
  const date = new Date(5)
  expect(decodeMsgpack(encode(date))).toEqual(date)
  addExtension({ Class: Date, type: 42, pack: () => Buffer.from('mine'), unpack: () => 'mine' })
  expect(() => encode({ date })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VALUE', path: '$.date' }))
  expect(decodeMsgpack(encode([Uint8Array.of(1)]))).toEqual([Uint8Array.of(1)])
})
