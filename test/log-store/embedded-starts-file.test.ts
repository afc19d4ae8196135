/**
 * `index.starts` is bookkeeping. A store whose disk failed while it closed said EIO without a type, because the count could
 * not be set back; and so did an open that could not count.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { open } from '../../src/open.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-starts-'))
  folders.push(folder)
  return join(folder, 'data')
}

it('closes when the count can not be set back, and opens again', async () => {
  const directory = newDirectory()
  const starts = join(directory, 'index.starts')
  const store = await open(directory)
  await store.actors.add('alice')
  rmSync(starts)
  mkdirSync(starts)
  await store.close()
  rmSync(starts, { recursive: true })
  const again = await open(directory)
  expect(await again.inbox('alice').tip()).toBe(0)
  await again.close()
})

it('says IO_ERROR when a start can not be counted', async () => {
  const directory = newDirectory()
  await (await open(directory)).close()
  rmSync(join(directory, 'index.starts'), { force: true })
  mkdirSync(join(directory, 'index.starts'))
  await expect(open(directory)).rejects.toMatchObject({ code: 'IO_ERROR' })
})
