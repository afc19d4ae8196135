/** Cuts a stream of chunks at its line feeds. Blank lines are left out, and white space around a line. */
import { Capture } from './capture.ts'
import { trimmed } from './json-value.ts'

const lineFeed = 0x0a

/** One line that is not blank; null for one that is longer than `bytesMax`. */
export type Line = Uint8Array | null

export class LineCutter {
  readonly #bytesMax: number
  readonly #line = new Capture()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#line.begin(0, bytesMax)
  }

  *feed(chunk: Uint8Array): Generator<Line, void> {
    let from = 0
    for (;;) {
      const at = chunk.indexOf(lineFeed, from)
      if (at < 0) break
      yield* notBlank(this.#line.finish(chunk, at))
      from = at + 1
      this.#line.begin(from, this.#bytesMax)
    }
    this.#line.carry(chunk)
  }

  /** Whether the line being read is longer than `bytesMax` already. */
  get isTooLong(): boolean {
    return this.#line.length > this.#bytesMax
  }

  /** The last line, when no line feed ends it. */
  *end(): Generator<Line, void> {
    yield* notBlank(this.#line.finish(new Uint8Array(0), 0))
  }
}

function* notBlank(bytes: Line): Generator<Line, void> {
  const line = bytes && trimmed(bytes)
  if (line === null || line.length > 0) yield line
}
