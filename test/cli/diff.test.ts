/** `twinlog diff` on stores in directories. */
import { mkdtempSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const { twinlog } = new Machine()
let folder: string
let a: string
let b: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-diff-'))
  a = join(folder, 'a')
  b = join(folder, 'b')
  const store = await open(a)
  await store.actors.add(alice)
  await store.outbox(alice).append({ n: 1 })
  await store.close()
  await cp(a, b, { recursive: true })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('ends with 0 where they hold the same', async () => {
  expect(await twinlog(['diff', a, b])).toEqual({ code: 0, out: 'the same: 2 logs\n', err: '' })
})

it('ends with 1 where they do not, and says where', async () => {
  const store = await open(b)
  await store.outbox(alice).append({ n: 2 })
  await store.actors.add('bob')
  await store.close()
  const { code, out } = await twinlog(['diff', a, b])
  expect(code).toBe(1)
  expect(out).toContain(`differs ${alice} outbox from #2 on, which only the second has (#1, #1–2)\n`)
  expect(out).toContain('only in the second bob inbox\n')
  expect(jsonLines((await twinlog(['diff', a, b, '--json'])).out)).toMatchObject([
    { event: 'difference', actor: alice, box: 'outbox', status: 'differs', seq: 2, reason: 'only-in-b' },
    { event: 'difference', actor: 'bob', box: 'inbox', status: 'only-in-b' },
    { event: 'difference', actor: 'bob', box: 'outbox', status: 'only-in-b' },
    { event: 'report', isEqual: false, equalLogs: 1 },
  ])
})

it('ends with 3 where one of them is no store', async () => {
  expect((await twinlog(['diff', a, join(folder, 'nothing')])).code).toBe(3)
})
