/** docs/api.md names everything that is exported, every option of `open`, every gauge, and every channel. */
import { parseSync } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { codeWords, modulesIn, read, tableIn } from './sources.ts'

const page = read('docs/api.md')
const words = new Set([...page.matchAll(/`[^`\n]+`/g)].flatMap(([span]) => span.match(/[\w$]+/g) ?? []))
const section = (title: string): string => page.split(/^## /m).find(text => text.startsWith(`${title}\n`)) ?? ''
const firstColumn = (rows: readonly string[][]): string[] => rows.flatMap(([first]) => codeWords(first!)).toSorted()

/** The property names of an exported interface. */
function propertiesOf(path: string, name: string): string[] {
  for (const statement of parseSync(path, read(path)).program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined
    if (declaration?.type !== 'TSInterfaceDeclaration' || declaration.id.name !== name) continue
    return declaration.body.body.flatMap(member =>
      member.type === 'TSPropertySignature' && member.key.type === 'Identifier' ? [member.key.name] : [],
    )
  }
  throw new Error(`${path} exports no interface ${name}`)
}

describe('docs/api.md', () => {
  it.each(['index', 'testing', 'conformance'])('names everything that %s.ts exports', name => {
    const module = modulesIn('src').find(({ path }) => path === `src/${name}.ts`)
    expect(module?.exports.map(each => each.name).filter(each => !words.has(each))).toEqual([])
  })

  it('lists the options of open', () => {
    const listed = firstColumn(tableIn(section('Opening'), 'option', 'default', 'range', 'meaning'))
    expect(listed).toEqual(propertiesOf('src/open.ts', 'OpenOptions').toSorted())
  })

  it('lists the statistics', () => {
    const listed = firstColumn(tableIn(section('Statistics'), 'field', 'meaning'))
    const fields = propertiesOf('src/log-store/types.ts', 'LogStoreStats').filter(name => name !== 'index')
    expect(listed).toEqual([...fields, 'index.commit', 'index.scrub', 'index.state'].toSorted())
  })

  it('lists the diagnostics channels', () => {
    const listed = firstColumn(tableIn(section('Diagnostics channels'), 'channel', 'message', 'when'))
    const channels = read('src/log-store/embedded/diagnostics.ts').match(/(?<=channel\(')[^']+/g) ?? []
    expect(listed).toEqual(channels.toSorted())
  })
})
