import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { jsonLines, Machine } from './twinlog.ts'

let folder = ''
let path = ''
const { twinlog } = new Machine()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinlog-rebuild-'))
  path = join(folder, 'db')
  for (const text of ['first', 'second']) {
    const store = await open(path)
    await store.actors.add('alice')
    await store.inbox('alice').append(text, { key: text })
    await store.close()
  }
})
afterEach(() => rm(folder, { recursive: true }))

it('makes the index anew and says from how many commits, how fast', async () => {
  await rm(join(path, 'index'), { recursive: true })
  const { code, out, err } = await twinlog(['rebuild', path], { isTerminal: true })
  expect(code).toBe(0)
  expect(out).toMatch(/^index made anew from \d+ commits in \d+\.\d s \([\d,]+ a second\)\n$/)
  expect(err).toMatch(/rebuild: \d+ of \d+ commits, [\d,]+ a second/)
  expect(await readdir(join(path, 'index'))).toContain('CURRENT')
  const json = await twinlog(['rebuild', path, '--json'])
  expect(json).toMatchObject({ code: 0, err: '' })
  expect(jsonLines(json.out)).toEqual([{ path, commits: expect.any(Number), milliseconds: expect.any(Number) }])
})

it('ends with 3 and a code where it can not begin: no store, an owner, a log that lost something', async () => {
  expect(await twinlog(['rebuild', join(folder, 'none')])).toMatchObject({ code: 3, out: '' })
  const owner = await open(path)
  const locked = await twinlog(['rebuild', path])
  await owner.close()
  expect(locked.code).toBe(3)
  expect(locked.err).toContain('LOCKED')

  const segments = (await readdir(join(path, 'segments'))).toSorted()
  await rm(join(path, 'segments', segments.at(-1)!))
  const lost = await twinlog(['rebuild', path])
  expect(lost.code).toBe(3)
  expect(lost.err).toContain('LOG_LOST')
  expect(await twinlog(['rebuild', path, '--force'])).toMatchObject({ code: 0 })
  const store = await open(path)
  expect(await store.inbox('alice').bounds()).toEqual({ first: 1, tip: 1 })
  await store.close()
})

it('ends with 1 when it is stopped', async () => {
  expect(await twinlog(['rebuild', path], { signal: AbortSignal.abort() })).toMatchObject({ code: 1, out: '' })
})
