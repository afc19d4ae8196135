/** What the project tests know of the source: its files, and what each imports and exports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  /** As written. */
  readonly specifier: string
  /** The project file it leads to, from the root; absent for packages and builtins. */
  readonly target?: string
  /** The imported names, or everything. */
  readonly names: readonly string[] | 'everything'
}

export interface Module {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly exports: readonly { readonly name: string; readonly isType: boolean }[]
  /** `export * from` another file: its names can't be told from this file alone. */
  readonly hasStarExport: boolean
}

export function read(path: string): string {
  return readFileSync(new URL(path, `file://${root}/`), 'utf8')
}

/** Every file below a folder whose name ends so, from the root, with forward slashes. */
export function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(`${root}/${folder}`)) return []
  return readdirSync(`${root}/${folder}`, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => relative(root, `${entry.parentPath}/${entry.name}`).split(sep).join('/'))
    .filter(path => !path.includes('/node_modules/'))
    .toSorted()
}

export function modulesIn(folder: string): Module[] {
  return [...filesIn(folder, '.ts'), ...filesIn(folder, '.mjs')].map(parse)
}

function parse(path: string): Module {
  const text = read(path)
  const { module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)

  const exported = module.staticExports.flatMap(statement => statement.entries)
  const imported: [specifier: string, names: string[] | 'everything'][] = module.staticImports.map(statement => {
    const names = statement.entries.map(entry => entry.importName.name ?? 'everything')
    return [statement.moduleRequest.value, names.includes('everything') ? 'everything' : names]
  })
  for (const entry of exported) {
    if (entry.moduleRequest) imported.push([entry.moduleRequest.value, nameOr(entry.importName.name)])
  }
  // import('…') as an expression and as a type.
  for (const [, specifier] of text.matchAll(/\bcreateRequire\(import\.meta\.url\)\(['"]([^'"]+)['"]/g)) {
    imported.push([specifier!, 'everything'])
  }
  for (const [, specifier] of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)) imported.push([specifier!, 'everything'])

  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: imported.map(([specifier, names]) => ({ specifier, names, ...targetOf(path, specifier) })),
    exports: exported
      .filter(entry => entry.exportName.kind !== 'None')
      .map(entry => ({ name: entry.exportName.name ?? 'default', isType: entry.isType })),
    hasStarExport: exported.some(entry => entry.exportName.kind === 'None'),
  }
}

function nameOr(name: string | null): string[] | 'everything' {
  return name === null ? 'everything' : [name]
}

function targetOf(path: string, specifier: string): { target?: string } {
  if (!specifier.startsWith('.')) return {}
  return { target: posix.join(posix.dirname(path), specifier) }
}

/** The rows of the Markdown table whose header has these columns, each cell as text. */
export function tableIn(markdown: string, ...columns: string[]): string[][] {
  const lines = markdown.split('\n').map(line => line.trim())
  const cellsOf = (line: string): string[] =>
    line
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim())
  const start = lines.findIndex(line => line.startsWith('|') && cellsOf(line).join() === columns.join())
  if (start < 0) throw new Error(`no table with the columns ${columns.join(', ')}`)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end < 0 ? rows.length : end).map(cellsOf)
}

/** The words of a cell that stand in backticks. */
export function codeWords(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
}
