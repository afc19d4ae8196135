/**
 * The yardstick: the least that a durable append can cost. One file, one write under way, and all that was appended
 * meanwhile goes into the next write, from two buffers that take turns. It remembers in memory where each record is, and
 * knows nothing any more once it is closed.
 */
import { close, constants, fdatasync, mkdirSync, openSync, readSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sealed, verified } from './checked.mjs'

const FIRST_BUFFER_BYTES = 256 * 1024
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0
/** What one record takes in a segment of twinlog's besides its payload, less the checksum: so as many bytes are written. */
const ENTRY_BYTES = 48
const KEY_BYTES = 16
const SCAN_BYTES = 4 * 1024 * 1024
const closeFile = promisify(close)

/** @type {import('./all.mjs').Store} */
export const bareFile = {
  name: 'bare file',
  packages: [],
  how: 'one write for each group, `O_DSYNC`; places in memory; no index, no look-up of keys, nothing survives closing it',
  lacks: {
    reopen: 'nothing says where its records are once it is closed',
    lookUps: 'it looks nothing up',
    follow: 'it is a file',
  },
  open: async (directory, { durability }) => {
    mkdirSync(directory, { recursive: true })
    const file = new BareFile(join(directory, 'records'), durability === 'disk')
    /** Where each record of each log begins, and its length: two numbers a record. @type {number[][]} */
    const places = []
    const placesOf = (/** @type {number} */ log) => (places[log] ??= [])
    const overhead = { plain: Buffer.alloc(ENTRY_BYTES), keyed: Buffer.alloc(ENTRY_BYTES + KEY_BYTES) }
    const add = (
      /** @type {number} */ log,
      /** @type {Uint8Array} */ payload,
      /** @type {string | undefined} */ key,
    ) => {
      const own = placesOf(log)
      file.add(key === undefined ? overhead.plain : overhead.keyed)
      const value = sealed(payload)
      own.push(file.add(value), value.length)
      return own.length / 2
    }
    const get = (/** @type {number} */ log, /** @type {number} */ seq) => {
      const [offset, length] = placesOf(log).slice(2 * seq - 2, 2 * seq)
      return verified(file.read(offset ?? 0, length ?? 0))
    }
    return {
      prepareLogs: async () => {},
      append: async (log, payload, key) => {
        const seq = add(log, payload, key)
        await file.written()
        return seq
      },
      appendMany: async parts => {
        const seqs = parts.map(({ log, payload, key }) => add(log, payload, key))
        await file.written()
        return seqs
      },
      tip: log => placesOf(log).length / 2,
      get,
      page: (log, limit, before = placesOf(log).length / 2 + 1) => {
        const length = Math.max(0, Math.min(limit, before - 1))
        return Array.from({ length }, (_, i) => get(log, before - 1 - i))
      },
      scan: (log, visit) => {
        const own = placesOf(log)
        let start = 0
        let window = Buffer.alloc(0)
        for (let i = 0; i < own.length; i += 2) {
          const offset = own[i] ?? 0
          const length = own[i + 1] ?? 0
          if (offset + length > start + window.length || offset < start) {
            start = offset
            window = file.read(start, SCAN_BYTES)
          }
          visit(verified(window.subarray(offset - start, offset - start + length)))
        }
      },
      follow: () => {
        throw new Error('a file follows nothing')
      },
      settle: async () => {},
      close: () => file.close(),
    }
  },
}

class BareFile {
  #fd
  #isSynced
  #position = 0
  #length = 0
  #filling = Buffer.alloc(FIRST_BUFFER_BYTES)
  #idle = Buffer.alloc(FIRST_BUFFER_BYTES)
  /** @type {{ resolve: () => void, reject: (error: Error) => void }[]} */
  #waiting = []
  #isScheduled = false
  #isWriting = false

  /**
   * @param {string} path
   * @param {boolean} isSynced
   */
  constructor(path, isSynced) {
    this.#isSynced = isSynced
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (isSynced ? SYNCED_WRITES : 0))
  }

  /**
   * Gives the place where the bytes will be.
   * @param {Uint8Array} bytes
   */
  add(bytes) {
    if (this.#length + bytes.length > this.#filling.length) this.#grow(bytes.length)
    const offset = this.#position + this.#length
    this.#filling.set(bytes, this.#length)
    this.#length += bytes.length
    return offset
  }

  /**
   * Resolves when what was added is written.
   * @returns {Promise<void>}
   */
  written() {
    this.#schedule()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /**
   * @param {number} offset
   * @param {number} length
   */
  read(offset, length) {
    const bytes = Buffer.allocUnsafe(length)
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, length, offset))
  }

  async close() {
    await closeFile(this.#fd)
  }

  #schedule() {
    if (this.#isScheduled || this.#isWriting) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#commit()
    })
  }

  async #commit() {
    const bytes = this.#filling.subarray(0, this.#length)
    const waiting = this.#waiting
    const full = this.#filling
    const offset = this.#position
    this.#filling = this.#idle
    this.#idle = full
    this.#position += this.#length
    this.#length = 0
    this.#waiting = []
    this.#isWriting = true
    try {
      await this.#write(bytes, offset)
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      for (const { reject } of waiting) reject(/** @type {Error} */ (error))
    }
    this.#isWriting = false
    if (this.#length > 0) this.#schedule()
  }

  /**
   * @param {Buffer} bytes
   * @param {number} offset
   * @returns {Promise<void>}
   */
  #write(bytes, offset) {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, 0, bytes.length, offset, (error, count) => {
        if (error !== null) return reject(error)
        if (count !== bytes.length) return reject(new Error(`wrote ${count} of ${bytes.length} bytes`))
        if (!this.#isSynced || SYNCED_WRITES !== 0) return resolve()
        return fdatasync(this.#fd, failure => (failure === null ? resolve() : reject(failure)))
      })
    })
  }

  /** @param {number} bytes */
  #grow(bytes) {
    const larger = Buffer.alloc(Math.max(this.#length + bytes, 2 * this.#filling.length))
    this.#filling.copy(larger, 0, 0, this.#length)
    this.#filling = larger
  }
}
