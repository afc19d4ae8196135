/** Keeps the tables and the house rules of docs/architecture.md true. */
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeWords, filesIn, modulesIn, read, tableIn, type Import, type Module } from './sources.ts'

const entryPoints = ['src/index.ts', 'src/testing.ts', 'src/conformance.ts']
const linesMax = 300

const document = read('docs/architecture.md')
const rooms = new Map<string, string[]>()
for (const [names, , mayImport] of tableIn(document, 'room', 'what it is', 'may import')) {
  for (const room of codeWords(names!)) rooms.set(room, codeWords(mayImport!))
}
const homes = new Map(
  tableIn(document, 'package', 'home', 'why it is here').map(([name, home]) => [
    codeWords(name!)[0]!,
    codeWords(home!),
  ]),
)
const sources = modulesIn('src')

/** `bytes/` for src/bytes/checksum.ts, `open.ts` for src/open.ts. */
function roomOf(path: string): string {
  const [, first, ...rest] = path.split('/')
  return rest.length > 0 ? `${first!}/` : first!
}

/** `node:fs` for node:fs/promises, `level` for level, `@scope/name` for @scope/name/part. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** One line for each import of each source that the judge has something to say about. */
function complaints(judge: (module: Module, each: Import) => string | undefined): string[] {
  return sources.flatMap(module =>
    module.imports.flatMap(each => {
      const complaint = judge(module, each)
      return complaint === undefined ? [] : [`${module.path} imports ${each.specifier}: ${complaint}`]
    }),
  )
}

describe('rooms', () => {
  it('has files to judge', () => expect(sources).not.toEqual([]))

  it('every source file lies in a room of the table, and every room has a file', () => {
    const found = new Set(sources.map(module => roomOf(module.path)))
    expect([...found].toSorted()).toEqual([...rooms.keys()].toSorted())
  })

  it('the arrows name rooms of the table and never lead in a circle', () => {
    const open = new Set<string>()
    const visit = (room: string, path: string[]): void => {
      expect(rooms.has(room), `${[...path, room].join(' → ')}: is that a room?`).toBe(true)
      expect(path, 'a circle of arrows').not.toContain(room)
      if (open.has(room)) return
      open.add(room)
      for (const next of rooms.get(room)!) if (next !== room) visit(next, [...path, room])
    }
    for (const room of rooms.keys()) {
      open.clear()
      visit(room, [])
    }
  })

  it('a room imports only itself and what the table lists', () => {
    const wrong = complaints((module, { target }) => {
      if (target === undefined) return undefined
      if (!target.startsWith('src/')) return 'leads out of src'
      const [from, to] = [roomOf(module.path), roomOf(target)]
      return from === to || rooms.get(from)?.includes(to) ? undefined : `${from} may not import ${to}`
    })
    expect(wrong).toEqual([])
  })

  it('relative imports name the very file, with its ending', () => {
    const paths = new Set(sources.map(module => module.path))
    const wrong = complaints((_, { target }) =>
      target === undefined || paths.has(target) ? undefined : 'there is no such file',
    )
    expect(wrong).toEqual([])
  })
})

describe('packages', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }

  it('the table lists exactly the dependencies, and node:fs', () => {
    expect([...homes.keys()].toSorted()).toEqual([...Object.keys(dependencies), 'node:fs'].toSorted())
  })

  it('each package is imported from its home alone', () => {
    const wrong = complaints((module, { specifier, target }) => {
      const name = packageOf(specifier)
      if (target !== undefined) return undefined
      if (!homes.has(name)) return name.startsWith('node:') ? undefined : 'no dependency of the table'
      return homes.get(name)!.includes(roomOf(module.path)) ? undefined : `its home is ${homes.get(name)!.join(', ')}`
    })
    expect(wrong).toEqual([])
  })

  it('each package is imported at all', () => {
    const imported = new Set(sources.flatMap(module => module.imports.map(each => packageOf(each.specifier))))
    expect([...homes.keys()].filter(name => !imported.has(name))).toEqual([])
  })
})

describe('house rules', () => {
  it(`no source file has more than ${linesMax} lines`, () => {
    const long = sources.filter(module => module.lines > linesMax)
    expect(long.map(module => `${module.path}: ${module.lines}`)).toEqual([])
  })

  it('nothing is called utils, helpers or common', () => {
    const paths = [...sources.map(module => module.path), ...filesIn('test', '.ts')]
    expect(paths.filter(path => /(^|[/-])(utils?|helpers?|common)([/.-]|$)/.test(path))).toEqual([])
  })

  it('no room has an index.ts', () => {
    const inner = sources.filter(module => basename(module.path) === 'index.ts' && module.path !== 'src/index.ts')
    expect(inner.map(module => module.path)).toEqual([])
  })

  it('every exported name is imported somewhere, or public', () => {
    const importers = [...sources, ...['test', 'bench', 'examples', 'scripts'].flatMap(modulesIn)]
    const used = new Set<string>()
    for (const { target, names } of importers.flatMap(module => module.imports)) {
      if (target === undefined) continue
      for (const name of names === 'everything' ? ['*'] : names) used.add(`${target} ${name}`)
    }
    const dead = sources
      .filter(module => !entryPoints.includes(module.path) && !used.has(`${module.path} *`))
      .flatMap(module => module.exports.map(({ name }) => `${module.path} ${name}`))
    expect(dead.filter(name => !used.has(name))).toEqual([])
  })
})
