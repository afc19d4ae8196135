/** `twinlog salvage` on a damaged store; what the other commands then say of lost records. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { damage } from '../log-store/embedded-damage.ts'
import { jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'
const { twinlog } = new Machine()
let folder: string
let path: string
let to: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-salvage-'))
  path = join(folder, 'db')
  to = join(folder, 'new')
  const store = await open(path)
  await store.actors.add(alice)
  for (const note of ['first', 'second', 'third', 'fourth']) await store.outbox(alice).appendJson(`"the ${note} note"`)
  await store.close()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('of a store without damage ends with 0', async () => {
  const { code, out, err } = await twinlog(['salvage', path, to])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('1 actors, 4 records: nothing is lost')
})

it('lists what is lost and ends with 1; cat then names it, and goes on behind it in both directions', async () => {
  for (const text of ['second', 'third']) await damage(path, `the ${text}`)
  const { code, out } = await twinlog(['salvage', path, to])
  expect(code).toBe(1)
  expect(out).toContain(`lost ${alice} outbox #2–3\n`)
  for (const argv of [[], ['--reverse'], ['--after', '1'], ['--before', '4', '--reverse']]) {
    const cat = await twinlog(['cat', to, alice, 'outbox', '--json', ...argv], { open })
    expect(cat.code).toBe(1)
    expect(cat.err).toContain(`${alice} outbox #2–3: LOST`)
    const sequences = jsonLines(cat.out).map(line => (line as { seq: number }).seq)
    const expected = argv[0] === '--after' ? [4] : argv[0] === '--before' ? [1] : [1, 4]
    expect(sequences).toEqual(argv.includes('--reverse') ? expected.toReversed() : expected)
  }
  expect((await twinlog(['verify', to])).code).toBe(0)
})

it('--json prints one object; --ignore-index does without the index', async () => {
  await damage(path, 'the second', -20)
  const { code, out } = await twinlog(['salvage', path, to, '--json', '--ignore-index'])
  expect(code).toBe(1)
  const lost = [{ actor: alice, box: 'outbox', from: 2, to: 2 }]
  expect(jsonLines(out)).toMatchObject([{ newPath: to, lost, isComplete: false, usedIndex: false }])
})

it('ends with 3 where there is no store, or no room', async () => {
  expect((await twinlog(['salvage', join(folder, 'nothing'), to])).code).toBe(3)
  expect((await twinlog(['salvage', path, folder])).code).toBe(3)
})
