/** What the suites need beyond Node: strace, a C compiler, root. Installs what is missing; what can't be had is an error. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const INSTALL_MS_MAX = 300_000
const SCRATCH_BYTES_MIN = 512 * 1024 * 1024

export const here = dirname(fileURLToPath(import.meta.url))
export const root = dirname(here)
export const cache = join(root, '.cache', 'faults')

/** @param {string} command */
function isThere(command) {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
export function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: INSTALL_MS_MAX })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${status}:\n${stderr}`)
}

/** @throws when something is missing and can't be installed */
export function installNeeds() {
  if (process.platform !== 'linux') throw new Error('the fault suites need Linux: strace, LD_PRELOAD, mounts')
  if (process.getuid?.() !== 0) throw new Error('the fault suites need root: they mount file systems')
  const missing = ['strace', 'gcc'].filter(command => !isThere(command))
  if (missing.length > 0) {
    const packages = missing.includes('gcc') ? [...missing, 'libc6-dev'] : missing
    console.log(`installing ${packages.join(', ')}`)
    run('apt-get', ['update', '-qq'])
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
  }
  const still = ['strace', 'gcc', 'mount', 'umount'].filter(command => !isThere(command))
  if (still.length > 0) throw new Error(`not there and not to be had: ${still.join(', ')}`)
  mkdirSync(cache, { recursive: true })
  run('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', shimLibrary, join(here, 'shim.c'), '-ldl'])
}

export const shimLibrary = join(cache, 'shim.so')

/**
 * What a suite that was cut short left mounted.
 * @param {string} folder
 */
export function unmountBelow(folder) {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const place = (line.split(' ')[1] ?? '').replaceAll('\\040', ' ')
    if (place.startsWith(`${folder}/`)) spawnSync('umount', ['--lazy', place])
  }
}

/** Where stores are made: in memory where there is room, because what a disk does is modelled, not measured. */
export function scratchBase() {
  if (!existsSync('/dev/shm')) return tmpdir()
  const { bavail, bsize } = statfsSync('/dev/shm')
  return bavail * bsize >= SCRATCH_BYTES_MIN ? '/dev/shm' : tmpdir()
}
