/**
 * Every example of docs/cli.md runs, on a real store, and succeeds: each on a copy of its own, with the paths of the page
 * in a temporary folder, and without the shell's pipes.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { backup, diff, dumpSegment, open, rebuildIndex, restore, salvage, verify } from '../../src/index.ts'
import { read } from '../project/sources.ts'

const alice = 'https://example.com/users/alice'
const wren = 'https://social.example.com/users/wren'
/** More than the page trims. */
const RECORDS = 1001

const blocks = [...read('docs/cli.md').matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text!)
const examples = blocks.flatMap(text => text.split('\n')).filter(line => /^(\w.* )?twinlog /.test(line))

const folders: string[] = []
let prepared = ''

beforeAll(async () => {
  prepared = await newFolder()
  const store = await open(join(prepared, 'data'))
  for (const actor of [alice, wren]) await store.actors.add(actor)
  const logs = [store.inbox(wren), store.outbox(wren)]
  await Promise.all(logs.flatMap(log => Array.from({ length: RECORDS }, (_, n) => log.append(note(`${n}`)))))
  await store.close()
  await backup(join(prepared, 'data'), join(prepared, 'mnt-backup-data'))
  await restore(join(prepared, 'mnt-backup-data'), join(prepared, 'data-restored'))
  await writeFile(join(prepared, 'outbox.json'), JSON.stringify({ ...note('imported'), actor: wren }))
})
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

it('has some', () => expect(examples.length).toBeGreaterThan(15))

it.each(examples)('%s', async example => {
  const folder = await newFolder()
  await cp(prepared, folder, { recursive: true })
  const argv = argumentsOf(example, folder)
  // What makes a folder wants none to be there.
  if (/^(salvage|backup|restore)$/.test(argv[0]!)) await rm(argv[2]!, { recursive: true, force: true })
  const { code, out, err } = await twinlog(argv, `${JSON.stringify(note('from the pipe'))}\n`)
  expect(`${err}${code}`).toMatch(/0$/)
  expect(out + err).not.toBe('')
})

const note = (id: string) => ({ id: `https://social.example.com/notes/${id}`, type: 'Create', actor: wren })

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlog-examples-'))
  folders.push(folder)
  return folder
}

/** The words behind `twinlog`, up to a pipe or a redirection, with paths that lead into the folder. */
function argumentsOf(example: string, folder: string): string[] {
  const command = example.replace(/^.*?twinlog /, '').replace(/ [|>].*$/, '')
  return command.split(' ').map(word => {
    if (word.startsWith('/mnt/')) return join(folder, word.slice(1).replaceAll('/', '-'))
    return word.startsWith('./') || word.endsWith('.json') ? join(folder, word) : word
  })
}

async function twinlog(
  argv: readonly string[],
  stdin: string,
): Promise<{ code: number; readonly out: string; readonly err: string }> {
  // `follow` ends with the first it prints.
  const enough = new AbortController()
  const text = { out: '', err: '' }
  const into = (name: keyof typeof text): Writable =>
    new Writable({
      write(chunk: Buffer, _, done) {
        text[name] += chunk.toString()
        if (argv[0] === 'follow') enough.abort()
        done()
      },
    })
  const tools = { rebuildIndex, verify, backup, restore, salvage, diff }
  const streams = { stdin: Readable.from([Buffer.from(stdin)]), stdout: into('out'), stderr: into('err') }
  const code = await run(argv, { ...streams, env: {}, signal: enough.signal, open, dumpSegment, tools })
  return { code, ...text }
}
