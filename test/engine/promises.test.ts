/**
 * The promises that twinlog was made for, each in a test of that name, kept by the pure model, by the engine over the
 * memory driver and by the engine over the embedded driver alike.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { embeddedKind, openIn } from './embedded-adapter.ts'
import { appendUntilKilled, assertKept, type Acknowledged } from './kill9.ts'
import { memoryKind } from './memory-adapter.ts'
import { modelKind } from './model-adapter.ts'
import { promises, type Cast } from './promises.ts'
import { runs } from './runs.ts'
import type { Subject, SubjectKind } from './subject.ts'
import { withSubject } from './with-subject.ts'

const castOf = (play: string): Cast => ({ alice: `alice, ${play}`, bob: `bob, ${play}`, nobody: `nobody, ${play}` })

/** Closed and opened again before each operation, so that every promise is kept across it. */
const reopening = (subject: Subject): Subject => ({
  ...subject,
  async run(operation) {
    await subject.can.reopen?.()
    return subject.run(operation)
  },
})

async function checkAllAcrossReopening(kind: SubjectKind): Promise<void> {
  for (const [title, body] of Object.entries(promises)) {
    await withSubject(kind, subject => body(reopening(subject), castOf(title)))
  }
}

/** Kills a writing process again and again, and finds after each time what it had acknowledged, and the promises kept. */
async function checkAllAfterKills(directory: string, killAfter: readonly number[]): Promise<void> {
  const acknowledged: Acknowledged[] = []
  for (const [round, count] of killAfter.entries()) {
    acknowledged.push(...(await appendUntilKilled(directory, `round ${round}`, count)))
    const subject = await openIn(directory)
    try {
      await assertKept(subject, acknowledged)
      for (const [title, body] of Object.entries(promises)) await body(subject, castOf(`${round} ${title}`))
    } finally {
      await subject.close()
    }
  }
}

for (const kind of [modelKind, memoryKind, embeddedKind]) {
  describe(kind.name, () => {
    for (const [title, body] of Object.entries(promises)) {
      it(title, () => withSubject(kind, subject => body(subject, castOf(title))))
    }

    it('everything holds again after close and open, and after `kill -9`', async () => {
      await checkAllAcrossReopening(kind)
      if (kind !== embeddedKind) return
      const killAfter = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 2, maxLength: 3 })
      await fc.assert(
        fc.asyncProperty(killAfter, async counts => {
          const directory = await mkdtemp(join(tmpdir(), 'twinlog-kill9-'))
          await checkAllAfterKills(directory, counts)
          await rm(directory, { recursive: true })
        }),
        { ...runs(2), endOnFailure: true, timeout: 50_000 },
      )
    })
  })
}
