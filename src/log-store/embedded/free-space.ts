/**
 * Notices a disk that is filling up before a write fails: looks now and then, never in the way of an append.
 */
import type { Disk } from '../../commit-log/disk.ts'
import { TwinlogError } from '../../errors.ts'

const LOOK_EVERY_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 1000

export class FreeSpace {
  readonly #disk: Disk
  readonly #path: string
  readonly #watermark: number
  #isLow = false
  #isLooking = false
  #bytesAtLook = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  /** @param watermark bytes; appends are refused while fewer are free */
  constructor(disk: Disk, path: string, watermark: number) {
    this.#disk = disk
    this.#path = path
    this.#watermark = watermark
  }

  /** Why appends are refused for now; null when they are not. Starts a new look when the last one is old. */
  refusal(bytesWritten: number): TwinlogError<'LOW_SPACE'> | null {
    const isOld =
      bytesWritten - this.#bytesAtLook >= LOOK_EVERY_BYTES || performance.now() - this.#lookedAt >= LOOK_EVERY_MS
    if (isOld && !this.#isLooking) void this.look(bytesWritten)
    return this.#isLow
      ? new TwinlogError('LOW_SPACE', `less than ${this.#watermark} bytes are free`, { path: this.#path })
      : null
  }

  async look(bytesWritten: number): Promise<void> {
    this.#isLooking = true
    try {
      const free = await this.#disk.freeBytes()
      this.#isLow = free !== null && free < this.#watermark
    } catch {
      this.#isLow = false
    }
    this.#bytesAtLook = bytesWritten
    this.#lookedAt = performance.now()
    this.#isLooking = false
  }
}
