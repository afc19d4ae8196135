/** The rules of coverage and freshness by themselves, away from any request. */
import { describe, expect, it } from 'vitest'
import { missingCoverage } from '../../src/signatures/coverage.ts'
import { checkFreshness, expiryOf } from '../../src/signatures/freshness.ts'
import { codeOf, now } from './fixtures.ts'

const minute = 60_000
const hour = 60 * minute

describe('coverage', () => {
  const cavage = { form: 'cavage', hasBody: true, hasQuery: true } as const
  const rfc9421 = { form: 'rfc9421', hasBody: true, hasQuery: true } as const

  it('names all that is missing', () => {
    expect(missingCoverage({ ...cavage, covered: [] })).toEqual([
      '(request-target)',
      'host',
      'digest',
      'date|(created)',
    ])
    expect(missingCoverage({ ...cavage, covered: ['host'], hasBody: false })).toEqual([
      '(request-target)',
      'date|(created)',
    ])
    const names = ['@method', 'content-digest', 'created', 'keyid', '@target-uri']
    expect(missingCoverage({ ...rfc9421, covered: [] })).toEqual(names)
  })

  it('takes no parameter for a component, and no component for a parameter', () => {
    const components = ['@method', '@target-uri', 'content-digest']
    const parameters = ['created', 'keyid']
    expect(missingCoverage({ ...rfc9421, covered: components, parameters })).toEqual([])
    const swapped = missingCoverage({ ...rfc9421, covered: parameters, parameters: components })
    expect(swapped.toSorted()).toEqual([...components, ...parameters].toSorted())
  })
})

describe('freshness', () => {
  it('gives a life of five minutes, and twelve hours at most', () => {
    expect(expiryOf({ created: now })).toBe(now + 5 * minute)
    expect(expiryOf({ created: now, expires: now + hour })).toBe(now + hour)
    expect(expiryOf({ created: now, expires: now + 13 * hour })).toBe(now + 12 * hour)
  })

  it('refuses a time that is no number', () => {
    const times = [
      [{ created: Number.NaN }, now],
      [{ created: now, expires: Number.NaN }, now],
      [{ created: now }, Number.NaN],
    ] as const
    for (const [time, at] of times) expect(codeOf(checkFreshness(time, at))).not.toBe('accepted')
    expect(codeOf(checkFreshness({ created: now }, now))).toBe('accepted')
  })
})
