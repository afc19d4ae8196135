import { logPicker } from '../distributions.mjs'
import { grouped } from '../table.mjs'
import { appendFor, closeVerified, openForAppends } from './append-fixture.mjs'

const WIDTHS = [1, 64, 1000]
const SPREADS = /** @type {const} */ (['one', 'uniform', 'zipf'])

/** @type {import('./workload.ts').Workload<import('./append-fixture.mjs').Fixture>} */
export const durableAppend = {
  name: 'durable-append',
  title: 'Durable appends',
  about:
    'Records of 1 KB, acknowledged once they are synced: one at a time, 64 and 1,000 at once, to one log, and to many logs ' +
    'chosen uniformly or by a zipf distribution (exponent 1).',
  unfair: [
    'twinlog and LevelDB put work off: twinlog its index, LevelDB its compactions. A measurement of a fraction of a second does not wait for it; `sustained` does, and so does the processor time a record here (twinlog’s index alone).',
    'twinlog takes actors by their ids, the others logs by a number.',
  ],
  needs: ['disk'],
  open: context => openForAppends(context, 'disk'),
  close: closeVerified,
  steps: ({ logs }) =>
    WIDTHS.flatMap(width =>
      SPREADS.map(spread => {
        const id = `${width}-${spread}`
        const where = spread === 'one' ? '1 log' : `${grouped(logs)} logs, ${spread}`
        const title = `${grouped(width)} at once, ${where}`
        return {
          cases: [{ id, title, unit: 'records/s', better: 'more', needs: spread === 'one' ? [] : ['manyLogs'] }],
          run: async (fixture, { round, ms }) => {
            const pick = logPicker(spread, logs, round + 1)
            return { [id]: await appendFor(fixture, { ms, width, kind: 'note', pick }) }
          },
        }
      }),
    ),
}
