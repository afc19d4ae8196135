/** Loads what may not be there. A name that is a variable is no import that a bare machine would have to resolve. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * @param {string} name
 * @returns {Promise<unknown>}
 */
export async function load(name) {
  return import(name)
}

/**
 * The version of a package that is installed.
 * @param {string} name
 */
export function versionOf(name) {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const text = readFileSync(join(folder, name, 'package.json'), 'utf8')
      return /** @type {{ version: string }} */ (JSON.parse(text)).version
    } catch {
      // Not in this folder: the next one.
    }
  }
  throw new Error(`${name} is not installed below ${dirname(import.meta.dirname)}`)
}
