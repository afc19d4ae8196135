/**
 * The W3C's ActivityStreams documents, good and deliberately broken, imported into one store: what became of each is in
 * w3c.txt (names, counts and codes; `npx vitest run -u test/cli/w3c.test.ts` rewrites it).
 */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { jsonLines, Machine } from './twinlog.ts'

const folder = fileURLToPath(new URL('../../../shared/vectors/activitystreams/', import.meta.url))
const names = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []

type Event =
  | { readonly event: 'refused'; readonly file: string; readonly code: string }
  | { readonly event: 'file'; readonly file: string; readonly added: number; readonly duplicates: number }
  | { readonly event: 'total'; readonly added: number; readonly refused: number }

async function fates(machine: Machine, ...options: string[]): Promise<string[]> {
  const files = names.toSorted().map(name => folder + name)
  const { out } = await machine.twinlog(['import', 'db', '--json', ...options, ...files])
  const lines: string[] = []
  let codes: string[] = []
  for (const event of jsonLines(out) as Event[]) {
    if (event.event === 'refused') codes.push(event.code)
    else if (event.event === 'file') {
      const counts = [count(event.added, 'added'), count(event.duplicates, 'duplicate'), ...codes].filter(Boolean)
      lines.push(`${event.file.slice(folder.length)}: ${counts.join(', ') || 'nothing'}`)
      codes = []
    } else lines.push(`total: ${event.added} added, ${event.refused} refused`)
  }
  return lines
}

function count(number: number, word: string): string {
  return number === 0 ? '' : `${number} ${word}`
}

const title = `the ${names.length} documents of the W3C`
const isAbsent = names.length === 0

describe.skipIf(isAbsent)(isAbsent ? 'skipped: ../shared/vectors/activitystreams is not there' : title, () => {
  it('each meet a stated fate, for the actor they name and for one who is given', async () => {
    const named = await fates(new Machine())
    const given = await fates(new Machine(), '--actor', 'https://example.com/users/alice')
    const text = `# for the actor they name\n${named.join('\n')}\n\n# for a given actor\n${given.join('\n')}\n`
    await expect(text).toMatchFileSnapshot('w3c.txt')
  })

  it('add nothing the second time', async () => {
    const machine = new Machine()
    await fates(machine)
    const again = await fates(machine)
    expect(again.filter(line => /[1-9]\d* added/.test(line))).toEqual([])
  })
})
