/** `twinlog backup` and `twinlog restore` on stores in directories. */
import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Store } from '../../src/index.ts'
import { open } from '../../src/open.ts'
import { itemsIn, jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const { twinlog } = new Machine()
let folder: string
let path: string
let directory: string
let store: Store

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-backup-'))
  path = join(folder, 'db')
  directory = join(folder, 'backup')
  store = await open(path)
  await store.actors.add(alice)
  await store.outbox(alice).appendJson('{"first":1}')
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

it('copies a store that is open, and makes a store of the copy', async () => {
  const made = await twinlog(['backup', path, directory])
  expect([made.code, made.err]).toEqual([0, ''])
  expect(made.out).toContain('holds 2 commits')
  await store.outbox(alice).appendJson('{"second":2}')
  expect((await twinlog(['backup', path, directory, '--copy', '--json'])).code).toBe(0)

  const restored = join(folder, 'restored')
  const { code, out } = await twinlog(['restore', directory, restored, '--json'])
  expect(code).toBe(0)
  expect(jsonLines(out)).toMatchObject([{ path: restored, commit: 3, segments: 1 }])
  const copy = await open(restored)
  expect(await itemsIn(copy, alice)).toEqual(['{"first":1}', '{"second":2}'])
  await copy.close()
  expect((await twinlog(['restore', directory, join(folder, 'again')])).out).toContain('holds 3 commits')
})

it('ends with 3 where there is no store, no backup, or no room, and leaves nothing', async () => {
  const nothing = join(folder, 'nothing')
  expect(await twinlog(['backup', nothing, directory])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/NOT_FOUND/),
  })
  expect(existsSync(directory)).toBe(false)
  expect(await twinlog(['backup', path, folder])).toMatchObject({ code: 3, err: expect.stringMatching(/NOT_EMPTY/) })
  expect(await twinlog(['restore', path, nothing])).toMatchObject({ code: 3, err: expect.stringMatching(/A_BACKUP/) })
  expect(existsSync(nothing)).toBe(false)
  await twinlog(['backup', path, directory])
  expect(await twinlog(['restore', directory, path])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/NOT_EMPTY/),
  })
})
