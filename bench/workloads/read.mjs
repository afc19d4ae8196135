import { Ledger } from '../ledger.mjs'
import { decoded, payloadAt, payloadsOf } from '../payloads.mjs'
import { timed } from '../timing.mjs'
import { randomFrom } from '../workload.mjs'
import { closeVerified } from './append-fixture.mjs'

const PAGE = 20
/** Fewer than there are payloads, all different: twinlog would store a body once that several items of one append share. */
const BATCH = 250

/** @typedef {import('./append-fixture.mjs').Fixture & { long: number, paged: number }} Fixture */

/** @type {import('./workload.ts').Workload<Fixture>} */
export const read = {
  name: 'read',
  title: 'Reads',
  about:
    'Records of 1 KB, verified: the newest page of 20 of logs that were appended to last, a page of 20 from the middle of ' +
    'logs that were filled long before, with other logs’ records between each two, both decoded from JSON; one record at ' +
    'random; a scan of one long log.',
  unfair: [
    'The peers’ reads are synchronous, as their authors would have it: they are quick when the page cache has the data, and block the event loop when it does not. Here it always has.',
    'The peers verify a checksum that the bench keeps with each record; twinlog its own. hypercore verifies no block that it has stored.',
    'The bare file finds its records by places that it remembers in memory.',
    'hypercore has one log: its pages are from the long one.',
  ],
  needs: [],
  open: async ({ store: { open, lacks }, directory, scale }) => {
    const store = await open(directory, { durability: 'os' })
    const paged = lacks.manyLogs === undefined ? scale.pagedLogs : 0
    await store.prepareLogs(1 + paged)
    const ledger = new Ledger()
    // Spread over the others, then the long one, then the others again.
    await fill(store, ledger, Math.floor(scale.pagedLogRecords / 2) * paged, i => 1 + (i % paged))
    await fill(store, ledger, scale.longLogRecords, () => 0)
    await fill(store, ledger, Math.ceil(scale.pagedLogRecords / 2) * paged, i => 1 + (i % paged))
    await store.settle()
    return { store, ledger, long: scale.longLogRecords, paged }
  },
  close: closeVerified,
  steps: ({ pagedLogRecords }) => [
    {
      cases: [{ id: 'page-hot', title: 'newest page of 20', unit: 'pages/s', better: 'more' }],
      run: async ({ store, paged }, { round, ms }) => {
        const random = randomFrom(round + 1)
        const { perSecond, facts } = await timed({ ms, width: 1 }, async () => {
          assertPage(await store.page(paged === 0 ? 0 : 1 + random(paged), PAGE))
        })
        return { 'page-hot': { value: perSecond, facts } }
      },
    },
    {
      cases: [{ id: 'page-old', title: 'old page of 20', unit: 'pages/s', better: 'more' }],
      run: async ({ store, paged, long }, { round, ms }) => {
        const random = randomFrom(round + 1)
        const before = Math.floor(pagedLogRecords / 2) + 1
        const { perSecond, facts } = await timed({ ms, width: 1 }, async () => {
          const page =
            paged === 0
              ? store.page(0, PAGE, PAGE + 1 + random(long - PAGE))
              : store.page(1 + random(paged), PAGE, before)
          const items = await page
          if (items.length < Math.min(PAGE, before - 1)) throw new Error('a short page')
          for (const item of items) decoded(item)
        })
        return { 'page-old': { value: perSecond, facts } }
      },
    },
    {
      cases: [{ id: 'get', title: 'random get', unit: 'records/s', better: 'more' }],
      run: async ({ store, long }, { round, ms }) => {
        const random = randomFrom(round + 1)
        const { perSecond, facts } = await timed({ ms, width: 1 }, () => store.get(0, 1 + random(long)))
        return { get: { value: perSecond, facts } }
      },
    },
    {
      cases: [{ id: 'scan', title: 'scan of a long log', unit: 'records/s', better: 'more' }],
      run: async ({ store, long }, { ms }) => {
        const { perSecond, facts } = await timed({ ms, width: 1 }, async () => {
          let count = 0
          await store.scan(0, payload => {
            if (payload.length > 0) count += 1
          })
          if (count !== long) throw new Error(`a scan of ${count} records, not ${long}`)
        })
        return { scan: { value: perSecond * long, facts } }
      },
    },
  ],
}

/**
 * @param {import('../stores/all.mjs').OpenStore} store
 * @param {Ledger} ledger
 * @param {number} records
 * @param {(i: number) => number} logOf
 */
async function fill(store, ledger, records, logOf) {
  const pool = payloadsOf('note')
  for (let made = 0; made < records; made += BATCH) {
    const length = Math.min(BATCH, records - made)
    const parts = Array.from({ length }, (_, i) => ({ log: logOf(made + i), payload: payloadAt(pool, made + i) }))
    const seqs = await store.appendMany(parts)
    for (const [i, { log, payload }] of parts.entries()) ledger.note(log, seqs[i] ?? 0, payload)
  }
}

/** @param {readonly Uint8Array[]} items */
function assertPage(items) {
  if (items.length !== PAGE) throw new Error(`a page of ${items.length}`)
  for (const item of items) decoded(item)
}
