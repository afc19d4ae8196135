/** `twinlog verify` on stores in directories. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { damage } from '../log-store/embedded-damage.ts'
import { jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const { twinlog } = new Machine()
let folder: string
let path: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-verify-'))
  path = join(folder, 'db')
  const store = await open(path)
  await store.actors.add(alice)
  for (const note of ['first note', 'second note', 'third note']) await store.outbox(alice).append({ note })
  await store.close()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('verify', () => {
  it('ends with 0 where nothing is wrong', async () => {
    const { code, out, err } = await twinlog(['verify', path])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('3 records read: clean')
  })

  it('ends with 1 where something is, and says which record is missing', async () => {
    await damage(path, 'second note')
    const { code, out } = await twinlog(['verify', path])
    expect(code).toBe(1)
    expect(out).toMatch(/^RECORD_DAMAGED .*offset \d+; https:\/\/example\.com\/users\/alice outbox; #2\)/m)
    expect(out).toContain(`missing ${alice} outbox #2\n`)
    expect((await twinlog(['verify', path, '--actor', 'https://example.com/users/bob'])).code).toBe(0)
    expect((await twinlog(['verify', path, '--actor', alice, '--box', 'inbox'])).code).toBe(0)
  })

  it('--json prints each finding, and the whole', async () => {
    await damage(path, 'second note')
    const { code, out } = await twinlog(['verify', path, '--json'])
    expect(code).toBe(1)
    expect(jsonLines(out)).toMatchObject([
      { event: 'finding', code: 'RECORD_DAMAGED', actor: alice, box: 'outbox', sequences: { from: 2, to: 2 } },
      { event: 'report', isClean: false, findingCount: 1, missing: [{ actor: alice, box: 'outbox', from: 2, to: 2 }] },
    ])
  })

  it('ends with 3 where there is no store, with 2 where a box has no actor, with 1 when it is interrupted', async () => {
    expect((await twinlog(['verify', join(folder, 'nothing')])).code).toBe(3)
    expect((await twinlog(['verify', path, '--box', 'inbox'])).code).toBe(2)
    expect((await twinlog(['verify', path], { signal: AbortSignal.abort() })).code).toBe(1)
  })

  it('shows its progress on a terminal', async () => {
    const { err } = await twinlog(['verify', path], { isTerminal: true })
    expect(err).toMatch(/verify: .* MiB/)
  })
})
