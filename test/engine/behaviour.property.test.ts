/**
 * Random stories: whatever is asked for, in whatever order, with stores closed, crashed, their indexer paused and their
 * index damaged in between, the answers are the model's, and so is all that is there in the end.
 * A failure prints a `replayPath`: give it as FC_REPLAY, beside FC_SEED and FC_PATH.
 */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { emptyState } from '../model/model.ts'
import { audit } from './audit.ts'
import { commandsFor } from './commands.ts'
import { kinds } from './kinds.ts'
import { runs } from './runs.ts'

for (const { kind, can, share } of kinds) {
  describe(kind.name, () => {
    it('invariants 1, 2, 3, 6, 7 and 8: any story goes as the model tells it', async () => {
      await fc.assert(
        fc.asyncProperty(commandsFor(can, 60), async commands => {
          const subject = await kind.open()
          try {
            const model = { state: emptyState }
            await fc.asyncModelRun(() => ({ model, real: subject }), commands)
            await audit(subject, model.state)
          } finally {
            await subject.close()
          }
        }),
        runs(200 * share),
      )
    })
  })
}
