/** Other versions of Node, for the scripts that need one. The npm package `node` brings the binaries, into .cache/nodes. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const windows = process.platform === 'win32'
const INSTALL_MS_MAX = 300_000

export const currentMajor = Number(process.versions.node.split('.')[0])

/**
 * The path of a binary of that version; installs it if need be.
 * @param {number} major
 */
export function nodeBinary(major) {
  if (currentMajor === major) return process.execPath
  const folder = join(root, '.cache', 'nodes', String(major))
  const binary = join(folder, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts=false', `node@${major}`]
    const { status } = spawnSync('npm', args, {
      cwd: folder,
      stdio: 'inherit',
      shell: windows,
      timeout: INSTALL_MS_MAX,
    })
    if (status !== 0 || !existsSync(binary)) throw new Error(`could not install Node ${major}`)
  }
  return binary
}
