/**
 * Notices a disk that is filling up before a write fails: looks now and then, never in the way of an append. Keeps a
 * reserve meanwhile, and gives it up when something that must be written would not find room.
 */
import type { Disk } from '../../commit-log/disk.ts'
import { TwinlogError } from '../../errors.ts'
import { Reserve, RESERVE_BYTES } from './reserve.ts'

const LOOK_EVERY_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 1000

export class FreeSpace {
  readonly #disk: Disk
  readonly #path: string
  readonly #watermark: number
  readonly #reserve: Reserve
  #keepsReserve = false
  #isLow = false
  #looking: Promise<void> | null = null
  #bytesAtLook = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  /** @param watermark bytes; appends are refused while fewer are free. 0: they never are, and there is no reserve */
  constructor(disk: Disk, path: string, watermark: number) {
    this.#disk = disk
    this.#path = path
    this.#watermark = watermark
    this.#reserve = new Reserve(disk)
  }

  /** Why appends are refused for now; null when they are not. Starts a new look when the last one is old. */
  refusal(bytesWritten: number): TwinlogError<'LOW_SPACE'> | null {
    const isOld =
      bytesWritten - this.#bytesAtLook >= LOOK_EVERY_BYTES || performance.now() - this.#lookedAt >= LOOK_EVERY_MS
    if (isOld && this.#looking === null) void this.look(bytesWritten)
    return this.#isLow
      ? new TwinlogError('LOW_SPACE', `less than ${this.#watermark} bytes are free`, { path: this.#path })
      : null
  }

  async look(bytesWritten: number): Promise<void> {
    this.#looking ??= this.#look(bytesWritten).finally(() => {
      this.#looking = null
    })
    await this.#looking
  }

  /** Before what must go through even on a full disk: gives the reserve up if there is no room without. Never rejects. */
  async makeRoom(bytesWritten: number): Promise<void> {
    // A reserve that is being made must not take the room that this finds.
    await this.#looking
    const free = await this.#freeBytes()
    this.#note(free, bytesWritten)
    if (free !== null && free < RESERVE_BYTES) await this.#reserve.release()
  }

  /** From here on there is a reserve whenever there is room for one. Once the directory is a store. */
  async keepReserve(bytesWritten: number): Promise<void> {
    this.#keepsReserve = this.#watermark > 0
    await this.look(bytesWritten)
  }

  /** Nothing is looked at or made any more once this resolves. */
  async stop(): Promise<void> {
    this.#keepsReserve = false
    await this.#looking
  }

  async #look(bytesWritten: number): Promise<void> {
    const free = await this.#freeBytes()
    this.#note(free, bytesWritten)
    const hasRoom = free !== null && free >= this.#watermark + RESERVE_BYTES
    if (this.#keepsReserve && hasRoom) await this.#reserve.make()
  }

  #note(free: number | null, bytesWritten: number): void {
    this.#isLow = free !== null && free < this.#watermark
    this.#bytesAtLook = bytesWritten
    this.#lookedAt = performance.now()
  }

  async #freeBytes(): Promise<number | null> {
    try {
      return await this.#disk.freeBytes()
    } catch {
      return null
    }
  }
}
