/** docs/peers.md and docs/json.md list the codes and options that there are. */
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { codeWords, read, tableIn } from './sources.ts'

const peers = read('docs/peers.md')
const firstColumn = (rows: readonly string[][]): string[] => rows.flatMap(([first]) => codeWords(first!)).toSorted()

/** The words of the first union of string literals in a file. */
function codesIn(path: string): string[] {
  const union = parseSync(path, read(path)).program.body.flatMap(statement => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    return declaration?.type === 'TSTypeAliasDeclaration' ? declaration.typeAnnotation : []
  })[0]
  if (union?.type !== 'TSUnionType') throw new Error(`${path} declares no union`)
  return union.types
    .flatMap(type =>
      type.type === 'TSLiteralType' && type.literal.type === 'Literal' ? String(type.literal.value) : [],
    )
    .toSorted()
}

function propertiesIn(path: string, name: string): string[] {
  const [, body = ''] = new RegExp(`interface ${name}\\b[^{]*{(.*?)\n}`, 's').exec(read(path)) ?? []
  return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(match => match[1]!)
}

describe('docs/peers.md', () => {
  it('lists the options of the cache', () => {
    const rows = tableIn(peers, 'option', 'default', 'meaning')
    expect(firstColumn(rows)).toEqual(propertiesIn('src/peers/peer-cache.ts', 'PeerOptions').toSorted())
  })

  it('lists the codes of a FetchError', () => {
    const rows = tableIn(peers.split('### Codes')[1] ?? '', 'code', 'meaning')
    expect(firstColumn(rows)).toEqual(codesIn('src/peers/fetch/fetch-error.ts'))
  })

  it('lists the options of createFetchDocument', () => {
    const own = propertiesIn('src/peers/fetch-document.ts', 'FetchDocumentOptions')
    const shared = propertiesIn('src/peers/fetch/url-rules.ts', 'UrlRules')
    const rows = tableIn(peers, 'option', 'default', 'range', 'meaning')
    expect(rows.flatMap(([first]) => codeWords(first!)).toSorted()).toEqual([...own, ...shared].toSorted())
  })
})

it('docs/json.md lists the codes of a JsonRejection', () => {
  expect(firstColumn(tableIn(read('docs/json.md'), 'code', 'meaning'))).toEqual(codesIn('src/json/json-rejection.ts'))
})
