/** A backup beside a busy owner, restored, is a state that the store was in, no older than when the backup began. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { it } from 'vitest'
import { backup } from '../../src/tools/backup.ts'
import { restore } from '../../src/tools/restore.ts'
import { verify } from '../../src/tools/verify.ts'
import { runs } from '../engine/runs.ts'
import { withDirectory } from '../log-store/embedded-store.ts'
import { shownIn, step, story, Teller, type Step } from './story.ts'

const more = fc.array(step, { minLength: 0, maxLength: 12, size: 'max' })

/** Backs up while the teller goes on; the backup holds one of the states from the beginning on. */
async function backUpDuring(teller: Teller, steps: readonly Step[], copy: boolean): Promise<void> {
  const directory = join(teller.path, '..', 'backup')
  const from = teller.history.length - 1
  const running = backup(teller.path, directory, { copy })
  for (const each of steps) await teller.tell(each)
  await running
  assert((await verify(directory)).isClean)
  const restored = join(teller.path, '..', 'restored')
  await restore(directory, restored)
  const seen = await shownIn(restored)
  await rm(restored, { recursive: true })
  const states = teller.history.slice(from)
  assert(
    states.some(state => isDeepStrictEqual(state, seen)),
    'the restored store is none of the states since the backup began',
  )
}

it('what was acknowledged before is in it, commits are whole, and a second run brings it up to date', async () => {
  await fc.assert(
    fc.asyncProperty(story, more, more, more, fc.boolean(), (before, during, between, again, copy) =>
      withDirectory(async path => {
        const teller = await Teller.at(path)
        try {
          for (const each of before) await teller.tell(each)
          await backUpDuring(teller, during, copy)
          for (const each of between) await teller.tell(each)
          await backUpDuring(teller, again, !copy)
        } finally {
          await teller.store.close()
        }
      }),
    ),
    runs(80),
  )
})
