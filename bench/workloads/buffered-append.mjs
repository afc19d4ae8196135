import { kinds, payloadAt, payloadsOf } from '../payloads.mjs'
import { timed } from '../timing.mjs'
import { appendFor, closeVerified, openForAppends } from './append-fixture.mjs'

const BATCH = 100

/** @type {import('./workload.ts').Workload<import('./append-fixture.mjs').Fixture>} */
export const bufferedAppend = {
  name: 'buffered-append',
  title: 'Buffered appends',
  about: `Records acknowledged once the operating system has them, to one log: one at a time, 64 at once, and in batches of ${BATCH} that are all there or not at all.`,
  unfair: [
    'What a power cut takes differs: twinlog loses the end alone, and so do LevelDB and SQLite; the bare file and hypercore promise nothing; LMDB keeps what it flushed, which it does soon after.',
    'hypercore signs each append and hashes each block: nothing else here does.',
  ],
  needs: [],
  open: context => openForAppends(context, 'os'),
  close: closeVerified,
  steps: () => [...[1, 64].map(singleStep), .../** @type {const} */ (['like', 'note', 'article']).map(batchStep)],
}

/**
 * @param {number} width
 * @returns {import('./workload.ts').Step<import('./append-fixture.mjs').Fixture>}
 */
function singleStep(width) {
  const id = `single-${width}`
  const title = `${kinds.note.title}, ${width === 1 ? 'one at a time' : `${width} at once`}`
  return {
    cases: [{ id, title, unit: 'records/s', better: 'more' }],
    run: async (fixture, { ms }) => ({ [id]: await appendFor(fixture, { ms, width, kind: 'note', pick: () => 0 }) }),
  }
}

/**
 * @param {import('../payloads.mjs').Kind} kind
 * @returns {import('./workload.ts').Step<import('./append-fixture.mjs').Fixture>}
 */
function batchStep(kind) {
  const id = `batch-${kind}`
  const title = `${kinds[kind].title}, batches of ${BATCH}`
  return {
    cases: [{ id, title, unit: 'records/s', better: 'more' }],
    run: async ({ store, ledger }, { ms }) => {
      const pool = payloadsOf(kind)
      await store.settle()
      const { perSecond, facts } = await timed(
        { ms, width: 1 },
        async batch => {
          const parts = Array.from({ length: BATCH }, (_, i) => ({ log: 0, payload: payloadAt(pool, batch + i) }))
          const seqs = await store.appendMany(parts)
          for (const [i, { log, payload }] of parts.entries()) ledger.note(log, seqs[i] ?? 0, payload)
        },
        () => store.settle(),
      )
      return { [id]: { value: perSecond * BATCH, facts: { ...facts, cpuUs: (facts['cpuUs'] ?? 0) / BATCH } } }
    },
  }
}
