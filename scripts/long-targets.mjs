/**
 * What `npm run test:long` runs. A timed target runs the files of its folders that have a property, again and again with
 * other seeds; the others go once through everything there is to go through. docs/reliability.md lists them.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {readonly string[]} files test files, from the root
 * @property {Readonly<Record<string, string>> | null} once what sets it to everything; null: it is timed
 */

/** All test files with a property, from the root, with forward slashes. */
export const propertyFiles = readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && entry.name.endsWith('.test.ts'))
  .map(entry => join(entry.parentPath, entry.name))
  .filter(path => readFileSync(path, 'utf8').includes("from 'fast-check'"))
  .map(path => relative(root, path).split(sep).join('/'))
  .toSorted()

/** By name and the beginnings of paths; what stands further up is not repeated. */
const timed = /** @type {const} */ ([
  ['power cuts', ['test/engine/durability']],
  ['flipped bits', ['test/engine/flipped-bits']],
  ['compactions', ['test/engine/reclaim']],
  ['engine against the model', ['test/engine/', 'test/model/']],
  ['parts of the engine', ['test/actors/', 'test/log-store/', 'test/commit-log/']],
  ['consumers', ['test/consumers/']],
  ['codecs', ['test/record/', 'test/bytes/']],
  ['segment files', ['test/format/']],
  ["LevelDB's files", ['test/key-index/']],
  ['tools', ['test/store-tools/']],
  ['JSON', ['test/json/']],
  ['signatures', ['test/signatures/']],
  ['inbound', ['test/inbound/']],
  ['peers', ['test/peers/']],
  ['command', ['test/cli/']],
])

/** @type {readonly Target[]} */
const once = [
  {
    name: 'every bit of a log',
    files: ['test/commit-log/flipped-bits.test.ts', 'test/log-store/embedded-flips.test.ts'],
    once: { LOG_BITS: '8' },
  },
  { name: 'every bit of an index', files: ['test/engine/index-files.test.ts'], once: { INDEX_BITS: '8' } },
]

const taken = new Set()

/** @type {readonly Target[]} */
export const targets = [
  ...timed.map(([name, beginnings]) => {
    const files = propertyFiles.filter(file => !taken.has(file) && beginnings.some(each => file.startsWith(each)))
    for (const file of files) taken.add(file)
    return { name, files, once: null }
  }),
  ...once,
]
