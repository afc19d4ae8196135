/**
 * The snippets of README.md and docs/ work. Each `ts` and `js` block is checked with the project's own types, then run
 * against the source in an empty directory of its own. A block is a program by itself unless its fence says otherwise:
 *
 *   ```ts continue    goes on where the block before it ended: they run as one program
 *   ```ts no-run      is typechecked only
 *   ```ts sketch      is neither run nor checked (say so in the text)
 *
 * PORT is 0: a program that listens there gets a port that is free. It closes what it opened, in a block that continues.
 *
 * In `sh` blocks, each `twinlog` command that is named must exist. (npm scripts: docs-links.test.ts.)
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { pages, type Block } from './documents.ts'
import { filesIn, read, root } from './sources.ts'

interface Program {
  readonly title: string
  readonly file: string
  readonly text: string
  readonly runs: boolean
}

const folder = join(root, '.cache', 'snippets')
const blocks = pages().flatMap(page => page.blocks)
const programs = programsOf(blocks.filter(block => ['ts', 'js'].includes(block.language)))

function programsOf(snippets: readonly Block[]): Program[] {
  const joined: Block[][] = []
  for (const block of snippets) {
    const last = joined.at(-1)
    if (block.marks.includes('sketch')) continue
    if (block.marks.includes('continue') && last?.[0]?.page === block.page) last.push(block)
    else joined.push([block])
  }
  return joined.map(parts => {
    const { page, line, language, marks } = parts[0]!
    // Every line stands where it stands in the page, so that compiler and stack traces name the page's own lines.
    const lines: string[] = []
    for (const part of parts) {
      while (lines.length < part.line) lines.push('')
      lines.push(...part.text.split('\n'))
    }
    const file = `${page.replaceAll('/', '-')}-${line}.${language}`
    return { title: `${page}:${line}`, file, text: `${lines.join('\n')}\nexport {}\n`, runs: !marks.includes('no-run') }
  })
}

describe('snippets', () => {
  let compilerOutput = ''

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const program of programs) writeFileSync(join(folder, program.file), program.text)
    // A snippet may declare what it does not use, and may be plain JavaScript without types.
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, checkJs: false }
    const configuration = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts', '*.js'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const result = spawnSync(process.execPath, [compiler, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
    compilerOutput = result.error === undefined ? result.stdout : `error ${result.error.message}`
  })

  it('there are some', () => expect(programs).not.toEqual([]))

  it('the compiler itself had nothing to object to', () => {
    expect(compilerOutput.split('\n').filter(line => line.startsWith('error '))).toEqual([])
  })

  describe.each(programs)('$title', program => {
    const before = process.cwd()
    let directory: string

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'twinlog-snippet-'))
      process.chdir(directory)
      vi.stubEnv('PORT', '0')
    })
    afterAll(() => {
      vi.unstubAllEnvs()
      process.chdir(before)
      rmSync(directory, { recursive: true, force: true })
    })

    it('has no type errors', () => {
      const complaints = compilerOutput.split('\n').filter(line => line.startsWith(`${program.file}(`))
      expect(complaints).toEqual([])
    })

    it.runIf(program.runs)('runs', async () => {
      await import(/* @vite-ignore */ pathToFileURL(join(folder, program.file)).href)
    })
  })
})

describe('shell lines', () => {
  const commands = new Set<string>()
  for (const path of filesIn('src/cli', '.ts')) {
    for (const [, name] of read(path).matchAll(/\.command\(\s*['"`]([a-z][a-z-]*)/g)) commands.add(name!)
  }
  const lines = blocks
    .filter(block => ['sh', 'bash', 'console'].includes(block.language))
    .flatMap(block => block.text.split('\n').map(text => ({ at: `${block.page}:${block.line}`, text })))

  it('name commands that twinlog has', () => {
    const unknown = lines.flatMap(({ at, text }) => {
      const name = /^\s*(?:\$\s+)?(?:npx\s+)?twinlog\s+([a-z][a-z-]*)/.exec(text)?.[1]
      return name === undefined || commands.has(name) ? [] : [`${at}: twinlog ${name}`]
    })
    expect(unknown).toEqual([])
  })
})
