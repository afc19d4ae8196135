/**
 * Installs the peers on first use, and whenever the lock file changes. Each is optional: what can't be fetched or built is
 * left out, and said.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { versionOf } from './stores/packages.mjs'

const folder = import.meta.dirname
const lockFile = join(folder, 'package-lock.json')
/** The lock file of what is installed. */
const installedLockFile = join(folder, 'node_modules', '.installed-lock.json')

/**
 * @typedef {object} Availability
 * @property {string} name
 * @property {string} version
 * @property {string | null} reason why it is not there
 */

/**
 * @param {readonly import('./stores/all.mjs').Store[]} stores
 * @param {{ mayInstall: boolean }} options
 * @returns {Promise<readonly Availability[]>}
 */
export async function availabilityOf(stores, { mayInstall }) {
  const before = await Promise.all(stores.map(availability))
  const isCurrent = existsSync(installedLockFile) && readFileSync(installedLockFile).equals(readFileSync(lockFile))
  if (!mayInstall || isCurrent || before.every(({ reason }) => reason === null)) return before
  await install()
  return Promise.all(stores.map(availability))
}

/** Fetching takes seconds; what has no binary for this machine is compiled, which takes minutes. */
async function install() {
  process.stderr.write('Installing the peers into bench/node_modules (once; minutes where one has to be compiled) …\n')
  const started = performance.now()
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const child = spawn('npm', args, { cwd: folder, shell: process.platform === 'win32', stdio: ['ignore', 2, 2] })
  const ticking = setInterval(
    () => process.stderr.write(`… ${Math.round((performance.now() - started) / 1000)} s\n`),
    15_000,
  )
  const code = await new Promise(resolve => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  clearInterval(ticking)
  if (code === 0) copyFileSync(lockFile, installedLockFile)
  else process.stderr.write(`npm ci in bench/ ended with ${code}: going on with what is there.\n`)
}

/**
 * Opens a store: a package may be there without what was to be compiled for it.
 * @param {import('./stores/all.mjs').Store} store
 * @returns {Promise<Availability>}
 */
async function availability({ name, packages, open }) {
  const directory = await mkdtemp(join(tmpdir(), 'twinlog-bench-'))
  try {
    const store = await open(join(directory, 'store'), { durability: 'os' })
    await store.close()
    return { name, version: packages.map(versionOf).join(', '), reason: null }
  } catch (error) {
    const [what = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    const how = `npm --prefix bench ci --foreground-scripts says more`
    return { name, version: '', reason: packages.length === 0 ? what : `not installed: ${what} (${how})` }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
