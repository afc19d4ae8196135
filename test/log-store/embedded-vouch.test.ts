/**
 * A store was closed in good order. Then a bit of its very last record flipped, and the index was lost. Nothing in the
 * log said that this record had ever been on disk, so it was taken for a torn write: the record was gone, and nobody was
 * told. Now closing leaves an empty frame that vouches for it.
 */
import { mkdtempSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { open } from '../../src/open.ts'

const alice = 'https://example.com/users/alice'
const segment = (path: string, number: number): string =>
  join(path, 'segments', `000000000${number}-000000000${number}.0.seg`)
let path: string
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'twinlog-vouch-')), 'db')
})
afterEach(() => rm(join(path, '..'), { recursive: true, force: true }))

async function writeAndClose(durability: 'disk' | 'os'): Promise<void> {
  const store = await open(path, { durability })
  await store.actors.add(alice)
  await store.inbox(alice).append({ note: 'the first' })
  await store.inbox(alice).append({ note: 'the very last' })
  await store.close()
}

for (const durability of ['disk', 'os'] as const) {
  it(`damage to the very last record is known as damage after a close, without an index too (${durability})`, async () => {
    await writeAndClose(durability)
    const bytes = await readFile(segment(path, 1))
    bytes[bytes.indexOf('the very last')]! ^= 1
    await writeFile(segment(path, 1), bytes)
    await rm(join(path, 'index'), { recursive: true })
    const reader = await open(path, { readOnly: true })
    expect(await reader.inbox(alice).tip()).toBe(2)
    await reader.close()
    const store = await open(path, { durability })
    expect((await store.inbox(alice).get(1))?.value).toEqual({ note: 'the first' })
    await expect(store.inbox(alice).get(2)).rejects.toMatchObject({ code: 'CORRUPT', seq: 2 })
    expect(await store.inbox(alice).append({ note: 'on we go' })).toEqual({ seq: 3, duplicate: false })
    await store.close()
  })
}

it('a store that was only looked at is closed without writing to its log', async () => {
  await writeAndClose('disk')
  const before = await readFile(segment(path, 1))
  const store = await open(path)
  expect(await store.inbox(alice).tip()).toBe(2)
  await store.close()
  expect(await readFile(segment(path, 1))).toEqual(before)
  await expect(readFile(segment(path, 2))).rejects.toThrow()
})
