/** No page of the documentation leads nowhere: files, anchors and npm scripts that it names are there. */
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, pages } from './documents.ts'
import { read, root } from './sources.ts'

const all = new Map(pages().map(page => [page.path, page]))
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

function complaintAbout(from: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined
  const [file = '', anchor] = decodeURI(link).split('#')
  const target = file === '' ? from : posix.join(posix.dirname(from), file)
  if (target.startsWith('..') || !existsSync(`${root}/${target}`)) return `${link}: there is no ${target}`
  if (anchor === undefined) return undefined
  const page = all.get(target)
  return page && anchorsOf(page).has(anchor) ? undefined : `${link}: ${target} has no such heading`
}

describe.each([...all.values()])('$path', page => {
  it('its relative links lead somewhere', () => {
    // Code spans may hold anything.
    const prose = page.prose.replaceAll(/(`+)[^`].*?\1/g, '')
    const links = [
      ...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g),
      ...prose.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/gm),
      ...prose.matchAll(/\b(?:href|src)="([^"]+)"/g),
    ]
    expect(links.flatMap(([, link]) => complaintAbout(page.path, link!) ?? [])).toEqual([])
  })

  it('its npm scripts exist', () => {
    const named = [...page.text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(match => match[1]!)
    expect(named.filter(name => !Object.hasOwn(scripts, name))).toEqual([])
  })
})
