/**
 * What a release wrote, every later version reads: the stores under test/fixtures/stores, each with what it holds. They are
 * never made again (`scripts/make-store-fixture.mjs` made them), so a change that no longer reads them fails here.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeStore } from '../../scripts/describe-store.mjs'
import { open } from '../../src/open.ts'
import { verify } from '../../src/tools/verify.ts'
import { withDirectory } from '../log-store/embedded-store.ts'

const folder = new URL('../fixtures/stores/', import.meta.url).pathname
const versions = readdirSync(folder)
const bob = 'https://example.com/users/bob'

/** What may be lost or left, and changes nothing of what a store holds. */
const losses: readonly (readonly [story: string, lost: readonly string[]])[] = [
  ['as it was left', []],
  ['without its index', ['index', 'index.starts']],
  ['without its index and its peers', ['index', 'index.starts', 'peers']],
]

const expectedOf = (version: string, name: string): unknown =>
  JSON.parse(readFileSync(join(folder, version, `${name}.json`), 'utf8'))

async function withCopy(version: string, name: string, use: (path: string) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    mkdirSync(path, { recursive: true })
    cpSync(join(folder, version, name), path, { recursive: true })
    await use(path)
  })
}

it('there is one of each release', () => expect(versions).toContain('0.1.0'))

describe.each(versions.flatMap(version => ['closed', 'uncertain'].map(name => [version, name] as const)))(
  'the store of %s, %s',
  (version, name) => {
    const expected = expectedOf(version, name)

    it.each(losses)('holds what it held, %s, and goes on', (_, lost) =>
      withCopy(version, name, async path => {
        for (const each of lost) rmSync(join(path, each), { recursive: true })
        const store = await open(path, { createIfMissing: false })
        expect(await describeStore(store)).toEqual(expected)
        if (!lost.includes('peers')) expect(store.peers.list()).toHaveLength(1)
        const tip = (await store.outbox(bob).tip())!
        expect(await store.outbox(bob).append('of a later version')).toEqual({ seq: tip + 1, duplicate: false })
        await store.compact({ deadShareMin: 0 })
        await store.close()
        const again = await open(path)
        expect((await again.outbox(bob).get(tip + 1))?.value).toBe('of a later version')
        await again.close()
        expect(await verify(path)).toMatchObject({ isClean: true, findingCount: 0, missing: [] })
      }),
    )

    it('is nothing that verify complains of', () =>
      withCopy(version, name, async path => {
        const { tornTail, ...report } = await verify(path)
        expect(report).toMatchObject({ isClean: true, findingCount: 0, missing: [], actors: 3 })
        expect(tornTail === null).toBe(name === 'closed')
      }))

    it('can be read beside an owner, from its segments alone', () =>
      withCopy(version, name, async path => {
        const store = await open(path, { readOnly: true })
        expect(await describeStore(store)).toEqual(expected)
        await store.close()
      }))
  },
)
