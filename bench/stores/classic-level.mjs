/**
 * LevelDB as the record store: records below (log, sequence), one head a log, both in the batch that appends.
 */
import { ClassicLevel } from 'classic-level'
import { verified } from './checked.mjs'
import { GroupCommit } from './group-commit.mjs'
import { Sequencer } from './sequencer.mjs'

const HEAD = 0
const RECORD = 1
const KEY = 2
const RECORD_KEY_BYTES = 11
const SCAN_RECORDS = 1000
const SCAN_BYTES = 4 * 1024 * 1024

/** @typedef {import('./sequencer.mjs').Row} Row */

/** @type {import('./all.mjs').Store} */
export const classicLevel = {
  name: 'classic-level',
  packages: ['classic-level'],
  how: 'chained batches, one for each group, `sync: true`; pages and gets by `getSync`; scans by `nextv`',
  lacks: { follow: 'it tells of writes, not of records after a sequence' },
  open: async (directory, { durability }) => {
    /** @type {ClassicLevel<Buffer, Buffer>} */
    const db = new ClassicLevel(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
    await db.open()
    const sync = durability === 'disk'
    /** @type {GroupCommit<Row>} */
    const group = new GroupCommit(async rows => {
      const batch = db.batch()
      /** @type {Map<number, number>} */
      const heads = new Map()
      for (const { log, seq, value, key } of rows) {
        batch.put(recordKey(log, seq), value)
        heads.set(log, seq)
        if (key !== undefined) batch.put(dedupeKey(log, key), numberOf(seq))
      }
      for (const [log, seq] of heads) batch.put(headKey(log), numberOf(seq))
      await batch.write({ sync })
    })
    const tipOf = (/** @type {number} */ log) => db.getSync(headKey(log))?.readUIntBE(0, 6) ?? 0
    const sequencer = new Sequencer({
      write: rows => group.add(rows),
      tipOf,
      find: (log, key) => db.getSync(dedupeKey(log, key))?.readUIntBE(0, 6),
    })
    return {
      prepareLogs: async () => {},
      append: (log, payload, key) => sequencer.append(log, payload, key),
      appendMany: parts => sequencer.appendMany(parts),
      tip: log => sequencer.tip(log),
      get: (log, seq) => verified(db.getSync(recordKey(log, seq))),
      page: (log, limit, before = sequencer.tip(log) + 1) => {
        const payloads = []
        for (let seq = before - 1; seq > 0 && payloads.length < limit; seq -= 1) {
          payloads.push(verified(db.getSync(recordKey(log, seq))))
        }
        return payloads
      },
      scan: async (log, visit) => {
        const range = { gte: recordKey(log, 0), lt: recordKey(log + 1, 0) }
        const iterator = db.iterator({ ...range, fillCache: false, highWaterMarkBytes: SCAN_BYTES })
        for (;;) {
          const entries = await iterator.nextv(SCAN_RECORDS)
          if (entries.length === 0) break
          for (const [, value] of entries) visit(verified(value))
        }
        await iterator.close()
      },
      follow: () => {
        throw new Error('classic-level follows nothing')
      },
      settle: async () => {},
      close: () => db.close(),
    }
  },
}

/**
 * @param {number} log
 * @param {number} seq
 */
function recordKey(log, seq) {
  const key = Buffer.allocUnsafe(RECORD_KEY_BYTES)
  key[0] = RECORD
  key.writeUInt32BE(log, 1)
  key.writeUIntBE(seq, 5, 6)
  return key
}

/** @param {number} log */
function headKey(log) {
  const key = Buffer.allocUnsafe(5)
  key[0] = HEAD
  key.writeUInt32BE(log, 1)
  return key
}

/**
 * @param {number} log
 * @param {string} text
 */
function dedupeKey(log, text) {
  const head = headKey(log)
  head[0] = KEY
  return Buffer.concat([head, Buffer.from(text)])
}

/** @param {number} number */
function numberOf(number) {
  const value = Buffer.allocUnsafe(6)
  value.writeUIntBE(number, 0, 6)
  return value
}
