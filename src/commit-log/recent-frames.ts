/**
 * The newest frames, in memory: the newest pages of every log need no I/O. One ring of bytes, overwritten in place;
 * what is read from it is copied out at once.
 */
import type { Place } from '../record/entry.ts'

interface Held {
  readonly segment: number
  readonly offset: number
  readonly length: number
  /** Position in the endless stream of bytes that went through the ring. */
  readonly position: number
}

export class RecentFrames {
  readonly #ring: Buffer
  #held: Held[] = []
  #first = 0
  #position = 0

  /** @param bytes how much to keep; 0 keeps nothing */
  constructor(bytes: number) {
    this.#ring = Buffer.allocUnsafeSlow(bytes)
  }

  /** Keeps a copy of a frame, unless it is larger than the ring. Frames come in the order of their places. */
  add(place: Place, bytes: Buffer): void {
    const size = this.#ring.length
    if (bytes.length > size) return
    const at = this.#position % size
    if (at + bytes.length > size) this.#position += size - at
    const start = this.#position
    bytes.copy(this.#ring, start % size)
    this.#position += bytes.length
    this.#held.push({ segment: place.segment, offset: place.offset, length: bytes.length, position: start })
    while (this.#held[this.#first] !== undefined && (this.#held[this.#first]?.position ?? 0) < this.#position - size)
      this.#first += 1
    if (this.#first > 1024 && this.#first * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#first)
      this.#first = 0
    }
  }

  /** The bytes from `place` on, at least `length` of them, or null. Valid until the next `add`. */
  get(place: Place, length: number): Buffer | null {
    let low = this.#first
    let high = this.#held.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const frame = this.#held[middle]
      if (frame !== undefined && isAtOrBelow(frame, place)) low = middle + 1
      else high = middle
    }
    const frame = low > this.#first ? this.#held[low - 1] : undefined
    if (frame === undefined || frame.segment !== place.segment) return null
    const within = place.offset - frame.offset
    if (within + length > frame.length) return null
    const start = (frame.position + within) % this.#ring.length
    return this.#ring.subarray(start, start + frame.length - within)
  }
}

function isAtOrBelow(frame: Held, place: Place): boolean {
  return frame.segment < place.segment || (frame.segment === place.segment && frame.offset <= place.offset)
}
