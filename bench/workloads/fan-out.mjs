import { logPicker } from '../distributions.mjs'
import { payloadAt, payloadsOf } from '../payloads.mjs'
import { grouped } from '../table.mjs'
import { timed } from '../timing.mjs'
import { closeVerified, openForAppends } from './append-fixture.mjs'

/** @type {import('./workload.ts').Workload<import('./append-fixture.mjs').Fixture>} */
export const fanOut = {
  name: 'fan-out',
  title: 'One activity to many inboxes',
  about:
    'A Create of 1 KB to so many different logs, all or nothing, durable, one activity at a time. Counted are records: one for each inbox.',
  unfair: [
    'twinlog stores the body once and refers to it. The others get a copy for each inbox, as a plain schema has it; a host could build the same over them, and would have to count the references.',
  ],
  needs: ['disk', 'manyLogs'],
  open: context => openForAppends(context, 'disk'),
  close: closeVerified,
  steps: ({ fanOuts, logs }) =>
    fanOuts.map(count => {
      const id = String(count)
      return {
        cases: [{ id, title: `to ${grouped(count)} inboxes`, unit: 'records/s', better: 'more' }],
        run: async ({ store, ledger }, { round, ms }) => {
          const pick = logPicker('uniform', logs, round + 1)
          const pool = payloadsOf('note')
          await store.settle()
          const { perSecond, facts } = await timed(
            { ms, width: 1 },
            async i => {
              const payload = payloadAt(pool, i)
              const first = pick()
              const parts = Array.from({ length: count }, (_, at) => ({ log: (first + at) % logs, payload }))
              const seqs = await store.appendMany(parts)
              for (const [at, { log }] of parts.entries()) ledger.note(log, seqs[at] ?? 0, payload)
            },
            () => store.settle(),
          )
          return { [id]: { value: perSecond * count, facts: { ...facts, cpuUs: (facts['cpuUs'] ?? 0) / count } } }
        },
      }
    }),
}
