import { logPicker } from '../distributions.mjs'
import { keyAt, payloadAt, payloadsOf } from '../payloads.mjs'
import { grouped } from '../table.mjs'
import { timed } from '../timing.mjs'
import { appendFor, closeVerified, openForAppends } from './append-fixture.mjs'

const WIDTHS = [1, 64, 1000]
const RETRIED = 1000
const RETRIES_AT_ONCE = 64

/** @typedef {import('./append-fixture.mjs').Fixture & { keys: number }} Fixture */

/** @type {import('./workload.ts').Workload<Fixture>} */
export const keyedAppend = {
  name: 'keyed-append',
  title: 'Durable appends with dedupe keys',
  about:
    'Records of 1 KB under a key that the log must not have yet, to many logs chosen uniformly; then the same ' +
    `${grouped(RETRIED)} records again and again, each of which has to be answered with the sequence that it has.`,
  unfair: [
    'The bare file looks nothing up: it writes 16 bytes more.',
    'twinlog also compares what is retried with what it has, and refuses other bytes under the same key; the others look the key up.',
  ],
  needs: ['disk', 'keys', 'manyLogs'],
  open: async context => {
    const fixture = { ...(await openForAppends(context, 'disk')), keys: RETRIED }
    const pool = payloadsOf('note')
    const parts = Array.from({ length: RETRIED }, (_, i) => {
      return { log: i % context.scale.logs, payload: payloadAt(pool, i), key: keyAt(i) }
    })
    const seqs = await fixture.store.appendMany(parts)
    for (const [i, { log, payload }] of parts.entries()) fixture.ledger.note(log, seqs[i] ?? 0, payload)
    return fixture
  },
  close: closeVerified,
  steps: ({ logs }) => [...WIDTHS.map(width => newKeysStep(width, logs)), retriedStep(logs)],
}

/**
 * @param {number} width
 * @param {number} logs
 * @returns {import('./workload.ts').Step<Fixture>}
 */
function newKeysStep(width, logs) {
  const id = `new-${width}`
  return {
    cases: [{ id, title: `${grouped(width)} at once, new keys`, unit: 'records/s', better: 'more' }],
    run: async (fixture, { round, ms }) => {
      const pick = logPicker('uniform', logs, round + 1)
      return { [id]: await appendFor(fixture, { ms, width, kind: 'note', pick, keyOf: () => keyAt(fixture.keys++) }) }
    },
  }
}

/**
 * @param {number} logs
 * @returns {import('./workload.ts').Step<Fixture>}
 */
function retriedStep(logs) {
  const title = `${RETRIES_AT_ONCE} at once, retried`
  return {
    cases: [{ id: 'retried', title, unit: 'records/s', better: 'more', needs: ['lookUps'] }],
    run: async ({ store }, { ms }) => {
      const pool = payloadsOf('note')
      await store.settle()
      const { perSecond, facts } = await timed({ ms, width: RETRIES_AT_ONCE }, i => {
        const at = i % RETRIED
        return store.append(at % logs, payloadAt(pool, at), keyAt(at))
      })
      return { retried: { value: perSecond, facts } }
    },
  }
}
