// Runs the test suite on every Node version that twinlog supports. Arguments go to vitest: `npm run test:nodes --
// test/record`.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeBinary } from './node-binary.mjs'

const majors = [20, 22, 24]
const root = fileURLToPath(new URL('..', import.meta.url))

/** @type {string[]} */
const results = []
let failed = 0
for (const major of majors) {
  const binary = nodeBinary(major)
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
