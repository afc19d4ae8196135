/**
 * The index can lie in ways that no checksum of a value tells. LevelDB keeps the list of its tables in a file, the
 * manifest; one that ends early hides whole tables without a word, while newer keys, the checkpoint among them, come
 * back from LevelDB's own log. An index that was believed then would have forgotten its actors.
 */
import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, it } from 'vitest'
import { open } from '../../src/open.ts'
import { actorIds } from '../model/arbitraries.ts'
import { emptyState, run } from '../model/model.ts'
import type { Operation } from '../model/operations.ts'
import { audit } from './audit.ts'
import { openIn } from './embedded-adapter.ts'
import { runOn } from './store-subject.ts'

const adds = actorIds.map((actor): Operation => ({ type: 'add', actor }))
const appends = actorIds.map((actor): Operation => ({
  type: 'append',
  log: { actor, box: 'inbox' },
  body: { codec: 'json', value: '1' },
  key: 'k',
}))
const trim: Operation = { type: 'trim', log: { actor: actorIds[0]!, box: 'inbox' }, before: 2 }
const story = [...adds, ...appends, trim]
const state = story.reduce((before, each) => run(before, each)[0], emptyState)

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinlog-index-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('a manifest cut at any byte hides nothing', async () => {
  const original = join(folder, 'original')
  const store = await open(original)
  // Several batches under one manifest: closing moves them into a table, and begins LevelDB's log anew.
  for (const each of story) {
    await runOn(store, each)
    await store.flushIndex()
  }
  await store.close()
  const manifest = (await readdir(join(original, 'index'))).find(name => name.startsWith('MANIFEST'))!
  const { size } = await stat(join(original, 'index', manifest))
  for (let length = 0; length < size; length++) {
    const copy = join(folder, `cut at ${length}`)
    await cp(original, copy, { recursive: true })
    await truncate(join(copy, 'index', manifest), length)
    const subject = await openIn(copy)
    try {
      await audit(subject, state)
    } finally {
      await subject.close()
    }
  }
})
