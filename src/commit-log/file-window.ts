/**
 * A moving window over a file that is read from front to back: large reads, one buffer.
 */
import type { DiskFile } from './disk.ts'

const WINDOW_BYTES = 1024 * 1024

/** Bytes of the file that lie in memory: `buffer[at]` is the byte asked for; `length` of them are there. */
interface View {
  readonly buffer: Buffer
  readonly at: number
  readonly length: number
}

export class FileWindow {
  readonly #file: DiskFile
  #buffer: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  constructor(file: DiskFile) {
    this.#file = file
  }

  /** At least `length` bytes from `offset` on, or as many as the file has. Valid until the next call. */
  async view(offset: number, length: number): Promise<View> {
    if (offset < this.#start || offset + length > this.#end) await this.#load(offset, length)
    const at = offset - this.#start
    return { buffer: this.#buffer.subarray(0, this.#end - this.#start), at, length: Math.max(0, this.#end - offset) }
  }

  async #load(offset: number, length: number): Promise<void> {
    const wanted = Math.max(length, WINDOW_BYTES)
    if (this.#buffer.length < wanted) this.#buffer = Buffer.allocUnsafeSlow(wanted)
    this.#start = offset
    this.#end = offset
    while (this.#end - offset < length) {
      const at = this.#end - offset
      const count = await this.#file.read(this.#buffer, at, this.#buffer.length - at, this.#end)
      if (count === 0) return
      this.#end += count
    }
  }
}
