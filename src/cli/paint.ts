/** Colours, for a terminal that wants them; and text by strangers made safe to show. */
import picocolors from 'picocolors'
import type { TerminalStream } from './context.ts'

export type Paint = Pick<ReturnType<typeof picocolors.createColors>, 'bold' | 'dim' | 'red' | 'yellow'>

/** https://no-color.org: any value of NO_COLOR but the empty one takes the colours away. */
export function paintFor(stream: TerminalStream, env: Readonly<Record<string, string | undefined>>): Paint {
  const isWanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return picocolors.createColors(stream.isTTY === true && isWanted)
}

/** What could move the cursor, colour the screen, or turn the reading direction of a terminal. */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu

/** One line of text by a stranger, with such characters written as escapes. */
export function printable(text: string): string {
  return text.replace(unsafe, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same for several lines. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map(line => line.split('\t').map(printable).join('\t'))
    .join('\n')
}

const grouped = new Intl.NumberFormat('en-US')

/** 12,345. */
export function count(number: number): string {
  return grouped.format(number)
}
