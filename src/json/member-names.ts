/** Finds the member name that a JSON text is refused for. Only called for a text that parses, when one is there. */
import { JsonRejection } from './json-rejection.ts'
import { backslash, closeBrace, closeBracket, colon, isSpace, openBrace, openBracket, quote } from './tokens.ts'

/** The first `__proto__`, or the first name that its object had already. */
export function findBadKey(bytes: Uint8Array): JsonRejection | undefined {
  /** The names so far, for each bracket that is open. */
  const names: Set<string>[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === openBrace || byte === openBracket) names.push(new Set())
    else if (byte === closeBrace || byte === closeBracket) names.pop()
    if (byte !== quote) continue
    const start = at
    for (at++; bytes[at] !== quote; at++) if (bytes[at] === backslash) at++
    if (!isBeforeColon(bytes, at)) continue
    const name = nameIn(bytes.subarray(start, at + 1))
    if (name === '__proto__') return new JsonRejection('unsafe_key', `__proto__ at byte ${start}`)
    if (names.at(-1)?.has(name) === true) return new JsonRejection('duplicate_key', `a name again at byte ${start}`)
    names.at(-1)?.add(name)
  }
  return undefined
}

/** Nothing but a name stands before a colon. */
function isBeforeColon(bytes: Uint8Array, end: number): boolean {
  let at = end + 1
  while (isSpace(bytes[at])) at++
  return bytes[at] === colon
}

function nameIn(text: Uint8Array): string {
  return JSON.parse(Buffer.from(text).toString()) as string
}
