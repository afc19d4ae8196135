/** A run of bytes cut out of a stream of chunks: a view when it lies in one chunk, one copy when it does not. */
export class Capture {
  #parts: Uint8Array[] = []
  #length = 0
  #from = -1
  #bytesMax = 0

  /** The bytes of the run in the chunks before the present one. */
  get length(): number {
    return this.#length
  }

  /** The run starts at `index` of the present chunk. */
  begin(index: number, bytesMax: number): void {
    this.#parts = []
    this.#length = 0
    this.#from = index
    this.#bytesMax = bytesMax
  }

  /** The present chunk ends, the run goes on in the next one. */
  carry(chunk: Uint8Array): void {
    if (this.#from < 0) return
    this.#add(chunk.subarray(this.#from))
    this.#from = 0
  }

  /** The run ends before `index`. Null when it is longer than `bytesMax`: then nothing of it was kept. */
  finish(chunk: Uint8Array, index: number): Uint8Array | null {
    this.#add(chunk.subarray(this.#from, index))
    const parts = this.#parts
    const length = this.#length
    const tooLong = length > this.#bytesMax
    this.drop()
    if (tooLong) return null
    if (parts.length === 1) return parts[0] as Uint8Array
    const whole = new Uint8Array(length)
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  drop(): void {
    this.#parts = []
    this.#length = 0
    this.#from = -1
  }

  #add(part: Uint8Array): void {
    this.#length += part.length
    if (this.#length > this.#bytesMax) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }
}
