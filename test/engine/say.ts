/** How a process that will be killed says what it acknowledged: a line of JSON for each, the moment it comes. */
import { writeSync } from 'node:fs'

/** Written at once and as a whole. A pipe that is full for the moment, because its reader is slow, is tried again. */
export function say(acknowledged: object): void {
  const line = Buffer.from(`${JSON.stringify(acknowledged)}\n`)
  for (let written = 0; written < line.length;) {
    try {
      written += writeSync(1, line, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
