// Runs the test suite on every Node version that twinlog supports. The npm package `node` brings the binaries, into
// .cache/nodes. Arguments go to vitest: `npm run test:nodes -- test/record`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const majors = [20, 22, 24]
const root = fileURLToPath(new URL('..', import.meta.url))
const windows = process.platform === 'win32'

/** @param {number} major */
function installed(major) {
  const folder = join(root, '.cache', 'nodes', String(major))
  const binary = join(folder, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts=false', `node@${major}`]
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit', shell: windows })
    if (status !== 0 || !existsSync(binary)) throw new Error(`could not install Node ${major}`)
  }
  return binary
}

/** @type {string[]} */
const results = []
let failed = 0
for (const major of majors) {
  const binary = Number(process.versions.node.split('.')[0]) === major ? process.execPath : installed(major)
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()
  process.stdout.write(`\n── Node ${version}\n`)
  const { status } = spawnSync(binary, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    // A test that starts `node` by name gets this one too.
    env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  if (status !== 0) failed++
  results.push(`Node ${version}: ${status === 0 ? 'passed' : 'FAILED'}`)
}
process.stdout.write(`\n${results.join('\n')}\n${majors.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
