/**
 * docs/reliability.md lists the fault suites, the planted bugs and the targets of the long run as they are, and names tests
 * that are there.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { plants } from '../../faults/plants.mjs'
import { suites } from '../../faults/suite.mjs'
import { propertyFiles, targets } from '../../scripts/long-targets.mjs'
import { codeWords, read, root, tableIn } from './sources.ts'

const document = read('docs/reliability.md')
const names = suites.map(suite => suite.name)
const longNames = targets.map(target => target.name)

it('describes each suite, and gives a figure for each', () => {
  const described = tableIn(document, 'suite', 'what it does').map(([name]) => codeWords(name!)[0])
  const measured = tableIn(document, 'suite', 'tried', 'losses', 'time').map(([name]) => codeWords(name!)[0])
  expect(described).toEqual(names)
  expect(measured).toEqual(names)
})

it('lists each planted bug with the suites that catch it', () => {
  const listed = tableIn(document, 'planted bug', 'caught by').map(([name, by]) => [name!, codeWords(by!)])
  expect(listed).toEqual(plants.map(({ name, caughtBy }) => [name, caughtBy]))
})

it('describes each target of the long run, and gives figures for those that are timed', () => {
  const measured = tableIn(document, 'target', 'tried', 'rounds', 'failures', 'time').map(
    ([name]) => codeWords(name!)[0],
  )
  expect(measured).toEqual(targets.filter(target => target.once === null).map(target => target.name))
  const described = tableIn(document, 'target', 'what it tries').map(([name]) => codeWords(name!)[0])
  expect(described).toEqual(longNames)
})

it('has each property in one target of the long run, and no target without files', () => {
  const timed = targets.filter(target => target.once === null)
  expect(timed.flatMap(target => target.files).toSorted()).toEqual(propertyFiles)
  for (const { name, files } of targets) {
    expect(files, name).not.toEqual([])
    expect(
      files.filter(file => !existsSync(`${root}/${file}`)),
      name,
    ).toEqual([])
  }
})

it('names suites and tests that are there', () => {
  const backing = tableIn(document, 'promise', 'suite').flatMap(([, by]) => codeWords(by!))
  const isThere = (name: string): boolean =>
    name.includes('/') ? existsSync(`${root}/${name}`) : [...names, ...longNames, 'LOG_LOST'].includes(name)
  expect(backing.filter(name => !isThere(name))).toEqual([])
  expect(names.filter(name => !backing.includes(name))).toEqual([])
})

const isBuilt = existsSync(`${root}/dist/index.js`)

describe.skipIf(!isBuilt)(isBuilt ? 'planted bugs' : 'skipped: dist is not built', () => {
  it('still fit the code that they are planted into', () => {
    const edits = plants.flatMap(({ name, edits: each }) => each.map(edit => ({ name, ...edit })))
    const misfits = edits.filter(
      ({ file, find }) => readFileSync(`${root}/dist/${file}`, 'utf8').split(find).length !== 2,
    )
    expect(misfits).toEqual([])
  })
})
