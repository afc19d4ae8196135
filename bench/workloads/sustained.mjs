import { inFreshProcess } from '../fresh-process.mjs'
import { grouped } from '../table.mjs'

const FACTS = /** @type {const} */ ([
  ['perSecondClosed', 'records/s with closing', 'more'],
  ['p50Ms', 'p50 of the acknowledgements, ms', 'less'],
  ['p99Ms', 'p99, ms', 'less'],
  ['p999Ms', 'p99.9, ms', 'less'],
  ['worstMs', 'worst, ms', 'less'],
  ['stallP99Ms', 'event-loop delay p99, ms', 'less'],
  ['stallMs', 'event-loop delay, worst, ms', 'less'],
  ['writtenTimes', 'bytes written, times the payloads', 'less'],
  ['diskTimes', 'disk used, times the payloads', 'less'],
  ['memoryMiB', 'memory, most, MiB', 'less'],
  ['cpuUs', 'processor time a record, µs', 'less'],
])

/** @type {import('./workload.ts').Workload<{ readBack: number }>} */
export const sustained = {
  name: 'sustained',
  title: 'Sustained load',
  about:
    'Durable appends of 1 KB, 1,000 at once, to logs chosen uniformly, with and without dedupe keys, each store in a process ' +
    'of its own: one round.',
  unfair: [
    'One round, and each store stops after a while, 12 seconds in a full run: the figures are of the records that it got to, which the row `records appended` says. A store that slows down as it grows would do worse at the full number.',
    'LevelDB compresses: the made-up prose shrinks in its tables. Bytes written are those that the system counts for the process.',
    'Memory is the process’s own, with Node’s about 40 MiB; pages of mapped files, which LMDB reads from, are not counted. The bare file remembers every place.',
  ],
  needs: ['disk', 'manyLogs'],
  open: async () => ({ readBack: 0 }),
  close: async ({ readBack }) => readBack,
  steps: ({ sustainedRecords: records, sustainedSeconds: secondsMax, logs }) =>
    [false, true].map(isKeyed => {
      const id = isKeyed ? 'keys' : 'no-keys'
      const title = `${grouped(records)} × 1 KB, ${grouped(logs)} logs, ${isKeyed ? 'keys' : 'no keys'}`
      const needs = isKeyed ? /** @type {const} */ (['keys']) : []
      return {
        cases: [
          { id, title: `${title}: records/s`, unit: 'records/s', better: 'more', needs },
          { id: `${id}-done`, title: `${title}: records appended`, unit: 'records', better: 'more', needs },
          ...FACTS.map(([fact, name, better]) => ({
            id: `${id}-${fact}`,
            title: `… ${name}`,
            unit: '',
            better,
            needs,
          })),
        ],
        rounds: 1,
        isCold: true,
        run: async (fixture, { context: { store, directory } }) => {
          const task = { store: store.name, directory: `${directory}/${id}`, logs, records, isKeyed, secondsMax }
          const found = await inFreshProcess('sustain', task)
          fixture.readBack += found.readBack
          /** @type {Record<string, import('../timing.mjs').Sample>} */
          const samples = {
            [id]: { value: found.perSecond, facts: {} },
            [`${id}-done`]: { value: found.done, facts: {} },
          }
          for (const [fact] of FACTS) samples[`${id}-${fact}`] = { value: found[fact], facts: {} }
          return samples
        },
      }
    }),
}
