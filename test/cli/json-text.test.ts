import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonTextOf, onOneLine } from '../../src/cli/json-text.ts'
import { objectText } from './json-texts.ts'

it('each value of JSON has a text that gives it back', () =>
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const text = jsonTextOf(value)
      if (text === null) expect(hasMinusZero(value)).toBe(true)
      else expect(JSON.parse(text)).toEqual(value)
    }),
  ))

it.each<[string, unknown]>([
  ['undefined', undefined],
  ['a bigint', 1n],
  ['minus zero', [-0]],
  ['NaN', Number.NaN],
  ['an infinity', { a: Number.POSITIVE_INFINITY }],
  ['a member that is undefined', { a: undefined }],
  ['a hole', Object.assign([], { length: 1 })],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a set', [new Set()]],
  ['bytes', new Uint8Array(1)],
  ['a symbol', Symbol('a')],
  ['a function', () => {}],
  ['an object of a class', new URL('https://example.com')],
])('%s has none', (_, value) => {
  expect(jsonTextOf(value)).toBeNull()
})

it('what is nested too deep for the stack has none', () => {
  let value: unknown = 1
  for (let depth = 0; depth < 1e6; depth++) value = [value]
  expect(jsonTextOf(value)).toBeNull()
})

it('a text on one line says the same', () =>
  fc.assert(
    fc.property(objectText, text => {
      const line = onOneLine(text)
      expect(line).not.toMatch(/[\r\n]/)
      expect(JSON.parse(line)).toEqual(JSON.parse(text))
    }),
  ))

function hasMinusZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0)
  return Object.values(value).some(hasMinusZero)
}
