/**
 * Golden vectors: annotated hex under test/vectors that a person can review and a program can read back.
 * `npm run vectors` rewrites them; a difference is a change of the format.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

export const isRewriting = process.env['REWRITE_VECTORS'] === '1'

const pathOf = (name: string): URL => new URL(`../vectors/${name}.hex`, import.meta.url)

/** The vector is these lines, under a head that says what it shows. */
export function expectVector(name: string, head: readonly string[], lines: readonly string[]): void {
  const text = [...head.map(line => `# ${line}`), ...lines, ''].join('\n')
  if (isRewriting) writeFileSync(pathOf(name), text)
  expect(text).toBe(readVector(name))
}

/** The names of all vectors. */
export function vectorNames(): string[] {
  return readdirSync(new URL('../vectors', import.meta.url))
    .map(file => file.replace(/\.hex$/, ''))
    .toSorted()
}

export function readVector(name: string): string {
  return readFileSync(pathOf(name), 'utf8')
}

/** The bytes of a vector. */
export function vectorBytes(name: string): Buffer {
  return bytesOf(readVector(name).split('\n'))
}

/** The bytes that annotated hex holds, row after row. Each row must stand at the offset it claims. */
export function bytesOf(lines: readonly string[]): Buffer {
  const parts: Buffer[] = []
  let offset = 0
  for (const line of lines) {
    const row = /^ *(\d+) {2}((?:[0-9a-f]{2} ?)+)/.exec(line)
    if (row === null) {
      expect(line).toMatch(/^(#.*)?$/)
      continue
    }
    expect(Number(row[1]), line).toBe(offset)
    const bytes = Buffer.from(row[2]!.replaceAll(' ', ''), 'hex')
    parts.push(bytes)
    offset += bytes.length
  }
  return Buffer.concat(parts)
}

export async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = []
  for await (const line of lines) collected.push(line)
  return collected
}
