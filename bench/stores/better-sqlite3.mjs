/** SQLite: a table of records with an index on (log, sequence), which its documentation advises for rows of this size. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { verified } from './checked.mjs'
import { GroupCommit } from './group-commit.mjs'
import { load } from './packages.mjs'
import { Sequencer } from './sequencer.mjs'

/**
 * What is used of it.
 * @typedef {object} Statement
 * @property {(...values: unknown[]) => unknown} run
 * @property {(...values: unknown[]) => unknown} get
 * @property {(...values: unknown[]) => readonly Uint8Array[]} all
 * @property {(...values: unknown[]) => Iterable<Uint8Array>} iterate
 * @property {() => Statement} pluck
 *
 * @typedef {object} Database
 * @property {(text: string) => unknown} pragma
 * @property {(text: string) => unknown} exec
 * @property {(text: string) => Statement} prepare
 * @property {<Rows>(run: (rows: Rows) => void) => (rows: Rows) => void} transaction
 * @property {() => void} close
 *
 * @typedef {{ default: new (path: string) => Database }} BetterSqlite3
 * @typedef {import('./sequencer.mjs').Row} Row
 */

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (log INTEGER NOT NULL, seq INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS places ON records (log, seq);
  CREATE TABLE IF NOT EXISTS keys (log INTEGER, key TEXT, seq INTEGER NOT NULL, PRIMARY KEY (log, key)) WITHOUT ROWID;
`

/** @type {import('./all.mjs').Store} */
export const betterSqlite3 = {
  name: 'better-sqlite3',
  packages: ['better-sqlite3'],
  how: 'WAL, `synchronous = FULL` (`NORMAL` where buffered), prepared statements, one transaction for each group',
  lacks: { follow: 'it does not tell of new records' },
  open: async (directory, { durability }) => {
    const { default: Database } = /** @type {BetterSqlite3} */ (await load('better-sqlite3'))
    mkdirSync(directory, { recursive: true })
    const db = new Database(join(directory, 'records.sqlite'))
    db.pragma('journal_mode = WAL')
    db.pragma(`synchronous = ${durability === 'disk' ? 'FULL' : 'NORMAL'}`)
    db.exec(SCHEMA)
    const insert = db.prepare('INSERT INTO records (log, seq, value) VALUES (?, ?, ?)')
    const insertKey = db.prepare('INSERT INTO keys (log, key, seq) VALUES (?, ?, ?)')
    const selectTip = db.prepare('SELECT max(seq) FROM records WHERE log = ?').pluck()
    const selectKey = db.prepare('SELECT seq FROM keys WHERE log = ? AND key = ?').pluck()
    const selectOne = db.prepare('SELECT value FROM records WHERE log = ? AND seq = ?').pluck()
    const page = 'SELECT value FROM records WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?'
    const selectPage = db.prepare(page).pluck()
    const selectAll = db.prepare('SELECT value FROM records WHERE log = ? ORDER BY seq').pluck()
    /** @type {GroupCommit<Row>} */
    const group = new GroupCommit(
      db.transaction((/** @type {readonly Row[]} */ rows) => {
        for (const { log, seq, value, key } of rows) {
          insert.run(log, seq, value)
          if (key !== undefined) insertKey.run(log, key, seq)
        }
      }),
    )
    const sequencer = new Sequencer({
      write: rows => group.add(rows),
      tipOf: log => Number(selectTip.get(log) ?? 0),
      find: (log, key) => /** @type {number | undefined} */ (selectKey.get(log, key)),
    })
    return {
      prepareLogs: async () => {},
      append: (log, payload, key) => sequencer.append(log, payload, key),
      appendMany: parts => sequencer.appendMany(parts),
      tip: log => sequencer.tip(log),
      get: (log, seq) => verified(/** @type {Uint8Array | undefined} */ (selectOne.get(log, seq))),
      page: (log, limit, before = Number.MAX_SAFE_INTEGER) => selectPage.all(log, before, limit).map(verified),
      scan: (log, visit) => {
        for (const value of selectAll.iterate(log)) visit(verified(value))
      },
      follow: () => {
        throw new Error('better-sqlite3 follows nothing')
      },
      settle: async () => {},
      close: async () => db.close(),
    }
  },
}
