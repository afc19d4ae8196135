/**
 * A file system as it stands in memory and on its disk, fed with traced operations; and what of it a crash may leave, under
 * several models. Files and names are apart: a name may be lost that a synced file has, and the other way round.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const SECTOR_BYTES = 512

/**
 * Which of the names that no sync vouches for are there: `strict`, only what a sync of their folder made sure, as POSIX
 * has it; `journaled`, all that came before any sync of anything, as ext4 and XFS do it; `early`, all.
 * @typedef {'strict' | 'journaled' | 'early'} Names
 * What is there of bytes that no sync vouches for.
 * @typedef {'kept' | 'lost' | 'half' | 'zeroed' | 'garbage' | 'sectors' | 'hole'} Data
 * @typedef {{ readonly name: string, readonly names: Names, readonly data: Data }} Model
 */

/** @type {readonly Model[]} */
export const MODELS = [
  { name: 'everything written', names: 'early', data: 'kept' },
  { name: 'only what is synced, names in order', names: 'journaled', data: 'lost' },
  { name: 'only what is synced, strict names', names: 'strict', data: 'lost' },
  { name: 'names before data', names: 'early', data: 'lost' },
  { name: 'torn writes', names: 'early', data: 'half' },
  { name: 'zeros for data', names: 'journaled', data: 'zeroed' },
  { name: 'garbage for data', names: 'early', data: 'garbage' },
  { name: 'sectors in any order', names: 'strict', data: 'sectors' },
  { name: 'one sector missing', names: 'journaled', data: 'hole' },
]

/**
 * @typedef {{ at: number, bytes: Buffer }} Write
 * @typedef {import('./trace.mjs').Operation} Operation
 * @typedef {(bound: number) => number} Random
 */

class Inode {
  /** What is surely on disk. */
  sure = Buffer.alloc(0)
  /** Goes up with each change of `sure`. */
  version = 0
  /** @type {Write[]} */
  unsure = []

  /** @param {number} number */
  constructor(number) {
    this.number = number
  }

  sync() {
    for (const write of this.unsure) this.sure = put(this.sure, write)
    if (this.unsure.length > 0) this.version += 1
    this.unsure = []
  }
}

/**
 * @param {Buffer} bytes
 * @param {Write} write
 */
function put(bytes, { at, bytes: written }) {
  const end = at + written.length
  const grown = end > bytes.length ? Buffer.concat([bytes, Buffer.alloc(end - bytes.length)]) : Buffer.from(bytes)
  written.copy(grown, at)
  return grown
}

/** @typedef {{ folder: string, apply: (names: Map<string, Inode | null>) => void }} NameChange */

export class Image {
  /** Null: a folder. @type {Map<string, Inode | null>} */
  live = new Map()
  /** @type {Map<string, Inode | null>} */
  sure = new Map()
  /** @type {NameChange[]} */
  changes = []
  inodes = 0

  /** @param {Operation} operation */
  apply(operation) {
    switch (operation.t) {
      case 'said':
        return
      case 'create':
        return this.#create(operation.path, operation.truncates)
      case 'write': {
        const inode = this.#file(operation.path)
        if (operation.isSynced) {
          inode.sure = put(inode.sure, operation)
          inode.version += 1
          this.#onSync()
        } else inode.unsure.push(operation)
        return
      }
      case 'truncate':
        if (operation.size !== 0) throw new Error('only truncating to nothing is modelled')
        return this.#create(operation.path, true)
      case 'sync':
        return this.#sync(operation.path)
      case 'rename': {
        const { from, path } = operation
        const inode = this.live.get(from) ?? null
        return this.#change(path, names => {
          names.delete(from)
          names.set(path, inode)
        })
      }
      case 'unlink':
      case 'rmdir':
        return this.#change(operation.path, names => void names.delete(operation.path))
      case 'mkdir':
        return this.#change(operation.path, names => void names.set(operation.path, null))
    }
  }

  /** @param {string} path @param {boolean} truncates */
  #create(path, truncates) {
    if (this.live.has(path) && !truncates) return
    this.inodes += 1
    const inode = new Inode(this.inodes)
    this.#change(path, names => void names.set(path, inode))
  }

  /** @param {string} path */
  #file(path) {
    const inode = this.live.get(path)
    if (inode === undefined || inode === null) throw new Error(`${path} is written to and is no file`)
    return inode
  }

  /** @param {string} path @param {(names: Map<string, Inode | null>) => void} apply */
  #change(path, apply) {
    apply(this.live)
    this.changes.push({ folder: folderOf(path), apply })
  }

  /** @param {string} path */
  #sync(path) {
    const inode = path === '' ? null : this.live.get(path)
    if (inode !== null && inode !== undefined) inode.sync()
    else for (const change of this.changes) if (change.folder === path) this.#settle(change)
    this.#onSync()
  }

  /** @param {NameChange & { isStrict?: boolean }} change */
  #settle(change) {
    change.isStrict = true
  }

  /** A journal takes along all that came before; a strict reading only what was asked for. */
  #onSync() {
    for (const change of /** @type {(NameChange & { isJournaled?: boolean })[]} */ (this.changes)) {
      change.isJournaled = true
    }
    // What both agree on is settled for good, in order.
    while (this.changes.length > 0 && isSettled(this.changes[0])) this.changes.shift()?.apply(this.sure)
  }

  /** @param {Names} which */
  names(which) {
    const names = new Map(this.sure)
    for (const change of /** @type {(NameChange & { isStrict?: boolean, isJournaled?: boolean })[]} */ (this.changes)) {
      const isThere =
        which === 'early' || (which === 'journaled' ? change.isJournaled === true : change.isStrict === true)
      if (isThere) change.apply(names)
    }
    // A name in a folder that is not there is not there either.
    for (const path of names.keys()) {
      for (let at = folderOf(path); at !== ''; at = folderOf(at)) if (!names.has(at)) names.delete(path)
    }
    return names
  }

  /**
   * What a crash leaves, while `underway` is being done: a write may be there in part, a change of names not yet.
   * @param {Model} model
   * @param {Operation | undefined} underway
   * @param {Random} random
   */
  crash(model, underway, random) {
    /** @type {Map<string, Buffer | null>} */
    const files = new Map()
    const isPartly = underway?.t === 'write' && model.data !== 'kept' && model.data !== 'lost'
    const open = isPartly ? this.live.get(underway.path) : undefined
    let mark = ''
    for (const [path, inode] of this.names(model.names)) {
      if (inode === null) files.set(path, null)
      else {
        const writes = inode === open && isPartly ? [...inode.unsure, underway] : inode.unsure
        files.set(path, leftOf(inode.sure, writes, model.data, random))
        const unsure = model.data === 'lost' ? 0 : writes.length
        mark += `${path}:${inode.number}:${inode.version}:${unsure}\n`
      }
    }
    return { files, mark }
  }
}

/** @param {(NameChange & { isStrict?: boolean, isJournaled?: boolean }) | undefined} change */
function isSettled(change) {
  return change?.isStrict === true && change.isJournaled === true
}

/**
 * @param {Buffer} sure
 * @param {readonly Write[]} writes
 * @param {Data} data
 * @param {Random} random
 */
function leftOf(sure, writes, data, random) {
  let bytes = sure
  if (data === 'lost') return bytes
  for (const { at, bytes: written } of writes) {
    if (data === 'kept') bytes = put(bytes, { at, bytes: written })
    else if (data === 'half') bytes = put(bytes, { at, bytes: written.subarray(0, written.length >> 1) })
    else if (data === 'zeroed') bytes = put(bytes, { at, bytes: Buffer.alloc(written.length) })
    else if (data === 'garbage') {
      bytes = put(bytes, { at, bytes: Buffer.from(Array.from(written, () => random(256))) })
    } else bytes = withSomeSectors(bytes, { at, bytes: written }, sectorsOf(data, at, written.length, random))
  }
  return bytes
}

/**
 * Which sectors of a write are there: each as a coin falls, or all but one.
 * @param {'sectors' | 'hole'} data
 * @param {number} at
 * @param {number} length
 * @param {Random} random
 * @returns {(sector: number) => boolean}
 */
function sectorsOf(data, at, length, random) {
  if (data === 'sectors') return () => random(2) === 0
  const hole = random(Math.ceil(((at % SECTOR_BYTES) + length) / SECTOR_BYTES))
  return sector => sector !== hole
}

/**
 * @param {Buffer} bytes
 * @param {Write} write
 * @param {(sector: number) => boolean} isThere
 */
function withSomeSectors(bytes, { at, bytes: written }, isThere) {
  let left = bytes
  let sector = 0
  for (let from = 0; from < written.length; sector += 1) {
    const to = Math.min(written.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES))
    if (isThere(sector)) left = put(left, { at: at + from, bytes: written.subarray(from, to) })
    from = to
  }
  return left
}

/**
 * @param {string} folder
 * @param {ReadonlyMap<string, Buffer | null>} files
 */
export function layOut(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const [path, bytes] of files) {
    if (bytes === null) mkdirSync(join(folder, path), { recursive: true })
  }
  for (const [path, bytes] of files) {
    if (bytes === null) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

/** @param {string} path */
function folderOf(path) {
  const folder = dirname(path)
  return folder === '.' ? '' : folder
}
