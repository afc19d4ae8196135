/** Writes to a stream that may be slow, or gone: `twinlog cat … | head` closes the pipe and ends the command quietly. */
import type { Writable } from 'node:stream'

/** Nobody reads the output any more. */
export class OutputClosed extends Error {}

const closedCodes = new Set([
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_STREAM_PREMATURE_CLOSE',
])

export class Output {
  readonly #stream: Writable
  #failure: Error | undefined
  #waiting: (() => void)[] = []

  constructor(stream: Writable) {
    this.#stream = stream
    const wake = (): void => {
      const waiting = this.#waiting
      this.#waiting = []
      for (const goOn of waiting) goOn()
    }
    stream.on('drain', wake)
    stream.on('error', error => {
      this.#failure ??= closedCodes.has((error as NodeJS.ErrnoException).code ?? '') ? new OutputClosed() : error
      wake()
    })
    stream.on('close', () => {
      this.#failure ??= new OutputClosed()
      wake()
    })
  }

  /** Resolves when the stream takes more. */
  async write(data: string | Uint8Array): Promise<void> {
    this.#check()
    if (this.#stream.write(data)) return
    await new Promise<void>(resolve => {
      this.#waiting.push(resolve)
    })
    this.#check()
  }

  #check(): void {
    if (this.#failure) throw this.#failure
  }
}
