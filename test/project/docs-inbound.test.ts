/** docs/inbound.md lists every code with its stage, status and retry, in the order of the stages; every option and limit. */
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/inbound/limits.ts'
import { rulings } from '../../src/inbound/verdict.ts'
import { codeWords, read, tableIn } from './sources.ts'

const page = read('docs/inbound.md')

describe('docs/inbound.md', () => {
  it('lists the codes', () => {
    const listed = tableIn(page, 'code', 'stage', 'status', 'retry', 'when')
    const rows = listed.map(([code, stage, status, retry]) =>
      [...codeWords(code!), ...codeWords(stage!), status, retry].join(' '),
    )
    const expected = Object.entries(rulings).map(
      ([code, { stage, status, retry }]) => `${code} ${stage} ${status} ${retry ? 'yes' : 'no'}`,
    )
    expect(rows).toEqual(expected)
  })

  it('lists the limits', () => {
    const listed = tableIn(page, 'limit', 'default', 'meaning').flatMap(([name]) => codeWords(name!))
    expect(listed).toEqual(Object.keys(defaultLimits))
  })
})
