/** What goes to the terminal: lines in columns, colours where they are wanted, and no control characters of strangers. */
import { isatty } from 'node:tty'
import picocolors from 'picocolors'

const { NO_COLOR = '', TERM } = process.env
// https://no-color.org
const paint = picocolors.createColors(isatty(process.stdout.fd) && NO_COLOR === '' && TERM !== 'dumb')

const WHO_WIDTH = 17
const WHAT_WIDTH = 30
const VERDICT_WIDTH = 24

let chapters = 0

/** @param {string} text */
export function say(text) {
  console.log(text)
}

/** @param {string} text */
export function title(text) {
  say(paint.bold(text))
}

/** @param {string} text @param {...string} remarks */
export function chapter(text, ...remarks) {
  chapters++
  say('')
  title(`${chapters}. ${text}`)
  for (const remark of remarks) say(paint.dim(`   ${remark}`))
}

/**
 * One delivery: from whom to whom, what it is, the verdict as `<status> <code>`, and what the store did.
 * @param {{ who: string, what: string, verdict: string, effect: string }} columns
 */
export function line({ who, what, verdict, effect }) {
  const colour = /^(4|5|no )/.test(verdict) ? paint.red : paint.green
  const start = `   ${who.padEnd(WHO_WIDTH)} ${what.padEnd(WHAT_WIDTH)} `
  say(`${start}${colour(verdict.padEnd(VERDICT_WIDTH))} ${effect}`.trimEnd())
}

/** Something that was looked up, and what was found. @param {string} question @param {string} answer */
export function fact(question, answer) {
  say(`   ${question.padEnd(WHO_WIDTH + WHAT_WIDTH + 1)} ${answer}`)
}

/** @param {string} text */
export function done(text) {
  say(`\n${paint.green('✓')} ${text}`)
}

/** @param {string} text */
export function fail(text) {
  console.error(`\n${paint.red('✗')} ${text}`)
}

/** What could move the cursor, colour the screen, or turn the reading direction of a terminal. */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu

/** Text by a stranger, in one line. @param {string} text */
export function printable(text) {
  return text.replace(unsafe, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
