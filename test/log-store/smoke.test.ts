import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { open } from '../../src/open.ts'
it('smoke', async () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'tw-')), 'db')
  let s = await open(dir)
  await s.actors.add('alice')
  await s.actors.add('bob')
  const a = s.inbox('alice')
  expect(await a.append({ hi: 1 }, { key: 'k' })).toEqual({ seq: 1, duplicate: false })
  expect(await a.append({ hi: 1 }, { key: 'k' })).toEqual({ seq: 1, duplicate: true })
  await s.append([
    { log: a, value: { x: 1 } },
    { log: s.inbox('bob'), value: { x: 1 } },
  ])
  const v = { big: 'y'.repeat(100) }
  await s.append([
    { log: a, value: v },
    { log: s.inbox('bob'), value: v },
  ])
  await Promise.all(Array.from({ length: 1000 }, (_, i) => a.append({ i })))
  expect(await a.tip()).toBe(1003)
  const ro = await open(dir, { readOnly: true })
  expect(await ro.inbox('alice').tip()).toBe(1003)
  expect((await ro.inbox('bob').get(2))?.value).toEqual(v)
  await ro.close()
  await s.flushIndex()
  expect((await a.get(3))?.value).toEqual(v)
  await a.trim({ before: 500 })
  await s.flushIndex()
  console.log(s.stats())
  await s.close()
  s = await open(dir)
  expect(await s.inbox('alice').bounds()).toEqual({ first: 500, tip: 1003 })
  expect((await s.inbox('alice').get(700))?.value).toEqual({ i: 696 })
  expect(await s.inbox('alice').find('k')).toBe(1)
  await expect(open(dir)).rejects.toMatchObject({ code: 'LOCKED' })
  await s.close()
})
