/**
 * Notices a disk that is filling up before a write fails: looks now and then, never in the way of an append, and counts
 * what was taken since. Keeps a reserve meanwhile, and gives it up when something that must be written would not find room.
 */
import type { Disk } from '../../commit-log/disk.ts'
import { TwinlogError } from '../../errors.ts'
import { Reserve, RESERVE_BYTES } from './reserve.ts'

const LOOK_EVERY_BYTES_MAX = 8 * 1024 * 1024
const LOOK_EVERY_MS = 1000

export class FreeSpace {
  readonly #disk: Disk
  readonly #path: string
  readonly #watermark: number
  readonly #lookEveryBytes: number
  readonly #reserve: Reserve
  #keepsReserve = false
  #looking: Promise<void> | null = null
  #lookedAt = Number.NEGATIVE_INFINITY
  /** At the last look; null when the system can't tell. */
  #free: number | null = null
  /** Bytes taken since the last look began. */
  #taken = 0
  /** Bytes taken before that, and not written when it began. */
  #unwritten = 0
  #countUnwritten = (): number => 0

  /** @param watermark bytes; appends that would leave fewer are refused. 0: they never are, and there is no reserve */
  constructor(disk: Disk, path: string, watermark: number) {
    this.#disk = disk
    this.#path = path
    this.#watermark = watermark
    this.#lookEveryBytes = Math.min(LOOK_EVERY_BYTES_MAX, watermark / 4)
    this.#reserve = new Reserve(disk)
  }

  /** Takes room for so many bytes; why there is none, or null. Starts a new look when the last one is old. */
  take(bytes: number): TwinlogError<'LOW_SPACE'> | null {
    if (this.#watermark === 0) return null
    const isOld = this.#taken >= this.#lookEveryBytes || performance.now() - this.#lookedAt >= LOOK_EVERY_MS
    if (isOld && this.#looking === null) void this.look()
    if (this.#free !== null && this.#free - this.#unwritten - this.#taken - bytes < this.#watermark) {
      const { path, watermark } = { path: this.#path, watermark: this.#watermark }
      return new TwinlogError('LOW_SPACE', `less than ${watermark} bytes would be left free`, { path })
    }
    this.#taken += bytes
    return null
  }

  /** Finds out how much is free. Never rejects. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    await this.#looking
  }

  /** Before what must go through even on a full disk: gives the reserve up if there is no room without. Never rejects. */
  async makeRoom(): Promise<void> {
    // A look that was under way may have begun before the disk was full; and a reserve must not be made meanwhile.
    await this.#looking
    await this.look()
    if (this.#free !== null && this.#free < RESERVE_BYTES) await this.#reserve.release()
  }

  /**
   * Once the directory is a store: from here on there is a reserve whenever there is room for one.
   * @param countUnwritten bytes that were taken, and that the disk does not have yet
   */
  async keep(countUnwritten: () => number): Promise<void> {
    this.#countUnwritten = countUnwritten
    this.#keepsReserve = this.#watermark > 0
    await this.look()
  }

  /** Nothing is made any more once this resolves. */
  async stop(): Promise<void> {
    this.#keepsReserve = false
    await this.#looking
  }

  async #look(): Promise<void> {
    const unwritten = this.#countUnwritten()
    this.#unwritten += this.#taken
    this.#taken = 0
    this.#free = await this.#freeBytes()
    this.#unwritten = unwritten
    this.#lookedAt = performance.now()
    if (this.#free === null || this.#free < this.#watermark + RESERVE_BYTES) return
    if (this.#keepsReserve && (await this.#reserve.make())) this.#free -= RESERVE_BYTES
  }

  async #freeBytes(): Promise<number | null> {
    try {
      return await this.#disk.freeBytes()
    } catch {
      return null
    }
  }
}
