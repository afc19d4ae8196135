/** docs/format.md as the tests see it: its tables and blocks, each under its heading. */
import { readFileSync, writeFileSync } from 'node:fs'

export interface Table {
  readonly heading: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

interface Section {
  readonly heading: string
  readonly lines: string[]
}

const path = new URL('../../docs/format.md', import.meta.url)
const document = readFileSync(path, 'utf8')
const sections: Section[] = []
let isInBlock = false
for (const line of document.split('\n')) {
  if (line.startsWith('```')) isInBlock = !isInBlock
  const heading = isInBlock ? undefined : /^#+ (.*)$/.exec(line)?.[1]
  if (heading !== undefined) sections.push({ heading, lines: [] })
  sections.at(-1)!.lines.push(line)
}

/** All tables, in order. */
export const tables: readonly Table[] = sections.flatMap(tablesIn)

function tablesIn({ heading, lines }: Section): Table[] {
  const found: Table[] = []
  for (const [i, line] of lines.entries()) {
    if (!/^\|[-|]+\|$/.test(line)) continue
    const after = lines.slice(i + 1)
    const end = after.findIndex(each => !each.startsWith('|'))
    const rows = after.slice(0, end < 0 ? after.length : end)
    found.push({ heading, columns: cellsOf(lines[i - 1]!), rows: rows.map(cellsOf) })
  }
  return found
}

/** The first fenced block under a heading. */
export function blockUnder(heading: string): string {
  const { lines } = sections.find(section => section.heading === heading)!
  const start = lines.findIndex(line => line.startsWith('```'))
  const end = lines.indexOf('```', start + 1)
  return lines.slice(start + 1, end).join('\n')
}

/** Puts this text in place of that block. */
export function replaceBlock(block: string, text: string): void {
  writeFileSync(
    path,
    document.replace(block, () => text),
  )
}

/** A cell's text without its backticks. */
export function plain(cell: string): string {
  return cell.replaceAll('`', '')
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map(cell => cell.trim())
}
