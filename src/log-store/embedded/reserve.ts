/**
 * The reserve: a file that takes up space for one moment, the one in which the disk is full and a trim or a removal must
 * be written all the same. Then it is removed, and made again once there is room. Called by free-space.ts.
 */
import { randomBytes } from 'node:crypto'
import type { Disk } from '../../commit-log/disk.ts'

export const RESERVE_FILE = 'reserve'
/** Enough for a new segment's header, thousands of trims and removals, and the index's write-ahead log of them. */
export const RESERVE_BYTES = 1024 * 1024

export class Reserve {
  readonly #disk: Disk
  #isThere = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Makes one if none is there; whether it did. One that can't be made is done without. */
  async make(): Promise<boolean> {
    if (this.#isThere || (await this.#size()) === RESERVE_BYTES) {
      this.#isThere = true
      return false
    }
    try {
      await this.#disk.remove(RESERVE_FILE)
      const file = await this.#disk.create(RESERVE_FILE, { durable: false })
      try {
        // Random: what a file system can compress gives no space back.
        await file.write(randomBytes(RESERVE_BYTES), 0)
      } finally {
        await file.close()
      }
      this.#isThere = true
    } catch {
      await this.release()
    }
    return this.#isThere
  }

  /** Gives the space back. Whoever writes next may have it, other programs too. */
  async release(): Promise<void> {
    this.#isThere = false
    try {
      await this.#disk.remove(RESERVE_FILE)
    } catch {
      // The write that it was meant for will say what is wrong.
    }
  }

  async #size(): Promise<number> {
    try {
      if (!(await this.#disk.list('')).includes(RESERVE_FILE)) return 0
      const file = this.#disk.open(RESERVE_FILE)
      try {
        return await file.size()
      } finally {
        await file.close()
      }
    } catch {
      return 0
    }
  }
}
