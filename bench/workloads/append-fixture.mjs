/** An open store with logs, and what was acknowledged by it: what all workloads that append in this process share. */
import { Ledger } from '../ledger.mjs'
import { payloadAt, payloadsOf } from '../payloads.mjs'
import { timed } from '../timing.mjs'

/**
 * @typedef {object} Fixture
 * @property {import('../stores/all.mjs').OpenStore} store
 * @property {Ledger} ledger
 */

/**
 * @param {import('./workload.ts').Context} context
 * @param {import('../stores/all.mjs').Durability} durability
 * @returns {Promise<Fixture>}
 */
export async function openForAppends({ store: { open, lacks }, directory, scale }, durability) {
  const store = await open(directory, { durability })
  await store.prepareLogs(lacks.manyLogs === undefined ? scale.logs : 1)
  return { store, ledger: new Ledger() }
}

/** @param {Fixture} fixture */
export async function closeVerified({ store, ledger }) {
  const readBack = await ledger.verify(store)
  await store.close()
  return readBack
}

/**
 * Appends one by one, `width` at any time.
 * @param {Fixture} fixture
 * @param {{ ms: number, width: number, kind: import('../payloads.mjs').Kind, pick: () => number, keyOf?: (i: number) => string }} options
 */
export async function appendFor({ store, ledger }, { ms, width, kind, pick, keyOf }) {
  const pool = payloadsOf(kind)
  await store.settle()
  const start = ledger.acknowledged
  const { perSecond, facts } = await timed(
    { ms, width },
    async i => {
      const log = pick()
      const payload = payloadAt(pool, start + i)
      ledger.note(log, await store.append(log, payload, keyOf?.(i)), payload)
    },
    () => store.settle(),
  )
  return { value: perSecond, facts }
}
