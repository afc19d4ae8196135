// Installs the tarball that check-package.mjs left into an empty project, as a user would, and there compiles and runs the
// first example of the README, and the command. Needs the registry, or npm's cache, for the dependencies.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, '.cache', 'package')
const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))
if (tarball === undefined) throw new Error('no tarball is there: node scripts/check-package.mjs')
const project = mkdtempSync(join(tmpdir(), 'twinlog-install-'))
process.once('exit', () => rmSync(project, { recursive: true, force: true }))

/** What it printed. @param {string} command @param {string[]} args */
function run(command, ...args) {
  const options = { cwd: project, encoding: /** @type {const} */ ('utf8'), shell: process.platform === 'win32' }
  const { status, error, stdout, stderr } = spawnSync(command, args, options)
  if (error) throw error
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}\n${command} ${args.join(' ')} ended with ${status}\n`)
    process.exit(1)
  }
  return stdout
}

/** @param {string} name @param {unknown} content */
function write(name, content) {
  writeFileSync(join(project, name), typeof content === 'string' ? content : JSON.stringify(content))
}

/** @param {string} name */
function versionOf(name) {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  return `${name}@${version}`
}

const [, example] = /^## Ten lines\n.*?^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
assert(example !== undefined, 'the README has its ten lines')
write('package.json', { name: 'a-project', private: true, type: 'module' })
write('ten-lines.ts', example)
write(
  'subpaths.ts',
  `import { conformance, type ConformanceOptions } from 'twinlog/conformance'
import { openMemory, testPeer } from 'twinlog/testing'
import type { HostStore, Worker } from 'twinlog'

export const suite: (options: ConformanceOptions) => void = conformance
const store: HostStore = await openMemory({ actors: ['https://example.com/users/alice'] })
const worker: Worker<{ n: number }> = store.worker<{ n: number }>('w', { box: 'inbox' })
await store.inbox('https://example.com/users/alice').append({ n: 1 })
await worker.run(({ value }) => (console.log(value.n, testPeer('https://b.example/users/bob').id), 'done'), { live: false })
// @ts-expect-error There is no such box.
export const wrong = (): unknown => store.worker('x', { box: 'outbin' })
await store.close()
`,
)
write('tsconfig.json', {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: 'es2023',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
  },
})

const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
run('npm', 'install', ...quiet, join(folder, tarball), versionOf('@types/node'))
run(process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', project)
assert.match(run(process.execPath, 'ten-lines.js'), /^1 \{\s+id: 'https:\/\/remote\.example\/likes\/1'/)
assert.equal(run(process.execPath, 'subpaths.js'), '1 https://b.example/users/bob\n')
assert.match(run('npx', '--no-install', 'twinlog', 'ls', './data'), /https:\/\/example\.com\/users\/alice/)
process.stdout.write('The tarball was installed into an empty project; the README’s example compiles and runs there.\n')
