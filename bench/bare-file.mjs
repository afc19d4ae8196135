/**
 * The yardstick: the least that a durable append can cost. One file, one write under way, and all that was appended
 * meanwhile goes into the next write, from two buffers that take turns. No index, no checksum, nothing to read back.
 */
import { close, constants, fdatasync, openSync, write } from 'node:fs'
import { promisify } from 'node:util'

const FIRST_BUFFER_BYTES = 256 * 1024
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0
const closeFile = promisify(close)

export class BareFile {
  #fd
  #position = 0
  #filling = Buffer.alloc(FIRST_BUFFER_BYTES)
  #idle = Buffer.alloc(FIRST_BUFFER_BYTES)
  #length = 0
  /** @type {(() => void)[]} */
  #waiting = []
  #isScheduled = false
  #isWriting = false

  /** @param {string} path */
  constructor(path) {
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SYNCED_WRITES)
  }

  /**
   * Resolves when the bytes are on disk.
   * @param {Buffer} bytes
   * @returns {Promise<void>}
   */
  append(bytes) {
    if (this.#length + bytes.length > this.#filling.length) this.#grow(bytes.length)
    bytes.copy(this.#filling, this.#length)
    this.#length += bytes.length
    this.#schedule()
    return new Promise(resolve => this.#waiting.push(resolve))
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
    this.#filling = this.#idle
    this.#idle = full
    this.#length = 0
    this.#waiting = []
    this.#isWriting = true
    await this.#write(bytes)
    this.#isWriting = false
    for (const resolve of waiting) resolve()
    if (this.#length > 0) this.#schedule()
  }

  /**
   * @param {Buffer} bytes
   * @returns {Promise<void>}
   */
  #write(bytes) {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, 0, bytes.length, this.#position, (error, count) => {
        if (error !== null) return reject(error)
        if (count !== bytes.length) return reject(new Error(`wrote ${count} of ${bytes.length} bytes`))
        this.#position += count
        if (SYNCED_WRITES !== 0) return resolve()
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
