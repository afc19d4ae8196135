/** Runs the writer under strace and reads what it did to the files below a folder, in the order in which it was done. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { eventsIn } from './oracle.mjs'

const CALLS =
  'open openat creat close write pwrite64 writev pwritev pwritev2 ftruncate truncate ' +
  'fallocate fsync fdatasync rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat'
/** LevelDB's diary and the lock files hold nothing that counts. */
const IGNORED = /(^|\/)(LOG|LOG\.old|LOCK|lock)$/

/**
 * Paths are relative to the traced folder; '' is the folder itself.
 * @typedef {{ t: 'create', path: string, truncates: boolean }
 *   | { t: 'write', path: string, at: number, bytes: Buffer, isSynced: boolean }
 *   | { t: 'truncate', path: string, size: number }
 *   | { t: 'sync', path: string }
 *   | { t: 'rename', from: string, path: string }
 *   | { t: 'unlink' | 'mkdir' | 'rmdir', path: string }
 *   | { t: 'said', events: import('./oracle.mjs').Event[] }} Operation
 */

/**
 * @param {string} folder
 * @param {string} traceFile
 * @param {readonly string[]} command for Node
 * @returns {Promise<Operation[]>}
 */
export async function traced(folder, traceFile, command) {
  const calls = CALLS.split(' ')
    .map(call => `?${call}`)
    .join(',')
  const args = ['-f', '-qq', '-y', '-xx', '-s', '9000000', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', traceFile]
  const child = spawn('strace', [...args, process.execPath, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // What goes through io_uring no tracer sees.
    env: { ...process.env, UV_USE_IO_URING: '0' },
  })
  child.stdout.resume()
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`the traced writer ended with ${String(status)}`)
  const operations = operationsIn(readFileSync(traceFile, 'latin1'), folder)
  rmSync(traceFile)
  return operations
}

/**
 * @param {string} trace
 * @param {string} folder
 */
function operationsIn(trace, folder) {
  /** @type {Operation[]} */
  const operations = []
  /** @type {Map<string, string>} */
  const unfinished = new Map()
  const reader = new CallReader(folder)
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begun = /^(.*)<unfinished \.\.\.>$/.exec(rest)
    if (begun?.[1] !== undefined) {
      unfinished.set(pid, begun[1].trimEnd())
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const call = resumed === null ? rest : `${unfinished.get(pid) ?? ''}${resumed[1] ?? ''}`
    const operation = reader.read(call)
    if (operation !== null) operations.push(operation)
  }
  return operations
}

/** Knows what each descriptor stands at, and whether its writes are synced. */
class CallReader {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder
    /** @type {Map<string, { position: number, isSynced: boolean }>} */
    this.descriptors = new Map()
  }

  /**
   * @param {string} line
   * @returns {Operation | null}
   */
  read(line) {
    const [, name = '', args = '', result = ''] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(line) ?? []
    if (name === '' || Number(result) < 0) return null
    const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)].map(match => {
      if (match[2] !== undefined) throw new Error('strace cut a string')
      return unhex(match[1] ?? '')
    })
    const [, fd = '', at = ''] = /^(\d+)<((?:\\x[0-9a-f]{2})*)/.exec(args) ?? []
    if (name === 'write' && fd === '1') return { t: 'said', events: eventsIn(strings[0]?.toString() ?? '') }
    if (name === 'close') {
      this.descriptors.delete(fd)
      return null
    }
    if (fd !== '' && !name.endsWith('at')) return this.#onDescriptor(name, fd, unhex(at).toString(), args, strings)
    return this.#onPaths(
      name,
      strings.map(each => each.toString()),
      args,
      result,
    )
  }

  /**
   * @param {string} name
   * @param {string} fd
   * @param {string} where
   * @param {string} args
   * @param {readonly Buffer[]} strings
   * @returns {Operation | null}
   */
  #onDescriptor(name, fd, where, args, strings) {
    const path = this.#inside(where)
    if (path === null) return null
    if (name === 'fsync' || name === 'fdatasync') return { t: 'sync', path }
    const numbers = [...args.replaceAll(/"[^"]*"/g, '').matchAll(/(?:, )(\d+)/g)].map(match => Number(match[1]))
    if (name === 'ftruncate') return { t: 'truncate', path, size: numbers[0] ?? 0 }
    if (name !== 'write' && name !== 'pwrite64') throw new Error(`${name} on ${path} is not modelled`)
    const descriptor = this.descriptors.get(fd) ?? { position: 0, isSynced: false }
    const bytes = strings[0] ?? Buffer.alloc(0)
    const at = name === 'pwrite64' ? (numbers[1] ?? 0) : descriptor.position
    if (name === 'write') descriptor.position += bytes.length
    return { t: 'write', path, at, bytes, isSynced: descriptor.isSynced }
  }

  /**
   * @param {string} name
   * @param {readonly string[]} paths
   * @param {string} args
   * @param {string} result
   * @returns {Operation | null}
   */
  #onPaths(name, paths, args, result) {
    const path = this.#inside(paths.at(-1) ?? '')
    if (path === null) return null
    if (name === 'open' || name === 'openat' || name === 'creat') {
      this.descriptors.set(result, { position: 0, isSynced: /O_D?SYNC/.test(args) })
      if (/O_APPEND/.test(args)) throw new Error('O_APPEND is not modelled')
      return /O_CREAT/.test(args) ? { t: 'create', path, truncates: /O_TRUNC/.test(args) } : null
    }
    if (name.startsWith('rename')) return { t: 'rename', from: this.#inside(paths[0] ?? '') ?? '', path }
    if (name === 'unlink' || name === 'rmdir') return { t: name, path }
    if (name === 'unlinkat') return { t: /AT_REMOVEDIR/.test(args) ? 'rmdir' : 'unlink', path }
    if (name.startsWith('mkdir')) return { t: 'mkdir', path }
    throw new Error(`${name} on ${path} is not modelled`)
  }

  /** @param {string} absolute */
  #inside(absolute) {
    if (absolute !== this.folder && !absolute.startsWith(`${this.folder}/`)) return null
    const path = relative(this.folder, absolute)
    return IGNORED.test(path) ? null : path
  }
}

/** @param {string} text */
function unhex(text) {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}
