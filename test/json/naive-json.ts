/** A JSON reader that recurses and copies, and says what is in a text: the model of the strict one. */

export interface Facts {
  value: unknown
  depth: number
  nodes: number
  /** The codes of what else a strict reader refuses. */
  readonly faults: Set<string>
}

/** Throws when the text is no JSON, as `JSON.parse` does. */
export function naiveFacts(text: string): Facts {
  const facts: Facts = { value: JSON.parse(text) as unknown, depth: 0, nodes: 0, faults: new Set() }
  const tokens = text.match(/"(?:[^"\\]|\\[^])*"|[[\]{}:,]|[^[\]{}:,"\s]+/g) ?? []
  const take = (): string => tokens.shift()!
  const stringIn = (token: string): string => {
    const string = JSON.parse(token) as string
    if (/\p{Surrogate}/u.test(string)) facts.faults.add('malformed_json')
    return string
  }
  const read = (depth: number): void => {
    facts.nodes += 1
    const token = take()
    if (token.startsWith('"')) stringIn(token)
    if (token !== '{' && token !== '[') return
    facts.depth = Math.max(facts.depth, depth + 1)
    const names: string[] = []
    if (tokens[0] === '}' || tokens[0] === ']') return void take()
    do {
      if (token === '{') {
        const name = stringIn(take())
        if (name === '__proto__') facts.faults.add('unsafe_key')
        if (names.includes(name)) facts.faults.add('duplicate_key')
        names.push(name)
        take()
      }
      read(depth + 1)
    } while (take() === ',')
  }
  read(0)
  return facts
}
