/** docs/cli.md says of the command what the command says of itself. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { exitCodes } from '../../src/cli/context.ts'
import { messages as leftOutMessages } from '../../src/cli/commands/export.ts'
import { engineCodes, messages } from '../../src/cli/import/refusals.ts'
import { codeWords, tableIn } from '../project/sources.ts'
import { FINDING_CODES } from '../../src/tools/findings.ts'
import { Machine } from './twinlog.ts'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const section = (title: string): string => page.split(/^## /m).find(text => text.startsWith(`${title}\n`)) ?? ''
const firstWords = (rows: readonly string[][]): string[] => rows.map(row => codeWords(row[0]!)[0]!).toSorted()
const sorted = (words: Iterable<string>): string[] => [...new Set(words)].toSorted()

const optionsIn = (text: string): string[] =>
  sorted(text.match(/--[a-z][a-z-]+/g) ?? []).filter(name => name !== '--help')

const commands = firstWords(tableIn(page, 'command', 'what it does'))

it('lists every command', async () => {
  const { out } = await new Machine().twinlog(['--help'])
  const named = [...out.matchAll(/^ {2}([a-z]+) .*?(?=\s)/gm)].map(match => match[1]!)
  expect(commands).toEqual(sorted(named.filter(name => name !== 'help')))
})

describe.each(commands)('%s', command => {
  it('has a section with an example, and names its very options', async () => {
    const text = section(command)
    expect(text).toMatch(new RegExp(`^(\\w.* )?twinlog ${command} `, 'm'))
    const { out } = await new Machine().twinlog([command, '--help'])
    expect(optionsIn(text)).toEqual(optionsIn(out))
  })
})

it('lists the exit codes', () => {
  const codes = tableIn(page, 'exit code', 'meaning').map(([code]) => Number(code))
  expect(codes).toEqual(Object.values(exitCodes))
})

it('lists the codes of refused items', () => {
  const codes = firstWords(tableIn(page, 'code', 'the item'))
  expect(codes).toEqual(sorted([...Object.keys(messages), ...engineCodes]))
})

it('lists the codes of records that are left out', () => {
  const codes = firstWords(tableIn(page, 'code', 'the record'))
  expect(codes).toEqual(sorted([...Object.keys(leftOutMessages), 'CORRUPT', 'LOST']))
})

it('lists what verify finds', () => {
  expect(firstWords(tableIn(page, 'finding', 'meaning'))).toEqual(sorted(Object.keys(FINDING_CODES)))
})
