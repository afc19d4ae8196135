import { beforeEach, describe, expect, it } from 'vitest'
import { Machine } from './twinlog.ts'

const commands = [
  'import',
  'ls',
  'cat',
  'follow',
  'export',
  'stats',
  'consumers',
  'dump',
  'verify',
  'backup',
  'restore',
  'salvage',
  'diff',
]

let machine: Machine

beforeEach(async () => {
  machine = new Machine()
  await (await machine.store()).actors.add('a')
})

describe('help', () => {
  it('names every command', async () => {
    const { code, out, err } = await machine.twinlog(['--help'])
    expect([code, err]).toEqual([0, ''])
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  it.each(commands)('of %s has an example of it', async command => {
    const { code, out, err } = await machine.twinlog([command, '--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^Example:\n.*twinlog ${command} `, 'm'))
  })

  it('is not wider than the terminal it is on', async () => {
    const { out } = await machine.twinlog(['import', '--help'])
    expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  })
})

it('--version prints the version', async () => {
  const { code, out } = await machine.twinlog(['--version'])
  expect(out).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  expect(code).toBe(0)
})

describe('wrong usage ends with 2, says so on stderr, and opens nothing:', () => {
  it.each([
    [[]],
    [['frobnicate']],
    [['ls']],
    [['ls', 'db', 'more']],
    [['ls', 'db', '--frobnicate']],
    [['import', 'db']],
    [['import', 'db', '-', '--box', 'postbox']],
    [['import', 'db', '-', '--actor', '']],
    [['cat', 'db', 'a']],
    [['cat', 'db', 'a', 'postbox']],
    [['cat', 'db', 'a', 'inbox', '--after', '-1']],
    [['cat', 'db', 'a', 'inbox', '--after', '1.5']],
    [['cat', 'db', 'a', 'inbox', '--before', '0']],
    [['cat', 'db', 'a', 'inbox', '--limit', '0']],
    [['cat', 'db', 'a', 'inbox', '--limit', '99999999999999999999']],
    [['follow', 'db', 'a', 'inbox', '--after', 'now']],
    [['dump']],
  ])('twinlog %j', async argv => {
    const { code, out, err } = await machine.twinlog(argv)
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toBe('')
    expect(machine.opened).toEqual([])
  })
})

describe('colours', () => {
  const colour = '\u001B['

  it('are there on a terminal', async () => {
    expect((await machine.twinlog(['ls', 'db'], { isTerminal: true })).out).toContain(colour)
    expect((await machine.twinlog(['ls', 'elsewhere'], { isTerminal: true })).err).toContain(colour)
  })

  it.each([
    ['NO_COLOR says so', { isTerminal: true, env: { NO_COLOR: '1' } }],
    ['the terminal is dumb', { isTerminal: true, env: { TERM: 'dumb' } }],
    ['it is no terminal', {}],
  ])('are not there when %s', async (_, given) => {
    expect((await machine.twinlog(['ls', 'db'], given)).out).not.toContain(colour)
    expect((await machine.twinlog(['ls', 'elsewhere'], given)).err).not.toContain(colour)
  })
})

describe('progress', () => {
  const open: typeof machine.open = async (path, options) => {
    options.onProgress?.({ task: 'replay', done: 1200, total: 3000, unit: 'commits', rate: 600 })
    return machine.open(path, options)
  }

  it('is drawn on stderr of a terminal, and taken away', async () => {
    const { err } = await machine.twinlog(['ls', 'db'], { isTerminal: true, open })
    expect(err).toContain('replay: 1,200 of 3,000 commits, 600 a second')
    expect(err.endsWith('\r\u001B[2K')).toBe(true)
  })

  it('is not drawn elsewhere', async () => {
    expect((await machine.twinlog(['ls', 'db'], { open })).err).toBe('')
  })
})

it('a failure that nobody foresaw ends with 1 and is shown whole', async () => {
  const open = (): Promise<never> => Promise.reject(new Error('a bug'))
  const { code, err } = await machine.twinlog(['ls', 'db'], { open })
  expect(code).toBe(1)
  expect(err).toMatch(/a bug\n +at /)
})
