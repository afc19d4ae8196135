/** docs/invariants.md numbers its invariants without gaps, and the tests it names are there and speak of them. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { codeWords, filesIn, read, root } from './sources.ts'

const sections = read('docs/invariants.md')
  .split(/^## /m)
  .flatMap(text => {
    const number = /^(\d+)\. /.exec(text)?.[1]
    return number === undefined ? [] : [{ number: Number(number), text }]
  })

/** The numbers that a test's titles claim to prove: `invariant 1`, `invariants 4 and 5`, `invariants 1, 2 and 3`. */
function claimedBy(path: string): Set<number> {
  const claims = [...read(path).matchAll(/\binvariants? (\d+(?:(?:, | and )\d+)*)/gi)].map(match => match[1]!)
  return new Set(claims.flatMap(claim => claim.split(/, | and /).map(Number)))
}

it('the invariants are numbered 1, 2, 3 …', () => {
  expect(sections.length).toBeGreaterThan(0)
  expect(sections.map(({ number }) => number)).toEqual(sections.map((_, index) => index + 1))
})

it('no test speaks of an invariant that is not there', () => {
  const paths = filesIn('test', '.test.ts').filter(path => !path.startsWith('test/project/'))
  const unknown = paths.flatMap(path =>
    [...claimedBy(path)].filter(number => number > sections.length).map(number => `${path}: ${number}`),
  )
  expect(unknown).toEqual([])
})

describe.each(sections)('invariant $number', ({ number, text }) => {
  const proofs = codeWords(/^- Proved by (.+?)$(?=\n- Not promised)/ms.exec(text)?.[1] ?? '').filter(word =>
    word.startsWith('test/'),
  )

  it('says what proves it, and what is not promised', () => {
    expect(proofs).not.toEqual([])
    expect(text).toContain('\n- Not promised: ')
  })

  it('the tests it names are there, and one of them names it', () => {
    expect(proofs.filter(path => !existsSync(`${root}/${path}`))).toEqual([])
    expect(proofs.some(path => claimedBy(path).has(number))).toBe(true)
  })
})
