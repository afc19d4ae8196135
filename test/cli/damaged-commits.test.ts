/**
 * A bit flips in the header of an entry: nobody can say any more whose record it was. An owner's index still knows; a
 * reader that has only the segments does not, and must not print what is left as if it were everything.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-damaged-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function storeWithDamage(): Promise<string> {
  const path = join(folder, 'db')
  const store = await open(path)
  await store.actors.add(alice)
  for (const note of ['first note', 'second note', 'third note']) await store.outbox(alice).append({ note })
  await store.close()
  const file = join(path, 'segments', '0000000001-0000000001.0.seg')
  const bytes = await readFile(file)
  const place = bytes.indexOf('second note') - 20
  bytes[place]! ^= 1
  await writeFile(file, bytes)
  return path
}

it.each([['ls'], ['stats'], ['cat', alice, 'outbox']])(
  '%s says that commits are damaged, and ends with 1',
  async (...argv) => {
    const path = await storeWithDamage()
    const [command = '', ...rest] = argv
    const machine = new Machine()
    const { code, err } = await machine.twinlog([command, path, ...rest], { open })
    expect(code).toBe(1)
    expect(err).toContain('CORRUPT')
  },
)

it('says nothing of the kind when all is well', async () => {
  const path = join(folder, 'db')
  const store = await open(path)
  await store.actors.add(alice)
  await store.outbox(alice).append({ note: 'whole' })
  await store.close()
  expect(await new Machine().twinlog(['ls', path], { open })).toMatchObject({ code: 0, err: '' })
})
