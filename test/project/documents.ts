/** What the project tests know of the documentation: its pages, their headings, and the fenced blocks in them. */
import { filesIn, read } from './sources.ts'

export interface Block {
  /** The page, from the root. */
  readonly page: string
  /** The line of the opening fence, counted from 1. */
  readonly line: number
  /** The first word after the fence. */
  readonly language: string
  /** The words after it. */
  readonly marks: readonly string[]
  readonly text: string
}

export interface Page {
  readonly path: string
  readonly text: string
  /** The text with its fenced blocks blanked, line by line. */
  readonly prose: string
  readonly blocks: readonly Block[]
}

export function pages(): Page[] {
  return ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md')].map(path => pageOf(path, read(path)))
}

function pageOf(path: string, text: string): Page {
  const blocks: Block[] = []
  const prose: string[] = []
  let open: { fence: string; indent: number; line: number; info: string; body: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^( *)(`{3,}|~{3,})(.*)$/.exec(line)
    prose.push(open || fence ? '' : line)
    if (open && fence?.[2]!.startsWith(open.fence) && fence[3]!.trim() === '') {
      const [language = '', ...marks] = open.info.split(/\s+/)
      blocks.push({ page: path, line: open.line, language, marks, text: open.body.join('\n') })
      open = undefined
    } else if (open) {
      open.body.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
    } else if (fence) {
      open = { fence: fence[2]!, indent: fence[1]!.length, line: index + 1, info: fence[3]!.trim(), body: [] }
    }
  }
  if (open) throw new Error(`${path}:${open.line}: the block is never closed`)
  return { path, text, prose: prose.join('\n'), blocks }
}

/** The anchors a page offers, as GitHub makes them from headings, and explicit ones. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const [, title] of page.prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = title!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-')
    let unique = slug
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`
    anchors.add(unique)
  }
  for (const [, id] of page.prose.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id!)
  return anchors
}
