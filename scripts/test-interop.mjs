// Tries twinlog against an implementation that is not its own: `npm run test:interop`. What that needs is a package of
// its own, interop/, which the main install never sees; it is installed on first use, and whenever its lock file changes.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentMajor, nodeBinary } from './node-binary.mjs'

/** Fedify needs Node 22. */
const MAJOR_MIN = 22
const MAJOR = 24
const INSTALL_MS_MAX = 300_000
const RUN_MS_MAX = 300_000

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'interop')
const lockFile = join(folder, 'package-lock.json')
/** The lock file of what is installed. */
const installedLockFile = join(folder, 'node_modules', '.installed-lock.json')

const binary = currentMajor >= MAJOR_MIN ? process.execPath : nodeBinary(MAJOR)
if (!existsSync(installedLockFile) || !readFileSync(installedLockFile).equals(readFileSync(lockFile))) {
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--engine-strict=false']
  const options = { cwd: folder, shell: process.platform === 'win32', timeout: INSTALL_MS_MAX }
  const { status } = spawnSync('npm', args, { ...options, stdio: 'inherit' })
  if (status !== 0) throw new Error('could not install what interop/ needs')
  copyFileSync(lockFile, installedLockFile)
}
const { status, error } = spawnSync(binary, ['main.mjs'], { cwd: folder, stdio: 'inherit', timeout: RUN_MS_MAX })
if (error !== undefined) console.error(error.message)
process.exitCode = status ?? 1
