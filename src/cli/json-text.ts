/** Values as JSON text, where JSON can say them: what `JSON.stringify` would drop or change has no JSON text here. */

/** The text, or null when reading it back would not give the value again. */
export function jsonTextOf(value: unknown): string | null {
  try {
    return isPlain(value) ? JSON.stringify(value) : null
  } catch (error) {
    // Nested deeper than the stack allows.
    if (error instanceof RangeError) return null
    throw error
  }
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!Object.hasOwn(value, index) || !isPlain(value[index])) return false
    }
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}

/** A JSON text on one line: line breaks can only stand between its tokens, where a space says the same. */
export function onOneLine(json: string): string {
  return json.replaceAll(/[\r\n]/g, ' ')
}
