/** What is said on stderr: lines, and on a terminal one line of progress that is drawn over and over. */
import { OutputClosed, type Output } from './output.ts'
import type { Paint } from './paint.ts'

const redrawMs = 100
const eraseLine = '\r\u001B[2K'

export class Status {
  readonly paint: Paint
  readonly #output: Output
  readonly #showsProgress: boolean
  #drawnAt = -Infinity
  #isDrawn = false

  constructor(output: Output, paint: Paint, showsProgress: boolean) {
    this.#output = output
    this.paint = paint
    this.#showsProgress = showsProgress
  }

  async say(line: string): Promise<void> {
    await this.#write(`${this.#erase()}${line}\n`)
  }

  /** Shows how far a task is, if anyone can see it. `text` is only asked for when it is drawn. */
  async progress(text: () => string): Promise<void> {
    if (!this.#showsProgress) return
    const now = performance.now()
    if (now - this.#drawnAt < redrawMs) return
    this.#drawnAt = now
    const erase = this.#erase()
    this.#isDrawn = true
    await this.#write(erase + this.paint.dim(text()))
  }

  /** Takes the line of progress away: the task is over. */
  async settle(): Promise<void> {
    await this.#write(this.#erase())
  }

  #erase(): string {
    const text = this.#isDrawn ? eraseLine : ''
    this.#isDrawn = false
    return text
  }

  /** A stderr that nobody reads stops no task. */
  async #write(text: string): Promise<void> {
    if (text === '') return
    try {
      await this.#output.write(text)
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error
    }
  }
}
