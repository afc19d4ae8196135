/** lmdb-js with its own batching: what is put in one turn of the event loop is one transaction. */
import { verified } from './checked.mjs'
import { load } from './packages.mjs'
import { Sequencer } from './sequencer.mjs'

/**
 * What is used of it.
 * @typedef {[log: number, at: number | string]} Key
 * @typedef {object} Database
 * @property {(key: Key, value: unknown) => Promise<boolean>} put
 * @property {(key: Key) => unknown} get
 * @property {(range: object) => Iterable<Key>} getKeys
 * @property {(range: object) => Iterable<{ key: Key, value: Uint8Array }>} getRange
 *
 * @typedef {object} Root
 * @property {(options: { name: string, encoding?: string }) => Database} openDB
 * @property {Promise<boolean>} flushed
 * @property {() => Promise<void>} close
 *
 * @typedef {{ open: (options: { path: string }) => Root }} Lmdb
 */

/** @type {import('./all.mjs').Store} */
export const lmdb = {
  name: 'lmdb',
  packages: ['lmdb'],
  how: 'one transaction for each turn of the event loop (its own batching), acknowledged by `flushed`; reads are synchronous',
  lacks: { follow: 'it does not tell of new records' },
  open: async (directory, { durability }) => {
    const { open } = /** @type {Lmdb} */ (await load('lmdb'))
    const root = open({ path: directory })
    const records = root.openDB({ name: 'records', encoding: 'binary' })
    const keys = root.openDB({ name: 'keys' })
    const valueAt = (/** @type {Key} */ key) => verified(/** @type {Uint8Array | undefined} */ (records.get(key)))
    const sequencer = new Sequencer({
      write: async rows => {
        let committed = Promise.resolve(true)
        for (const { log, seq, value, key } of rows) {
          committed = records.put([log, seq], value)
          if (key !== undefined) committed = keys.put([log, key], seq)
        }
        await (durability === 'disk' ? root.flushed : committed)
      },
      tipOf: log => {
        for (const [, seq] of records.getKeys({ start: [log + 1], end: [log], reverse: true, limit: 1 }))
          return Number(seq)
        return 0
      },
      find: (log, key) => /** @type {number | undefined} */ (keys.get([log, key])),
    })
    return {
      prepareLogs: async () => {},
      append: (log, payload, key) => sequencer.append(log, payload, key),
      appendMany: parts => sequencer.appendMany(parts),
      tip: log => sequencer.tip(log),
      get: (log, seq) => valueAt([log, seq]),
      page: (log, limit, before = sequencer.tip(log) + 1) => {
        const payloads = []
        for (let seq = before - 1; seq > 0 && payloads.length < limit; seq -= 1) payloads.push(valueAt([log, seq]))
        return payloads
      },
      scan: (log, visit) => {
        for (const { value } of records.getRange({ start: [log], end: [log + 1] })) visit(verified(value))
      },
      follow: () => {
        throw new Error('lmdb follows nothing')
      },
      settle: () => root.flushed,
      close: async () => {
        await root.flushed
        await root.close()
      },
    }
  },
}
