// Packs the tarball that would be published and lets publint and attw judge that very file.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, '.cache', 'package')

/** @param {string} command @param {string[]} args */
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
run('npm', 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder)
const [tarball] = readdirSync(folder)
if (tarball === undefined) throw new Error('npm pack left no tarball')

run('npx', '--no-install', 'publint', 'run', join(folder, tarball), '--strict')
// The package is ESM only, by decision: the profile leaves out what only CommonJS consumers would see.
run('npx', '--no-install', 'attw', join(folder, tarball), '--profile', 'esm-only', '--no-definitely-typed')
