/**
 * Counts what was tried: `npm run test:long` names a file in LONG_TALLY, and each property, and each test that goes
 * through every bit of something, adds a line to it. Without that file nothing happens.
 */
import { appendFileSync } from 'node:fs'

const file = process.env['LONG_TALLY']

export function tally(tried: number): void {
  if (file !== undefined) appendFileSync(file, `${tried}\n`)
}
