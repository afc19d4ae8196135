/**
 * The stores that are measured, each behind the same small interface (`OpenStore`), and what each can't do.
 *
 * @typedef {{ log: number, payload: Uint8Array, key?: string | undefined }} Part
 *
 * @typedef {'disk' | 'os'} Durability acknowledged once synced, or once the operating system has it
 *
 * @typedef {object} OpenStore logs are numbers from 0 on, sequences begin at 1
 * @property {(count: number) => Promise<unknown>} prepareLogs makes the logs 0 to `count` - 1
 * @property {(log: number, payload: Uint8Array, key?: string) => Promise<number>} append resolves with the sequence
 * @property {(parts: readonly Part[]) => Promise<readonly number[]>} appendMany all or nothing
 * @property {(log: number) => Promise<number> | number} tip
 * @property {(log: number, seq: number) => Promise<Uint8Array> | Uint8Array} get the payload, verified
 * @property {(log: number, limit: number, before?: number) => Promise<readonly Uint8Array[]> | readonly Uint8Array[]} page
 *   newest first
 * @property {(log: number, visit: (payload: Uint8Array) => void) => Promise<void> | void} scan all of a log, oldest first
 * @property {(log: number, after: number, onRecord: (seq: number) => void) => () => Promise<unknown>} follow gives a function that ends it
 * @property {() => Promise<unknown>} settle waits for what was put off
 * @property {() => Promise<unknown>} close
 *
 * @typedef {'disk' | 'manyLogs' | 'keys' | 'lookUps' | 'reopen' | 'follow'} Need
 *
 * @typedef {object} Store
 * @property {string} name
 * @property {readonly string[]} packages what has to be installed for it, in bench/ or with twinlog
 * @property {string} how how it is used
 * @property {Readonly<Partial<Record<Need, string>>>} lacks what it can't do, and why
 * @property {(directory: string, options: { durability: Durability }) => Promise<OpenStore>} open
 */
import { bareFile } from './bare-file.mjs'
import { betterSqlite3 } from './better-sqlite3.mjs'
import { classicLevel } from './classic-level.mjs'
import { hypercore } from './hypercore.mjs'
import { lmdb } from './lmdb.mjs'
import { twinlog } from './twinlog.mjs'

/** twinlog first, the limit last. @type {readonly Store[]} */
export const stores = [twinlog, classicLevel, lmdb, betterSqlite3, hypercore, bareFile]

/** @param {string} name */
export function storeNamed(name) {
  const store = stores.find(each => each.name === name)
  if (store === undefined) throw new Error(`there is no store ${name}: ${stores.map(each => each.name).join(', ')}`)
  return store
}
