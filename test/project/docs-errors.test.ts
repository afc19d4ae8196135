/** docs/errors.md lists every error code once, with the facts it carries, and no other. */
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { codeWords, read, tableIn } from './sources.ts'

const columns = ['code', 'facts', 'meaning', 'what a host does']

/** From each code of `ErrorFacts` to the names of its facts. */
function factsInCode(): Map<string, string[]> {
  const { program } = parseSync('errors.ts', read('src/errors.ts'))
  const declared = program.body.flatMap(statement => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined
    return declaration?.type === 'TSInterfaceDeclaration' && declaration.id.name === 'ErrorFacts' ? [declaration] : []
  })
  return new Map(
    membersOf(declared[0]!.body.body).map(([code, type]) => [
      code,
      type.type === 'TSTypeLiteral' ? membersOf(type.members).map(([fact]) => fact) : [],
    ]),
  )
}

type Members = Extract<
  ReturnType<typeof parseSync>['program']['body'][number],
  { type: 'TSInterfaceDeclaration' }
>['body']['body']
type Type = NonNullable<Extract<Members[number], { type: 'TSPropertySignature' }>['typeAnnotation']>['typeAnnotation']

function membersOf(members: Members): [name: string, type: Type][] {
  return members.map(member => {
    if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || !member.typeAnnotation) {
      throw new Error('ErrorFacts holds something that is no plain property')
    }
    return [member.key.name, member.typeAnnotation.typeAnnotation]
  })
}

const documented = read('docs/errors.md')
  .split(/^## /m)
  .filter(section => section.includes(`| ${columns.join(' | ')} |`))
  .flatMap(section => tableIn(section, ...columns))
  .map(([code, facts]) => [codeWords(code!)[0]!, codeWords(facts!)] as const)
const declared = factsInCode()

describe('docs/errors.md', () => {
  it('lists every code once, and no other', () => {
    expect(documented.map(([code]) => code).toSorted()).toEqual([...declared.keys()].toSorted())
  })

  it.each(documented)('names the facts of %s', (code, facts) => {
    expect(facts.toSorted()).toEqual(declared.get(code)?.toSorted())
  })

  it('names no code that is none', () => {
    const named = read('docs/errors.md').match(/`[A-Z][A-Z_]+`/g) ?? []
    expect(named.flatMap(codeWords).filter(code => !declared.has(code))).toEqual([])
  })
})
