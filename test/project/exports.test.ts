/**
 * The names that each entry point exports, as a checked-in list: a change of the public surface is seen in review.
 * `npm run exports` rewrites the list.
 */
import { describe, expect, it } from 'vitest'
import { modulesIn, read, root } from './sources.ts'

const entryPoints = {
  twinlog: 'src/index.ts',
  'twinlog/testing': 'src/testing.ts',
  'twinlog/conformance': 'src/conformance.ts',
}
const modules = new Map(modulesIn('src').map(module => [module.path, module]))

describe('exports', () => {
  it('package.json has the same entry points', () => {
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> }
    const expected = Object.keys(entryPoints).map(name => name.replace('twinlog', '.'))
    expect(Object.keys(exports)).toEqual([...expected, './package.json'])
  })

  it.each(Object.entries(entryPoints))('%s names what it exports, one by one', (_, path) => {
    expect(modules.get(path)?.hasStarExport).toBe(false)
  })

  it('the exported names are the ones of exports.txt', async () => {
    const sections = Object.entries(entryPoints).map(([name, path]) => {
      const lines = modules.get(path)!.exports.map(each => `  ${each.isType ? 'type ' : ''}${each.name}\n`)
      return `${name}\n${lines.toSorted().join('')}`
    })
    await expect(sections.join('\n')).toMatchFileSnapshot('exports.txt')
  })

  it.each(Object.entries(entryPoints))('%s exports at run time the values it names, and no more', async (_, path) => {
    const actual = Object.keys((await import(/* @vite-ignore */ `${root}/${path}`)) as object)
    const named = modules.get(path)!.exports.filter(each => !each.isType)
    expect(actual.toSorted()).toEqual(named.map(each => each.name).toSorted())
  })
})
